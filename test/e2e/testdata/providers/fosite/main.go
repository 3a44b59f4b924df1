// Command fosite is an OpenID provider made of github.com/ory/fosite, as Ory Hydra is:
// one client with a secret and one without, one user who is logged in without a form.
//
// Its arguments are the scopes of the API. It prints its issuer identifier and serves
// until its standard input ends.
package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/go-jose/go-jose/v3"
	"github.com/mohae/deepcopy"
	"github.com/ory/fosite"
	"github.com/ory/fosite/compose"
	"github.com/ory/fosite/handler/openid"
	"github.com/ory/fosite/storage"
	"github.com/ory/fosite/token/jwt"
	"golang.org/x/crypto/bcrypt"
)

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fail(err)
	}
	p, err := newProvider("http://" + listener.Addr().String() + "/")
	if err != nil {
		fail(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", p.discovery)
	mux.HandleFunc("GET /jwks", p.keys)
	mux.HandleFunc("GET /authorize", p.authorize)
	mux.HandleFunc("POST /token", p.token)
	go func() { fail(http.Serve(listener, mux)) }()
	fmt.Println(p.issuer)
	io.Copy(io.Discard, os.Stdin)
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "fosite:", err)
	os.Exit(1)
}

type provider struct {
	fosite.OAuth2Provider
	issuer    string
	published jose.JSONWebKeySet
}

func newProvider(issuer string) (*provider, error) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	secret, err := bcrypt.GenerateFromPassword([]byte("secret"), bcrypt.MinCost)
	if err != nil {
		return nil, err
	}
	config := &fosite.Config{
		AccessTokenIssuer: issuer,
		IDTokenIssuer:     issuer,
		GlobalSecret:      []byte("a secret of at least 32 characters"),

		EnforcePKCEForPublicClients: true,
	}
	store := storage.NewMemoryStore()
	store.Clients["app"] = &fosite.DefaultClient{
		ID:            "app",
		Secret:        secret,
		RedirectURIs:  []string{"http://127.0.0.1/callback"},
		ResponseTypes: []string{"code"},
		GrantTypes:    []string{"authorization_code", "client_credentials"},
		Scopes:        append([]string{"openid"}, os.Args[1:]...),
		Audience:      []string{"https://account-api.example", "https://another-api.example", "app"},
	}
	native := *store.Clients["app"].(*fosite.DefaultClient)
	native.ID, native.Secret, native.Public, native.GrantTypes = "native", nil, true, []string{"authorization_code"}
	store.Clients["native"] = &native
	hmac := compose.NewOAuth2HMACStrategy(config)
	key := func(context.Context) (any, error) { return private, nil }
	return &provider{
		OAuth2Provider: compose.Compose(config, store,
			&compose.CommonStrategy{
				CoreStrategy:               compose.NewOAuth2JWTStrategy(key, hmac, config),
				OpenIDConnectTokenStrategy: compose.NewOpenIDConnectStrategy(key, config),
			},
			compose.OAuth2ClientCredentialsGrantFactory,
			compose.OAuth2AuthorizeExplicitFactory,
			compose.OpenIDConnectExplicitFactory,
			compose.OAuth2PKCEFactory,
		),
		issuer: issuer,
		published: jose.JSONWebKeySet{Keys: []jose.JSONWebKey{
			{Key: other.Public(), KeyID: "next", Use: "sig", Algorithm: "ES256"},
			{Key: private.Public(), KeyID: "current", Use: "sig", Algorithm: "RS256"},
		}},
	}, nil
}

func (p *provider) discovery(w http.ResponseWriter, _ *http.Request) {
	json.NewEncoder(w).Encode(map[string]string{
		"issuer":                 p.issuer,
		"authorization_endpoint": p.issuer + "authorize",
		"token_endpoint":         p.issuer + "token",
		"jwks_uri":               p.issuer + "jwks",
	})
}

func (p *provider) keys(w http.ResponseWriter, _ *http.Request) {
	json.NewEncoder(w).Encode(p.published)
}

func (p *provider) authorize(w http.ResponseWriter, r *http.Request) {
	request, err := p.NewAuthorizeRequest(r.Context(), r)
	if err != nil {
		p.WriteAuthorizeError(r.Context(), w, request, err)
		return
	}
	grant(request)
	response, err := p.NewAuthorizeResponse(r.Context(), request, newSession("user-1"))
	if err != nil {
		p.WriteAuthorizeError(r.Context(), w, request, err)
		return
	}
	p.WriteAuthorizeResponse(r.Context(), w, request, response)
}

func (p *provider) token(w http.ResponseWriter, r *http.Request) {
	request, err := p.NewAccessRequest(r.Context(), r, newSession("app"))
	if err != nil {
		p.WriteAccessError(r.Context(), w, request, err)
		return
	}
	if request.GetGrantTypes().ExactOne("client_credentials") {
		grant(request) // a code has its grants from authorize
	}
	response, err := p.NewAccessResponse(r.Context(), request)
	if err != nil {
		p.WriteAccessError(r.Context(), w, request, err)
		return
	}
	p.WriteAccessResponse(r.Context(), w, request, response)
}

// grant grants all that the client requests.
func grant(request fosite.Requester) {
	for _, scope := range request.GetRequestedScopes() {
		request.GrantScope(scope)
	}
	for _, audience := range request.GetRequestedAudience() {
		request.GrantAudience(audience)
	}
}

// session holds what both kinds of token say: fosite has one type for each.
type session struct {
	*openid.DefaultSession
	AccessToken *jwt.JWTClaims
}

func newSession(subject string) *session {
	id := openid.NewDefaultSession()
	id.Subject = subject
	id.Claims.Subject = subject
	id.Claims.AuthTime = time.Now()
	id.Headers = &jwt.Headers{Extra: map[string]any{"kid": "current"}}
	return &session{id, &jwt.JWTClaims{Subject: subject}}
}

func (s *session) GetJWTClaims() jwt.JWTClaimsContainer { return s.AccessToken }
func (s *session) GetJWTHeader() *jwt.Headers           { return s.Headers }
func (s *session) Clone() fosite.Session                { return deepcopy.Copy(s).(fosite.Session) }
