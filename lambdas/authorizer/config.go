package main

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"accountapi/lambdas/internal/jwks"
	"accountapi/lambdas/internal/jwt"
)

// config is the configuration that the environment holds. No setting has an empty value
// that turns a check off.
type config struct {
	issuer         string          // TOKEN_ISSUER, required: the exact value of iss
	audiences      []string        // AUDIENCE, required: one or several
	jwksURI        string          // JWKS_URI, required: where the issuer publishes its keys
	provider       jwt.Provider    // PROVIDER, default auth0
	algorithms     jwks.Algorithms // ALGORITHMS, default RS256: the allowlist
	requiredScopes []string        // REQUIRED_SCOPES, default none: what the whole API demands
	clockSkew      time.Duration   // CLOCK_SKEW_SECONDS, 0 to 120, default 30
	caBundle       []byte          // CA_BUNDLE, default none: the file that it names
	namespace      string          // METRICS_NAMESPACE, default Authorizer: where CloudWatch has the metrics
}

// loadConfig reads the configuration. Its error names every mistake, one per line. Lists
// are separated by spaces or commas.
func loadConfig(getenv func(string) string) (config, error) {
	var c config
	var problems []error
	problem := func(format string, args ...any) {
		problems = append(problems, fmt.Errorf(format, args...))
	}
	list := func(name string) []string {
		return strings.FieldsFunc(getenv(name), func(r rune) bool { return r == ' ' || r == ',' })
	}

	for _, setting := range []struct {
		name  string
		value *string
	}{{"TOKEN_ISSUER", &c.issuer}, {"JWKS_URI", &c.jwksURI}} {
		*setting.value = getenv(setting.name)
		if err := secureURL(*setting.value); err != nil {
			problem("%s %w", setting.name, err)
		}
	}

	if c.audiences = list("AUDIENCE"); len(c.audiences) == 0 {
		problem("AUDIENCE is missing: set it to the identifier of this API at the issuer")
	}

	name := getenv("PROVIDER")
	if name == "" {
		name = "auth0"
	}
	var known bool
	if c.provider, known = jwt.ProviderNamed(name); !known {
		problem("PROVIDER %q is unknown: use one of auth0, rfc9068, cognito, entra, okta", name)
	}

	names := list("ALGORITHMS")
	if len(names) == 0 {
		names = []string{"RS256"}
	}
	for _, name := range names {
		if a := jwks.Supported().Named(name); a != nil {
			c.algorithms = append(c.algorithms, a)
		} else {
			problem("ALGORITHMS %q is unknown: use RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512 or EdDSA", name)
		}
	}

	var err error
	if c.caBundle, err = readCABundle(getenv); err != nil {
		problems = append(problems, err)
	}

	c.requiredScopes = list("REQUIRED_SCOPES")
	if c.namespace = getenv("METRICS_NAMESPACE"); c.namespace == "" {
		c.namespace = "Authorizer"
	}

	c.clockSkew = 30 * time.Second
	if value := getenv("CLOCK_SKEW_SECONDS"); value != "" {
		seconds, err := strconv.Atoi(value)
		if err != nil || seconds < 0 || seconds > 120 {
			problem("CLOCK_SKEW_SECONDS %q is not a whole number from 0 to 120", value)
		}
		c.clockSkew = time.Duration(seconds) * time.Second
	}
	return c, errors.Join(problems...)
}

// secureURL returns an error for a URL from which keys must not be fetched: only https is
// allowed, and http for a loopback address, because that traffic leaves no machine.
func secureURL(s string) error {
	if s == "" {
		return errors.New("is missing: set it to a URL such as https://TENANT.eu.auth0.com/")
	}
	u, err := url.Parse(s)
	switch {
	case strings.TrimSpace(s) != s:
		return fmt.Errorf("%q has a blank at its beginning or end", s)
	case err != nil:
		return fmt.Errorf("%q is not a URL", s)
	case u.Host == "" || u.User != nil || u.Fragment != "":
		return fmt.Errorf("%q is not a URL with a host and without user or fragment", u.Redacted())
	case u.Scheme == "https":
		return nil
	case u.Scheme == "http" && (u.Hostname() == "localhost" || net.ParseIP(u.Hostname()).IsLoopback()):
		return nil
	default:
		return fmt.Errorf("%q must begin with https:// (plain http is for a loopback address only)", s)
	}
}
