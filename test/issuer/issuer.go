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
// It imitates other providers than Auth0 too ([Config].Provider, [Kind]). It asks nobody
// to log in: everybody is the same user. It keeps no state on disk.
package issuer

import (
	"cmp"
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

// Config configures an issuer. Every field except URL has a default, so Config{} is
// enough for Start.
type Config struct {
	// URL is where the issuer is served. With most providers it is the issuer identifier
	// too: the iss claim of every token and the issuer of the discovery document, byte
	// for byte; others add a path, see [Issuer.URL]. Auth0's ends in a slash, for example
	// "http://127.0.0.1:3001/". It is an absolute http or https URL without path, query
	// or fragment. New requires it; Start takes it from the address it listens on when it
	// is empty.
	URL string

	// Provider is the one whose tokens are imitated: one of [Providers]. Default: auth0.
	Provider string

	// Audience is the API's identifier: the aud claim unless another one is asked for,
	// and the only audience that the token endpoint accepts. Default: DefaultAudience, or
	// what fits the provider.
	Audience string

	// Scopes are the API's permissions, all of them granted to the client. Default:
	// "read:things".
	Scopes []string

	// ClientID and ClientSecret are what the token endpoint accepts. Defaults:
	// DefaultClientID, or what fits the provider, and DefaultClientSecret.
	ClientID, ClientSecret string

	// Lifetime is how long a token is valid. Default: 24 hours, as for a new Auth0 API.
	Lifetime time.Duration

	// Algorithms are the signature algorithms. Each has its own key; the first one signs
	// by default. Supported are RS256 to RS512, PS256 to PS512, ES256 to ES512, EdDSA (with
	// Ed25519) and Ed25519. Default: RS256.
	Algorithms []string

	// CacheControl is the Cache-Control header of the discovery document and the JWK Set.
	// Default: what Auth0 sends.
	CacheControl string

	// Now is the clock of iat, nbf and exp. Default: time.Now.
	Now func() time.Time

	// Routes returns the routes that the API console offers. It is called for every request
	// of the page, because they may change. Default: none, the user types the path.
	Routes func() []Route

	// Explain returns what the API has logged about its last request. Default: none, the
	// API console does not show why a token was refused.
	Explain func() Explanation
}

// The defaults of Config that a caller may need. The client secret is not secret: it is
// in this public source.
const (
	DefaultAudience     = "https://account-api.example.com/"
	DefaultClientID     = "local-client"
	DefaultClientSecret = "local-client-secret"
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
	if config.Provider == "" {
		config.Provider = "auth0"
	}
	provider, known := providerDefaults[config.Provider]
	if config.Audience == "" {
		config.Audience = cmp.Or(provider.audience, DefaultAudience)
	}
	if config.Scopes == nil {
		config.Scopes = []string{"read:things"}
	}
	if config.ClientID == "" {
		config.ClientID = cmp.Or(provider.clientID, DefaultClientID)
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
	if !known {
		mistakes = append(mistakes, fmt.Errorf("provider %q: unknown, want one of %s",
			config.Provider, strings.Join(Providers(), ", ")))
	}
	for _, algorithm := range config.Algorithms {
		if !slices.Contains(algorithms, algorithm) {
			mistakes = append(mistakes, fmt.Errorf("algorithm %q: unknown, want one of %s",
				algorithm, strings.Join(algorithms, ", ")))
		}
	}
	mistakes = append(mistakes, checkScopes(config.Scopes))
	if config.Lifetime < time.Second {
		mistakes = append(mistakes, fmt.Errorf("lifetime %s: want at least one second", config.Lifetime))
	}
	if err := errors.Join(mistakes...); err != nil {
		return nil, fmt.Errorf("issuer config: %w", err)
	}

	i := &Issuer{config: config, identifier: config.URL, mux: http.NewServeMux(),
		strays: map[string]*key{}, codes: map[string]code{}, scopes: config.Scopes}
	if provider.path != "" {
		i.identifier = i.at(provider.path)
		i.mux.HandleFunc("GET "+provider.path+discoveryPath, i.serveDiscovery)
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

func checkURL(identifier string) error {
	u, err := url.Parse(identifier)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil ||
		strings.Trim(u.Path, "/") != "" || strings.ContainsAny(identifier, "?#") {
		return fmt.Errorf("url %q: want an http or https URL without a path, such as http://127.0.0.1:3001/", identifier)
	}
	return nil
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

func checkScopes(scopes []string) error {
	var mistakes []error
	for _, scope := range scopes {
		if !isScope(scope) {
			mistakes = append(mistakes, fmt.Errorf(
				"scope %q: want printable ASCII without space, quote or backslash (RFC 6749 section 3.3)", scope))
		}
	}
	return errors.Join(mistakes...)
}

// isScope reports whether scope is a scope-token of RFC 6749 section 3.3.
func isScope(scope string) bool {
	return scope != "" && !strings.ContainsFunc(scope, func(r rune) bool {
		return r <= ' ' || r > '~' || r == '"' || r == '\\'
	})
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
