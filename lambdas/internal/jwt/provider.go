package jwt

import "slices"

// Provider is what is special about the access tokens of one kind of issuer. The rules
// are the same for all; only the names of claims and the marks differ.
type Provider struct {
	name     string
	types    []string          // accepted typ, lower case, without "application/"; "" is none
	audience string            // the claim that names the API the token is for
	scope    []string          // claims that hold the scopes, the first present one counts
	clientID []string          // claims that hold the client, the first present one counts
	required []string          // claims that must be there
	client   bool              // a client must be named, as in no ID token of theirs
	marks    map[string]string // claims that must have this value
}

var providers = []Provider{
	{
		// Auth0, and most OpenID providers in their default settings.
		name:     "auth0",
		types:    []string{"jwt", "at+jwt", ""},
		audience: "aud",
		scope:    []string{"scope", "scp"},
		clientID: []string{"client_id", "azp"},
	},
	{
		// RFC 9068 section 2: JSON Web Token (JWT) Profile for OAuth 2.0 Access Tokens.
		name:     "rfc9068",
		types:    []string{"at+jwt"},
		audience: "aud",
		scope:    []string{"scope"},
		clientID: []string{"client_id"},
		required: []string{"iat", "jti"},
		client:   true,
	},
	{
		// Amazon Cognito: an access token has no aud, unless a resource was asked for; it
		// is the app client that is trusted (AWS: "Understanding the access token").
		name:     "cognito",
		types:    []string{"jwt", "at+jwt", ""},
		audience: "client_id",
		scope:    []string{"scope"},
		clientID: []string{"client_id"},
		marks:    map[string]string{"token_use": "access"},
	},
	{
		// Microsoft Entra ID, v2.0 and v1.0 (Microsoft: "Access token claims reference").
		name:     "entra",
		types:    []string{"jwt", "at+jwt", ""},
		audience: "aud",
		scope:    []string{"scp"},
		clientID: []string{"azp", "appid"},
		client:   true,
	},
	{
		// Okta custom authorization server (Okta: "OAuth 2.0 and OpenID Connect overview").
		name:     "okta",
		types:    []string{"jwt", "at+jwt", ""},
		audience: "aud",
		scope:    []string{"scp"},
		clientID: []string{"cid"},
		client:   true,
	},
}

// ProviderNamed returns the provider of this name.
func ProviderNamed(name string) (p Provider, ok bool) {
	i := slices.IndexFunc(providers, func(p Provider) bool { return p.name == name })
	if i < 0 {
		return p, false
	}
	return providers[i], true
}
