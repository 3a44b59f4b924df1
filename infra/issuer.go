package main

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// providers maps each supported provider to the URL of its JWK Set. An empty result means
// that the provider has no convention for this issuer.
var providers = map[string]func(issuer string) string{
	"auth0":   func(issuer string) string { return strings.TrimSuffix(issuer, "/") + "/.well-known/jwks.json" },
	"cognito": func(issuer string) string { return issuer + "/.well-known/jwks.json" },
	"okta":    func(issuer string) string { return issuer + "/v1/keys" },
	"entra": func(issuer string) string {
		if tenant, ok := strings.CutSuffix(issuer, "/v2.0"); ok {
			return tenant + "/discovery/v2.0/keys"
		}
		return "" // the URL cannot be derived from a v1.0 issuer, https://sts.windows.net/TENANT/
	},
	"rfc9068": func(string) string { return "" },
}

// parseIssuer reads issuer, provider and jwksUri, which depend on each other.
func (s *settings) parseIssuer(cfg *Config) {
	names := slices.Sorted(maps.Keys(providers))
	cfg.Provider = s.text("provider", "auth0")
	keysAt, known := providers[cfg.Provider]
	if !known {
		s.problem("provider", "%q is not supported: choose from %s", cfg.Provider, strings.Join(names, " "))
	}
	cfg.JWKSURI = s.text("jwksUri", "")
	if cfg.JWKSURI != "" {
		// A query is allowed here: Entra and Azure AD B2C publish keys under one.
		if problem := urlProblem(cfg.JWKSURI, true); problem != "" {
			s.problem("jwksUri", "%s: use the jwks_uri of the issuer's discovery document", problem)
		}
	}

	cfg.Issuer = s.text("issuer", "")
	switch problem := urlProblem(cfg.Issuer, false); {
	case s.reported["issuer"]:
		return
	case cfg.Issuer == "":
		s.problem("issuer", "is missing: set it to the issuer whose tokens are trusted, "+
			"for example -c issuer=https://TENANT.eu.auth0.com/")
		return
	case problem != "":
		s.problem("issuer", "%s: use the issuer of the discovery document, "+
			"for example -c issuer=https://TENANT.eu.auth0.com/", problem)
		return
	}
	if want := conventionalIssuer(cfg, s.text("provider", "") != ""); want != cfg.Issuer {
		s.problem("issuer", "%q is not the iss of the tokens of provider %s: use -c issuer=%s, "+
			"or set another -c provider (%s)", cfg.Issuer, cfg.Provider, want, strings.Join(names, " "))
		return
	}
	if cfg.JWKSURI == "" && known {
		if cfg.JWKSURI = keysAt(cfg.Issuer); cfg.JWKSURI == "" {
			s.problem("jwksUri", "is missing, and provider %s has no convention for %s: "+
				"use the jwks_uri of its discovery document, for example -c jwksUri=https://ISSUER/jwks.json",
				cfg.Provider, cfg.Issuer)
		}
	}
}

// conventionalIssuer returns the form in which the provider writes this issuer into its
// tokens. The authorizer compares byte for byte, so with a missing or an extra slash it
// would refuse every token. If jwksUri is set and provider is not, only an issuer on
// Auth0's domain must have Auth0's form.
func conventionalIssuer(cfg *Config, providerGiven bool) string {
	u, err := url.Parse(cfg.Issuer)
	if err != nil {
		return cfg.Issuer
	}
	switch {
	case cfg.Provider == "auth0" && (providerGiven || cfg.JWKSURI == "" || strings.HasSuffix(u.Hostname(), ".auth0.com")):
		return u.Scheme + "://" + u.Host + "/" // also for a custom domain
	case cfg.Provider == "cognito", cfg.Provider == "okta":
		return strings.TrimRight(cfg.Issuer, "/")
	}
	return cfg.Issuer
}

// urlProblem returns why text is not an https URL, or "" if it is one. It does not repeat
// a password in the URL.
func urlProblem(text string, query bool) string {
	u, err := url.Parse(text)
	if err != nil || strings.ContainsAny(text, " \t\r\n") {
		return "is not a URL"
	}
	shown := u.Redacted()
	switch {
	case u.Scheme != "https":
		return fmt.Sprintf("%q does not start with https://", shown)
	case u.Hostname() == "":
		return fmt.Sprintf("%q has no host", shown)
	case u.User != nil:
		return fmt.Sprintf("%q contains a user name", shown)
	case strings.Contains(text, "#"):
		return fmt.Sprintf("%q has a fragment", shown)
	case !query && strings.Contains(text, "?"):
		return fmt.Sprintf("%q has a query", shown)
	}
	return ""
}
