// Command zitadel is an OpenID provider made of github.com/zitadel/oidc, with the storage
// of that library's own example: one client with a secret and one without, one user who is
// logged in without a form.
//
// Its arguments are the scopes of the API. It prints its issuer identifier and serves
// until its standard input ends.
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"

	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fail(err)
	}
	issuer := "http://" + listener.Addr().String()
	storage.RegisterClients(storage.WebClient("app", "secret", "http://127.0.0.1/callback"),
		storage.NativeClient("native", "http://127.0.0.1/callback"))
	tenant := tenant{storage.NewStorage(storage.NewUserStore(issuer))}
	scopes := append([]string{oidc.ScopeOpenID}, os.Args[1:]...)
	provider, err := op.NewProvider(&op.Config{SupportedScopes: scopes, CodeMethodS256: true}, tenant,
		op.StaticIssuer(issuer), op.WithAllowInsecure(), op.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		fail(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/", provider)
	mux.HandleFunc("GET /login", func(w http.ResponseWriter, r *http.Request) {
		request := r.FormValue("id")
		if err := tenant.CheckUsernamePassword("test-user@127.0.0.1", "verysecure", request); err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
			return
		}
		callback := op.AuthCallbackURL(provider)(op.ContextWithIssuer(r.Context(), issuer), request)
		http.Redirect(w, r, callback, http.StatusFound)
	})
	go func() { fail(http.Serve(listener, mux)) }()
	fmt.Println(issuer)
	io.Copy(io.Discard, os.Stdin)
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "zitadel:", err)
	os.Exit(1)
}

// tenant is what an operator decides: JWT access tokens, with audience and scope.
type tenant struct{ *storage.Storage }

func (t tenant) GetClientByClientID(ctx context.Context, id string) (op.Client, error) {
	known, err := t.Storage.GetClientByClientID(ctx, id)
	return client{known}, err
}

func (t tenant) ClientCredentials(ctx context.Context, id, secret string) (op.Client, error) {
	if err := t.AuthorizeClientIDSecret(ctx, id, secret); err != nil {
		return nil, err
	}
	return t.GetClientByClientID(ctx, id)
}

// ClientCredentialsTokenRequest takes the audience from a scope, as Zitadel does, because
// a client credentials request has no parameter for it.
func (t tenant) ClientCredentialsTokenRequest(_ context.Context, id string, scopes []string) (op.TokenRequest, error) {
	request := &oidc.JWTTokenRequest{Subject: id}
	for _, scope := range scopes {
		if audience, ok := strings.CutPrefix(scope, "urn:zitadel:iam:org:project:id:"); ok {
			request.Audience = append(request.Audience, strings.TrimSuffix(audience, ":aud"))
		} else {
			request.Scopes = append(request.Scopes, scope)
		}
	}
	return request, nil
}

func (t tenant) GetPrivateClaimsFromScopes(_ context.Context, _, _ string, scopes []string) (map[string]any, error) {
	return map[string]any{"scope": strings.Join(scopes, " ")}, nil
}

type client struct{ op.Client }

func (client) AccessTokenType() op.AccessTokenType { return op.AccessTokenTypeJWT }
func (client) IsScopeAllowed(string) bool          { return true }
func (client) LoginURL(request string) string      { return "/login?id=" + request }

func (client) GrantTypes() []oidc.GrantType {
	return []oidc.GrantType{oidc.GrantTypeCode, oidc.GrantTypeClientCredentials}
}
