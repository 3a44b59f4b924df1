package main

import (
	"regexp"
	"slices"
	"strings"
)

// kind is one kind of issuer: how it is recognized, and the advice for its users.
type kind struct {
	name   string
	preset string // the value of PROVIDER for its tokens; "" is auth0, the default
	// Without the preset, needed kinds have their tokens refused, and expected ones have
	// rights or clients that are not read.
	needed, expected bool

	host, path *regexp.Regexp // of its issuers; nil if these do not show the kind
	keys       string         // how the path of its JWK Set ends; "" if this does not show the kind
	token      func(t token) bool

	// Advice. In request and grant, AUDIENCE and SCOPE stand for those of this API.
	request string // how to get a token for this API
	grant   string // how to get a scope into it
	signing string // where the signature algorithm is set
	opaque  string // when it issues a token that is not a JWT
	subject string // how to get sub into its tokens; "" if they always have one
}

// refreshTokens selects the remark that the kind's refresh tokens are not JWTs.
const refreshTokens = "refresh tokens"

// unknownKind has the advice for issuers that are not recognized.
var unknownKind = kind{
	name: "the issuer",
	request: "request a token for this API (make token ISSUER=… CLIENT_ID=… AUDIENCE, or with RESOURCE in its place), " +
		"and have the issuer put this audience into aud",
	grant:   "have the issuer grant it to the client, and request it with SCOPE",
	signing: "configure the issuer to sign with RS256",
	opaque:  "some issuers issue such tokens if the request names no API",
}

// kinds are compared in this order. Auth0 is last, because its claims are the least
// specific. A regular expression is compared with lower case.
var kinds = []kind{
	{
		name: "Cognito", preset: "cognito", needed: true,
		host:  regexp.MustCompile(`(^|-)cognito-idp\..+\.amazonaws\.com(\.cn)?$`),
		token: func(t token) bool { return t.claims["token_use"] != nil },
		request: "request the token as the app client AUDIENCE: access tokens of Cognito " +
			"name the app client in client_id, not an API",
		grant: "Cognito names a custom scope IDENTIFIER/NAME, with the identifier of its resource server: write it so in the " +
			"table of routes, create it (Cognito: Branding → Domain → Resource servers), allow it for the app client " +
			"(App clients → Login pages → Custom scopes), and request SCOPE=IDENTIFIER/NAME. Only tokens of the user pool's " +
			"token endpoint have such scopes, those of InitiateAuth never",
		signing: "send a token of this user pool, which signs with RS256",
		opaque:  refreshTokens,
	},
	{
		name: "AD FS", path: regexp.MustCompile(`^/adfs(/services/trust)?/?$`), keys: "/adfs/discovery/keys",
		token: func(t token) bool { return t.claims["apptype"] != nil },
		request: "add a Web API to the application group (AD FS Management → Application Groups), and request the token " +
			"with its identifier (make token ISSUER=… CLIENT_ID=… RESOURCE=…)",
		grant: "allow it for the client (AD FS Management → Application Groups → Web API → Client Permissions → " +
			"Permitted scopes), and request it with SCOPE",
		signing: "sign with RS256 (AD FS signs with the token-signing certificate)",
		opaque:  refreshTokens,
		subject: "add a rule that issues the claim sub (AD FS Management → Application Groups → Web API → " +
			"Issuance Transform Rules)",
	},
	{
		name: "UAA", path: regexp.MustCompile(`/oauth/token$`), keys: "/token_keys",
		token: func(t token) bool { return t.claims["zid"] != nil && t.claims["rev_sig"] != nil },
		request: "request a scope that begins with AUDIENCE and a dot: UAA derives aud from the scopes, " +
			"and aud of the scope orders.read is orders",
		grant: "add it to the scope of the client (for client_credentials: to its authorities) " +
			"and to a group of the user, and request it with SCOPE",
		signing: "configure UAA with an RSA signing key (jwt.token.policy.keys), not a shared secret",
		opaque:  "UAA issues one if the request has token_format=opaque",
	},
	{
		name: "FusionAuth", host: regexp.MustCompile(`\.fusionauth\.io$`),
		token: func(t token) bool { return t.claims["applicationId"] != nil },
		request: "request the token as the application AUDIENCE: aud is the ID of the application " +
			"(for client_credentials: of the entity)",
		grant: "create it as a scope (FusionAuth: Applications → the application → Scopes; for client_credentials as a " +
			"permission of the entity), and request it with SCOPE",
		signing: "sign with an asymmetric key (FusionAuth: Applications → the application → JWT → " +
			"Access token signing key; the default is HS256)",
		opaque: refreshTokens,
	},
	{
		name: "Entra", preset: "entra", expected: true,
		host: regexp.MustCompile(`^(login\.microsoftonline\.(com|us)|sts\.windows\.net)$|\.ciamlogin\.com$`),
		token: func(t token) bool {
			return t.claims["tid"] != nil && (t.claims["scp"] != nil || t.claims["idtyp"] != nil || t.claims["oid"] != nil)
		},
		request: "request the token with a scope of this API (Entra: App registrations → the API → Expose an API): " +
			"make token ISSUER=… CLIENT_ID=… SCOPE=api://API_CLIENT_ID/.default",
		grant: "for users, add it as a scope (Entra: App registrations → the API → Expose an API), and request " +
			"SCOPE=api://API_CLIENT_ID/NAME. For clients, add it as an app role for applications (App roles), assign it to " +
			"the client (API permissions → Application permissions) with the consent of an administrator, and request " +
			"SCOPE=api://API_CLIENT_ID/.default",
		signing: "send a token of this tenant, which signs with RS256",
		opaque:  "Entra issues such tokens for Microsoft's own APIs and in refresh tokens",
	},
	{
		name: "Azure AD B2C", preset: "entra", expected: true, host: regexp.MustCompile(`\.b2clogin\.com$`),
		token: func(t token) bool { return t.claims["tfp"] != nil },
		request: "request the token with a scope of this API (Azure AD B2C: App registrations → the API → Expose an API): " +
			"SCOPE=https://TENANT.onmicrosoft.com/API/NAME",
		grant: "add it as a scope (Azure AD B2C: App registrations → the API → Expose an API), allow it for the client " +
			"(API permissions), and request SCOPE=https://TENANT.onmicrosoft.com/API/NAME",
		signing: "send a token of this tenant, which signs with RS256",
		opaque:  refreshTokens,
	},
	{
		name: "Okta", preset: "okta", expected: true,
		host:  regexp.MustCompile(`\.(okta|oktapreview|okta-emea|okta-gov)\.com$`),
		token: func(t token) bool { return t.claims["cid"] != nil && t.claims["scp"] != nil },
		request: "request the token from the authorization server with this audience " +
			"(Okta: Security → API → Authorization Servers → Settings → Audience)",
		grant: "add it to the authorization server (Okta: Security → API → Authorization Servers → Scopes), allow it in an " +
			"access policy, and request it with SCOPE",
		signing: "send a token of this authorization server, which signs with RS256",
		opaque:  refreshTokens,
	},
	{
		name: "Keycloak", preset: "keycloak", path: regexp.MustCompile(`/realms/[^/]+/?$`),
		keys: "/protocol/openid-connect/certs",
		token: func(t token) bool {
			switch t.claimString("typ") {
			case "Bearer", "ID", "Refresh", "Offline", "Logout":
				return true
			}
			return false
		},
		request: "add a mapper of the type Audience with AUDIENCE to a client scope of the client " +
			"(Keycloak: Client scopes → the scope → Mappers → Configure a new mapper → Audience), and request a new token",
		grant: "create a client scope with this name and Include in token scope, add it to the client as a default " +
			"or optional scope (Keycloak: Clients → the client → Client scopes), and request an optional one with SCOPE",
		signing: "sign with RS256 (Keycloak: Clients → the client → Advanced → Access token signature algorithm)",
		opaque:  "Keycloak issues JWTs only: this is not a token of Keycloak",
		subject: "add the client scope basic to the client (Keycloak: Clients → the client → Client scopes); for lightweight " +
			"access tokens, turn on Add to lightweight access token in its mapper sub",
	},
	{
		name: "Clerk", preset: "clerk", needed: true,
		host: regexp.MustCompile(`^clerk\.|\.clerk\.accounts\.dev$`),
		token: func(t token) bool {
			return strings.HasPrefix(t.headerString("cat"), "cl_") || strings.HasPrefix(t.claimString("sid"), "sess_")
		},
		request: "send the session token of a front end with the origin AUDIENCE, from getToken(). Tokens of native apps have " +
			"no azp: add aud to the session token, and leave the provider out",
		grant: "add the claim scope to the session token (Clerk: Sessions → Customize session token), " +
			"for example from the user's public metadata",
		signing: "send a session token, which Clerk signs with RS256",
		opaque:  "Clerk issues opaque OAuth and machine tokens: send a session token",
	},
	{
		name: "WorkOS", preset: "workos", needed: true,
		host: regexp.MustCompile(`^api\.workos\.com$`), path: regexp.MustCompile(`/user_management/client_[^/]+$`),
		token: func(t token) bool { return strings.HasPrefix(t.claimString("sid"), "session_") },
		request: "send the access token of a user who has signed in with AuthKit; " +
			"for an aud, add it to the JWT template (WorkOS: Authentication → Sessions → JWT Template)",
		grant: "add the claim scope to the JWT template (WorkOS: Authentication → Sessions → JWT Template), or use the " +
			"permissions of the user's role",
		signing: "send an access token of this environment, which WorkOS signs with RS256",
		opaque:  refreshTokens,
	},
	{
		name: "Duende IdentityServer", preset: "duende", host: regexp.MustCompile(`\.duendesoftware\.com$`),
		keys: "/.well-known/openid-configuration/jwks",
		token: func(t token) bool {
			_, list := t.claims["scope"].([]any)
			return list && t.claims["client_id"] != nil && (t.claims["sub"] == nil || t.claims["idp"] != nil)
		},
		request: "add an ApiResource with the name AUDIENCE and a scope of this API (Duende), and request that scope",
		grant: "add it as an ApiScope and to the AllowedScopes of the client (Duende), " +
			"and request it with SCOPE",
		signing: "sign with RS256 (Duende: KeyManagement.SigningAlgorithms)",
		opaque:  "Duende issues reference tokens to clients with AccessTokenType.Reference: use AccessTokenType.Jwt",
	},
	{
		name: "Kinde", preset: "duende", host: regexp.MustCompile(`\.kinde\.com$`),
		token: func(t token) bool {
			_, list := t.claims["gty"].([]any)
			return list && t.claims["azp"] != nil
		},
		request: "register the API (Kinde: Settings → APIs) with the audience AUDIENCE, authorize the application for it, " +
			"and request the token with this audience: make token ISSUER=… CLIENT_ID=… AUDIENCE",
		grant: "add it to the API (Kinde: Settings → APIs → the API → Scopes), allow it for the application, " +
			"and request it with SCOPE",
		signing: "send a token of this environment, which signs with RS256",
		opaque:  refreshTokens,
	},
	{
		name: "PingOne", preset: "duende", host: regexp.MustCompile(`^auth\.pingone\.`),
		token: func(t token) bool { return t.claims["p1.rid"] != nil },
		request: "add a custom resource with the audience AUDIENCE (PingOne: Applications → Resources), " +
			"and request one of its scopes",
		grant: "add it to the resource (PingOne: Applications → Resources → the resource → Scopes), allow it for the " +
			"application (Resources), and request it with SCOPE",
		signing: "send a token of this environment, which signs with RS256",
		opaque:  refreshTokens,
	},
	{
		name: "Auth0", preset: "auth0", host: regexp.MustCompile(`\.auth0\.com$`),
		token: func(t token) bool {
			sub := t.claimString("sub")
			return strings.HasPrefix(sub, "auth0|") || strings.HasSuffix(sub, "@clients") || t.claimString("gty") != "" ||
				slices.Contains(t.claimStrings("aud"), t.claimString("iss")+"userinfo")
		},
		request: "request the token with the identifier of the API (Auth0: Applications → APIs): " +
			"make token ISSUER=… CLIENT_ID=… AUDIENCE",
		grant: "grant it to the application (Auth0: Applications → APIs → the API → Permissions, " +
			"then Application Access), and request it with SCOPE",
		signing: "sign with RS256 (Auth0: Applications → APIs → the API → Settings → Signing Algorithm)",
		opaque:  "Auth0 issues one if the request names no API",
	},
}

// advice returns a text of the table for this API: with the audience, and these scopes.
func (d *doctor) advice(text string, scopes ...string) string {
	audience := ""
	if len(d.use.Audiences) > 0 {
		audience = d.use.Audiences[0]
	}
	if strings.Contains(text, "make token") {
		text = strings.ReplaceAll(text, "AUDIENCE", "AUDIENCE="+quote(audience))
	}
	text = regexp.MustCompile(`AUDIENCE($|[^=])`).ReplaceAllString(text, quote(audience)+"${1}")
	return strings.ReplaceAll(text, "with SCOPE", "with SCOPE="+quote(strings.Join(scopes, " ")))
}
