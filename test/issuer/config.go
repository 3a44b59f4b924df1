package issuer

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
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

// complete returns the configuration with its defaults, or an error that reports every
// mistake in it.
func (config Config) complete() (Config, error) {
	config.Provider = cmp.Or(config.Provider, "auth0")
	provider, known := providerDefaults[config.Provider]
	config.Audience = cmp.Or(config.Audience, provider.audience, DefaultAudience)
	config.ClientID = cmp.Or(config.ClientID, provider.clientID, DefaultClientID)
	config.ClientSecret = cmp.Or(config.ClientSecret, DefaultClientSecret)
	config.Lifetime = cmp.Or(config.Lifetime, 24*time.Hour)
	config.CacheControl = cmp.Or(config.CacheControl,
		"public, max-age=15, stale-while-revalidate=15, stale-if-error=86400")
	if config.Scopes == nil {
		config.Scopes = []string{"read:things"}
	}
	if len(config.Algorithms) == 0 {
		config.Algorithms = []string{"RS256"}
	}
	if config.Now == nil {
		config.Now = time.Now
	}

	mistakes := []error{checkURL(config.URL), checkScopes(config.Scopes)}
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
	if config.Lifetime < time.Second {
		mistakes = append(mistakes, fmt.Errorf("lifetime %s: want at least one second", config.Lifetime))
	}
	if err := errors.Join(mistakes...); err != nil {
		return config, fmt.Errorf("issuer config: %w", err)
	}
	return config, nil
}

func checkURL(identifier string) error {
	u, err := url.Parse(identifier)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil ||
		strings.Trim(u.Path, "/") != "" || strings.ContainsAny(identifier, "?#") {
		return fmt.Errorf("url %q: want an http or https URL without a path, such as http://127.0.0.1:3001/", identifier)
	}
	return nil
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
