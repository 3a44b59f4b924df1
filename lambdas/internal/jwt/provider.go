package jwt

import "strings"

// Provider is what is special about the access tokens of one kind of issuer. The rules
// are the same for all; only the names of claims and the marks differ. Lists are separated
// by spaces.
type Provider struct {
	name     string
	types    string // accepted typ, without "application/"; none is a token without typ
	audience string // the claim that names the API the token is for
	scope    string // claims that hold the scopes, the first present one counts
	client   string // claims that hold the client, the first present one counts
	present  string // claims that must be there
	must     string // NAME=VALUE: claims that must have this value
	mustNot  string // NAME=VALUE|VALUE: claims that must not have one of these
	special  special
}

// special are properties that few providers have.
type special int

const (
	namesClient  special = 1 << iota // a client is always named, as in no ID token of theirs
	noSubject                        // tokens of clients may have no sub: the client is the principal then
	nonceAllowed                     // browser logins put nonce into access tokens, too
)

// The claims are those that the providers document for access tokens.
//
//   - auth0: Auth0, and most OpenID providers in their default settings.
//   - rfc9068: RFC 9068 section 2, the JWT profile for OAuth 2.0 access tokens.
//   - cognito: Amazon Cognito. An access token has no aud, unless a resource was asked for:
//     the app client is what is trusted (AWS: "Understanding the access token").
//   - entra: Microsoft Entra ID, v2.0 and v1.0 (Microsoft: "Access token claims
//     reference"), and AD FS. roles has the application permissions of a client, which has
//     no scp.
//   - okta: Okta custom authorization servers (Okta: "OAuth 2.0 and OpenID Connect
//     overview").
//   - keycloak: up to version 24, and later with the mapper for nonce, access tokens of
//     browser logins have nonce (Keycloak: "Upgrading Guide", 25.0.0). The kind of a token
//     is the claim typ, not the header parameter.
//   - duende: Duende IdentityServer, IdentityServer4, and others whose tokens of clients
//     have no sub: Kinde (client in azp), PingOne (no typ).
//   - clerk: session tokens. azp is the origin of the front end (Clerk: "Session tokens");
//     a pending session has not completed its sign-in.
//   - workos: AuthKit. Instead of aud, iss ends in the ID of the client.
var providers = []Provider{
	{name: "auth0", types: "JWT at+jwt none", audience: "aud", scope: "scope scp", client: "client_id azp"},
	{name: "rfc9068", types: "at+jwt", audience: "aud", scope: "scope", client: "client_id", present: "iat jti",
		special: namesClient},
	{name: "cognito", types: "JWT at+jwt none", audience: "client_id", scope: "scope", client: "client_id",
		must: "token_use=access"},
	{name: "entra", types: "JWT at+jwt none", audience: "aud", scope: "scp roles", client: "azp appid",
		special: namesClient},
	{name: "okta", types: "JWT at+jwt none", audience: "aud", scope: "scp", client: "cid", special: namesClient},
	{name: "keycloak", types: "JWT at+jwt none", audience: "aud", scope: "scope scp", client: "azp client_id",
		must: "typ=Bearer", special: nonceAllowed},
	{name: "duende", types: "JWT at+jwt none", audience: "aud", scope: "scope scp", client: "client_id azp",
		special: namesClient | noSubject},
	{name: "clerk", types: "JWT at+jwt", audience: "azp", scope: "scope scp", client: "client_id",
		mustNot: "sts=pending"},
	{name: "workos", types: "JWT at+jwt none", audience: "iss", scope: "scope scp", client: "client_id azp"},
}

// otherKinds are the claims by which providers mark tokens that are not access tokens: ID
// tokens of Cognito, those of Keycloak and ForgeRock, refresh tokens of Descope. They are
// refused with every row, because most of these providers have no row of their own.
const otherKinds = "token_use=id typ=ID|Refresh|Offline|Logout tokenName=id_token|refresh_token drn=DSR"

// ProviderNamed returns the provider of this name.
func ProviderNamed(name string) (p Provider, ok bool) {
	for _, p := range providers {
		if p.name == name {
			return p, true
		}
	}
	return p, false
}

// Providers returns the names of all providers.
func Providers() (names []string) {
	for _, p := range providers {
		names = append(names, p.name)
	}
	return names
}

// has tells whether the provider has all these properties.
func (p Provider) has(s special) bool { return p.special&s == s }

// CheckAudiences returns what is wrong with the audiences for the tokens of this issuer,
// "" if nothing is. Only WorkOS restricts its audiences.
func (p Provider) CheckAudiences(issuer string, audiences []string) string {
	if p.audience != "iss" {
		return ""
	}
	client := clientIn(issuer)
	for _, audience := range audiences {
		switch {
		case !strings.HasPrefix(audience, clientPrefix) || audience == client:
		case client == "":
			return "is the ID of a client, which the issuer does not end in: " +
				"add aud to the JWT template at WorkOS, and use its value"
		default:
			return "is another client than " + client + ", which the issuer ends in"
		}
	}
	return ""
}

const clientPrefix = "client_"

// clientIn returns the ID of the client that the issuer of WorkOS ends in, "" if it does
// not end in one.
func clientIn(issuer string) string {
	id := issuer[strings.LastIndexByte(issuer, '/')+1:]
	if len(id) == len(clientPrefix) || !strings.HasPrefix(id, clientPrefix) {
		return ""
	}
	return id
}
