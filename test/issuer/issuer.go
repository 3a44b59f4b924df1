// Package issuer is a local OpenID issuer that stands in for an Auth0 tenant: a discovery document, a JWK Set, a token
// endpoint, and a front page, the Test tab, to try an API with tokens good and bad.
//
// It is a test double, NOT FOR PRODUCTION. Its client secret is public, its keys live as long as the process, whoever
// reaches its port gets any token they ask for, and it breaks on request: tokens that must be refused (TokenFault), a key
// endpoint that hangs, lies or dies (EndpointFault), keys rotated or withdrawn at any moment. Start therefore listens on
// loopback only.
//
// It signs and publishes with go-jose and golang-jwt on purpose: the authorizer under test verifies with another library,
// so no bug can hide by being on both sides.
//
// What it does not do: log people in (there is no /authorize), issue ID or refresh tokens, keep state on disk.
package issuer

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// Config says who the issuer claims to be. Every field but URL has a default, so Config{} is enough for Start.
type Config struct {
	// URL is the issuer identifier: the iss claim of every token and the issuer of the discovery document, byte for byte.
	// Auth0's ends in a slash, for example "http://127.0.0.1:3001/". It is an absolute http or https URL without path,
	// query or fragment. New requires it; Start takes it from the address it listens on when it is empty.
	URL string

	// Audience is the API's identifier: the aud claim when nobody asks for another, and the only audience that the token
	// endpoint serves. Default: DefaultAudience.
	Audience string

	// Scopes are the API's permissions, all of them granted to the client. Default: "get:profile".
	Scopes []string

	// ClientID and ClientSecret are what the token endpoint accepts. Defaults: DefaultClientID, DefaultClientSecret.
	ClientID, ClientSecret string

	// Lifetime is how long a token is valid. Default: 24 hours, as for a new Auth0 API.
	Lifetime time.Duration

	// Algorithms are the signature algorithms, one key for each, the first one signing by default. Known are RS256 to
	// RS512, PS256 to PS512, ES256 to ES512 and EdDSA (Ed25519). Default: RS256.
	Algorithms []string

	// CacheControl is the Cache-Control header of the discovery document and the JWK Set. Default: what Auth0 sends.
	CacheControl string

	// Now is the clock of iat, nbf and exp. Default: time.Now.
	Now func() time.Time
}

// The defaults of Config that a caller may need to know. The secret is public, and so not one.
const (
	DefaultAudience     = "https://account-api.example.com/"
	DefaultClientID     = "local-client"
	DefaultClientSecret = "local-client-secret"
)

// The paths are Auth0's, so that a client configured for a tenant needs to change nothing but the host.
const (
	discoveryPath = "/.well-known/openid-configuration"
	jwksPath      = "/.well-known/jwks.json"
	tokenPath     = "/oauth/token"
	authorizePath = "/authorize"

	// Where EndpointFault Redirect leads. It answers with the good set, so a client that follows redirects shows itself.
	redirectedPath = "/redirected/jwks.json"
)

// Issuer is the issuer as an http.Handler, and the means to drive it: mint tokens, rotate keys, break things.
// All its methods may be called at the same time.
type Issuer struct {
	config Config
	mux    *http.ServeMux // the protocol
	tab    http.Handler   // the Test tab

	mu        sync.Mutex      // guards everything below
	published []*key          // what the JWK Set lists, oldest first
	signing   []*key          // one for each of config.Algorithms, same order; published too
	strays    map[string]*key // by algorithm: keys that no set ever lists, made when a fault first needs one
	document  []byte          // what the JWK Set endpoint answers instead of published; nil for published
	fault     EndpointFault
	fetches   int      // of the JWK Set
	api       *url.URL // what the Test tab calls; nil for nothing
}

// New makes an issuer with fresh keys, or reports every mistake in config at once.
func New(config Config) (*Issuer, error) {
	if config.Audience == "" {
		config.Audience = DefaultAudience
	}
	if config.Scopes == nil {
		config.Scopes = []string{"get:profile"}
	}
	if config.ClientID == "" {
		config.ClientID = DefaultClientID
	}
	if config.ClientSecret == "" {
		config.ClientSecret = DefaultClientSecret
	}
	if config.Lifetime == 0 {
		config.Lifetime = 24 * time.Hour
	}
	if len(config.Algorithms) == 0 {
		config.Algorithms = []string{"RS256"}
	}
	if config.CacheControl == "" {
		config.CacheControl = "public, max-age=15, stale-while-revalidate=15, stale-if-error=86400"
	}
	if config.Now == nil {
		config.Now = time.Now
	}

	var mistakes []error
	mistakes = append(mistakes, checkURL(config.URL))
	for _, algorithm := range config.Algorithms {
		if !slices.Contains(algorithms, algorithm) {
			mistakes = append(mistakes, fmt.Errorf("algorithm %q: unknown, want one of %s", algorithm, strings.Join(algorithms, ", ")))
		}
	}
	for _, scope := range config.Scopes {
		if !isScope(scope) {
			mistakes = append(mistakes, fmt.Errorf("scope %q: want printable ASCII without space, quote or backslash (RFC 6749 section 3.3)", scope))
		}
	}
	if config.Lifetime < time.Second {
		mistakes = append(mistakes, fmt.Errorf("lifetime %s: want at least one second", config.Lifetime))
	}
	if err := errors.Join(mistakes...); err != nil {
		return nil, fmt.Errorf("issuer config: %w", err)
	}

	i := &Issuer{config: config, mux: http.NewServeMux(), strays: map[string]*key{}}
	i.Rotate()

	i.tab = i.testTab()
	i.mux.HandleFunc("GET "+discoveryPath, i.serveDiscovery)
	i.mux.HandleFunc("GET "+jwksPath, i.serveJWKS)
	i.mux.HandleFunc("GET "+redirectedPath, i.serveRedirected)
	i.mux.HandleFunc("POST "+tokenPath, i.serveToken)
	i.mux.HandleFunc("GET "+authorizePath, i.serveAuthorize)
	return i, nil
}

func checkURL(identifier string) error {
	u, err := url.Parse(identifier)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || strings.Trim(u.Path, "/") != "" ||
		strings.ContainsAny(identifier, "?#") {
		return fmt.Errorf("url %q: want an http or https URL of a host alone, like \"http://127.0.0.1:3001/\"", identifier)
	}
	return nil
}

// isScope reports whether scope is a scope-token of RFC 6749 section 3.3.
func isScope(scope string) bool {
	return scope != "" && !strings.ContainsFunc(scope, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' })
}

// URL returns the issuer identifier: what a verifier must be configured to trust.
func (i *Issuer) URL() string { return i.config.URL }

// Audience returns the aud claim of the tokens, unless they were asked for another.
func (i *Issuer) Audience() string { return i.config.Audience }

// JWKSURL returns the address of the JWK Set, the jwks_uri of the discovery document.
func (i *Issuer) JWKSURL() string { return i.at(jwksPath) }

// TokenURL returns the address of the token endpoint.
func (i *Issuer) TokenURL() string { return i.at(tokenPath) }

func (i *Issuer) at(path string) string { return strings.TrimRight(i.config.URL, "/") + path }

// ServeHTTP serves the whole issuer; nothing below its root belongs to anybody else.
func (i *Issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/" || strings.HasPrefix(r.URL.Path, "/test/") {
		i.tab.ServeHTTP(w, r) // before any fault: an outage must be able to end
		return
	}
	if i.arrived(r) == Outage {
		panic(http.ErrAbortHandler) // net/http's way to close the connection without an answer
	}
	i.mux.ServeHTTP(w, r)
}

// serveDiscovery answers with the provider metadata of OpenID Connect Discovery 1.0 section 3, all that it requires and no more
// than is true here; only authorization_endpoint, which it requires too, leads nowhere.
func (i *Issuer) serveDiscovery(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Cache-Control", i.config.CacheControl)
	answer(w, http.StatusOK, map[string]any{
		"issuer":                                i.config.URL,
		"authorization_endpoint":                i.at(authorizePath),
		"token_endpoint":                        i.at(tokenPath),
		"jwks_uri":                              i.at(jwksPath),
		"response_types_supported":              []string{"code"},
		"subject_types_supported":               []string{"public"},
		"id_token_signing_alg_values_supported": i.config.Algorithms,
		"grant_types_supported":                 []string{"client_credentials"},
		"scopes_supported":                      i.config.Scopes,
		"token_endpoint_auth_methods_supported": []string{"client_secret_basic", "client_secret_post"},
	})
}

// serveAuthorize stands where discovery says that people log in, to tell whoever tries what to do instead.
func (i *Issuer) serveAuthorize(w http.ResponseWriter, _ *http.Request) {
	refuse(w, &oauthError{http.StatusNotImplemented, "unsupported_response_type",
		"this local issuer logs nobody in: get a token from " + i.at(tokenPath) + " or on the page at " + i.at("/")})
}

// answer writes body as JSON; it is a struct or map of strings and numbers, whose encoding cannot fail.
func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(body) // The client is gone: nobody is left to tell.
}
