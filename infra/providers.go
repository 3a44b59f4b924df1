package main

import (
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// providers maps each supported provider to the URL of its JWK Set. An empty result means
// that the provider has no convention for this issuer.
var providers = map[string]func(issuer string) string{
	"auth0":   below("/.well-known/jwks.json"),
	"clerk":   below("/.well-known/jwks.json"), // Clerk: "Manual JWT verification"
	"cognito": below("/.well-known/jwks.json"),
	"duende":  below("/.well-known/openid-configuration/jwks"), // Duende: "Discovery Endpoint"
	"entra": func(issuer string) string {
		if tenant, ok := strings.CutSuffix(issuer, "/v2.0"); ok {
			return tenant + "/discovery/v2.0/keys"
		}
		return "" // the URL cannot be derived from a v1.0 issuer, https://sts.windows.net/TENANT/
	},
	"keycloak": below("/protocol/openid-connect/certs"),
	"okta":     below("/v1/keys"),
	"rfc9068":  func(string) string { return "" },
	"workos": func(issuer string) string { // WorkOS: "Session tokens"
		if client := workOSClient.FindStringSubmatch(issuer); client != nil && hostOf(issuer) == "api.workos.com" {
			return "https://api.workos.com/sso/jwks/" + client[1]
		}
		return "" // with a custom domain the keys may be at another URL
	},
}

// allTenants matches URLs of Entra for all tenants, which are never the iss of a token.
var allTenants = regexp.MustCompile(`^https://login\.microsoftonline\.com/(common|organizations|consumers)/`)

// below returns the URL of a path below the issuer.
func below(path string) func(issuer string) string {
	return func(issuer string) string { return strings.TrimSuffix(issuer, "/") + path }
}

// workOSClient matches an issuer of WorkOS that ends in the ID of a client. Tokens of
// such an issuer have no aud for this client.
var workOSClient = regexp.MustCompile(`/(client_[^/]+)/?$`)

// providerNames returns the names of the providers, for messages.
func providerNames() string { return strings.Join(slices.Sorted(maps.Keys(providers)), " ") }

// conventionalIssuer returns the form in which the provider writes this issuer into its
// tokens. The authorizer compares byte for byte, so with a missing or an extra slash it
// would refuse every token. If jwksUri is set and provider is not, only an issuer on
// Auth0's domain must have Auth0's form.
func conventionalIssuer(i issuer, providerGiven bool) string {
	host := hostOf(i.Issuer)
	https := strings.HasPrefix(i.Issuer, "https://")
	switch {
	case host == "":
	case i.Provider == "auth0" &&
		(providerGiven || https && i.JWKSURI == "" || strings.HasSuffix(host, ".auth0.com")):
		return "https://" + host + "/" // also for a custom domain
	case i.Provider == "clerk", i.Provider == "cognito", i.Provider == "keycloak", i.Provider == "okta",
		i.Provider == "workos" && workOSClient.MatchString(i.Issuer):
		return strings.TrimRight(i.Issuer, "/")
	}
	return i.Issuer
}

// hostOf returns the host of an issuer, with its port, also if https:// is missing.
func hostOf(issuer string) string {
	if !strings.Contains(issuer, "://") {
		issuer = "https://" + issuer
	}
	u, err := url.Parse(issuer)
	if err != nil {
		return ""
	}
	return u.Host
}

// checkAudience checks the audience, which is in another claim than aud with some
// providers.
func (s *settings) checkAudience(i issuer) {
	client := ""
	if found := workOSClient.FindStringSubmatch(i.Issuer); i.Provider == "workos" && found != nil {
		client = found[1]
	}
	switch {
	case s.reported["audience"]:
		return
	case len(i.Audience) == 0 && client != "":
		s.problem("audience", "is missing: set it to the client whose tokens are meant for this API, %s",
			s.assign("audience", client))
		return
	case len(i.Audience) == 0 && i.Provider == "clerk":
		s.problem("audience", "is missing: set it to the origin of the front end, for example %s",
			s.assign("audience", "https://app.example.com"))
		return
	case len(i.Audience) == 0:
		s.problem("audience", "is missing: set it to the API that tokens must be issued for, for example %s",
			s.assign("audience", "https://api.example.com"))
		return
	}
	for _, audience := range i.Audience {
		switch {
		case i.Provider == "clerk":
			if problem := originProblem(audience); problem != "" {
				s.problem("audience", "%s: tokens of Clerk have the origin of the front end in azp", problem)
			}
		case i.Provider != "workos" || !strings.HasPrefix(audience, "client_") || i.Issuer == "":
		case client == "":
			s.problem("audience", "%q is the ID of a client, which the issuer %s does not end in: "+
				"add aud to the JWT template at WorkOS, and set audience to its value", audience, i.Issuer)
		case audience != client:
			s.problem("audience", "%q is another client than the one that the issuer ends in: use %s",
				audience, s.assign("audience", client))
		}
	}
}
