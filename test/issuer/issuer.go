// Package issuer is a local OpenID issuer that replaces an Auth0 tenant in tests: a
// discovery document, a JWK Set, an authorization and a token endpoint, and a web page,
// the API console, to call an API with valid and invalid tokens.
//
// It is a test double, NOT FOR PRODUCTION. Its client secret is public, its keys exist as
// long as the process, it gives any token to everybody who can reach its port, and it
// fails on request: tokens that must be refused ([TokenFault]), a JWK Set endpoint that
// fails ([EndpointFault]), keys that are rotated or removed. Start therefore listens on
// loopback addresses only.
//
// It signs with golang-jwt and publishes keys with go-jose on purpose: the authorizer
// under test uses another library, so a bug in one library is not hidden by the same bug
// on the other side.
//
// It imitates other providers than Auth0 too ([Config].Provider, [Kind]). It has no
// login: everybody is the same user. It keeps no state on disk.
package issuer

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// The paths are Auth0's, so that in a client configured for a tenant only the host
// changes.
const (
	discoveryPath = "/.well-known/openid-configuration"
	jwksPath      = "/.well-known/jwks.json"
	tokenPath     = "/oauth/token"
	authorizePath = "/authorize"

	// The target of EndpointFault Redirect. It answers with the good set, so a client
	// that follows redirects is detected.
	redirectedPath = "/redirected/jwks.json"
)

// Issuer is the issuer as an http.Handler, with methods to create tokens, rotate keys and
// simulate faults. All methods are safe for concurrent use.
type Issuer struct {
	config     Config
	identifier string         // the iss claim
	mux        *http.ServeMux // the protocol
	console    http.Handler   // the API console

	mu        sync.Mutex      // guards everything below
	published []*key          // the keys of the JWK Set, oldest first
	signing   []*key          // one for each of config.Algorithms, in that order; also published
	strays    map[string]*key // by algorithm: keys that are never published, created when a fault first needs one
	document  []byte          // what the JWK Set endpoint answers instead of published; nil for published
	fault     EndpointFault
	fetches   int             // of the JWK Set
	api       *url.URL        // what the API console calls; nil for nothing
	scopes    []string        // of the API, at first config.Scopes
	codes     map[string]code // authorization codes that have not been used
}

// New returns an issuer with new keys, or an error that reports every mistake in config.
func New(config Config) (*Issuer, error) {
	config, err := config.complete()
	if err != nil {
		return nil, err
	}
	i := &Issuer{config: config, identifier: config.URL, mux: http.NewServeMux(),
		strays: map[string]*key{}, codes: map[string]code{}, scopes: config.Scopes}
	if path := providerDefaults[config.Provider].path; path != "" {
		i.identifier = i.at(path)
		i.mux.HandleFunc("GET "+path+discoveryPath, i.serveDiscovery)
	}
	i.Rotate()

	i.console = i.newConsole()
	i.mux.HandleFunc("GET "+discoveryPath, i.serveDiscovery)
	i.mux.HandleFunc("GET "+jwksPath, i.serveJWKS)
	i.mux.HandleFunc("GET "+redirectedPath, i.serveRedirected)
	i.mux.HandleFunc("POST "+tokenPath, i.serveToken)
	i.mux.HandleFunc("GET "+authorizePath, i.serveAuthorize)
	return i, nil
}

// SetScopes replaces the API's permissions, see [Config] Scopes.
func (i *Issuer) SetScopes(scopes []string) error {
	if err := checkScopes(scopes); err != nil {
		return err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.scopes = slices.Clone(scopes)
	return nil
}

// apiScopes returns the API's permissions.
func (i *Issuer) apiScopes() []string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.scopes
}

// URL returns the issuer identifier: what a verifier must be configured to trust. It is
// Config.URL, with a path if the identifiers of the provider have one.
func (i *Issuer) URL() string { return i.identifier }

// ConsoleURL returns the URL of the API console.
func (i *Issuer) ConsoleURL() string { return i.at("/") }

// Provider returns the provider whose tokens are imitated.
func (i *Issuer) Provider() string { return i.config.Provider }

// ClientID returns the ID of the client.
func (i *Issuer) ClientID() string { return i.config.ClientID }

// Audience returns the audience of tokens for which no other one was asked for.
func (i *Issuer) Audience() string { return i.config.Audience }

// JWKSURL returns the URL of the JWK Set, the jwks_uri of the discovery document.
func (i *Issuer) JWKSURL() string { return i.at(jwksPath) }

// TokenURL returns the URL of the token endpoint.
func (i *Issuer) TokenURL() string { return i.at(tokenPath) }

func (i *Issuer) at(path string) string { return strings.TrimRight(i.config.URL, "/") + path }

// ServeHTTP serves the protocol endpoints and the API console.
func (i *Issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/" || strings.HasPrefix(r.URL.Path, "/console/") {
		i.console.ServeHTTP(w, r) // not affected by faults, so that the page can end them
		return
	}
	if i.arrived(r) == Outage {
		panic(http.ErrAbortHandler) // closes the connection without an answer
	}
	i.mux.ServeHTTP(w, r)
}

// serveDiscovery answers with the provider metadata of OpenID Connect Discovery 1.0
// section 3: all that it requires, and what clients with PKCE look for (RFC 8414 section
// 2, RFC 9207 section 3).
func (i *Issuer) serveDiscovery(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Cache-Control", i.config.CacheControl)
	answer(w, http.StatusOK, map[string]any{
		"issuer":                                i.identifier,
		"authorization_endpoint":                i.at(authorizePath),
		"token_endpoint":                        i.at(tokenPath),
		"jwks_uri":                              i.at(jwksPath),
		"response_types_supported":              []string{"code"},
		"subject_types_supported":               []string{"public"},
		"id_token_signing_alg_values_supported": i.config.Algorithms,
		"grant_types_supported":                 []string{"authorization_code", "client_credentials"},
		"scopes_supported":                      i.apiScopes(),
		"token_endpoint_auth_methods_supported": []string{"client_secret_basic", "client_secret_post", "none"},
		"code_challenge_methods_supported":      []string{"S256"},

		"authorization_response_iss_parameter_supported": true,
	})
}

// answer writes body as JSON; it is a struct or map of strings and numbers, whose
// encoding cannot fail.
func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(body) // an error means that the client has disconnected
}
