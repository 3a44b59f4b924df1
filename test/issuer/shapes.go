package issuer

import (
	"crypto/rand"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A Kind is a kind of token that a provider signs, such as "user" or "refresh". As an
// Option it gives the token the claims that Config.Provider puts into this kind. It
// replaces what the options before it have set.
type Kind string

// members are header parameters or claims.
type members = map[string]any

// shape is what one provider puts into one kind of token. alg, kid, iss, iat and exp are
// added to it.
type shape struct {
	provider string
	kind     Kind
	refused  string // why an API must refuse it; "" for an access token
	audience string // the claim that names the API; "" if none does
	scope    string // the claim with the scopes; "" if there is none
	list     bool   // the scopes are an array, not one string
	also     string // another audience beside the API
	header   members
	claims   members
}

// about is what the claims of a shape are about.
type about struct {
	issuer, client string
	now            int64
}

// shapes are the tokens that the providers issue, as their documentation and public
// reports show them. The first kind of a provider is its default. The values are
// invented.
func shapes(t about) []shape {
	const (
		user     = "5be86359-073c-434b-ad2d-a3932222dabe"
		session  = "1c9d0a5b-5b1a-4b0e-9d3a-0a3f5c7b9e11"
		tenant   = "aaaabbbb-0000-cccc-1111-dddd2222eeee"
		nonce    = "0e4f3c9c-7d52-4b68-8c9e-2f1d2f0c7d11"
		hash     = "77QmUPtjPfzWtF2AnpK9RQ" // of an access token
		idToken  = "it is an ID token"
		refresh  = "it is a refresh token"
		logout   = "it is a logout token"
		loggedIn = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
	)
	jwt, at, logoutTyp, noTyp := members{"typ": "JWT"}, members{"typ": "at+jwt"}, members{"typ": "logout+jwt"}, members{}
	id := rand.Text()
	events := members{"http://schemas.openid.net/event/backchannel-logout": members{}}
	realm := members{"roles": []string{"offline_access", "uma_authorization", "default-roles-local"}}
	clients := members{"account": members{"roles": []string{"manage-account", "view-profile"}}}
	person := members{"name": "Ada Lovelace", "given_name": "Ada", "family_name": "Lovelace", "email": "ada@example.com"}
	with := func(more, claims members) members {
		claims = maps.Clone(claims)
		maps.Copy(claims, more)
		return claims
	}
	return []shape{
		{"auth0", "client", "", "aud", "scope", false, "", jwt, members{
			"sub": t.client + "@clients", "azp": t.client, "gty": "client-credentials", "jti": id}},
		{"auth0", "user", "", "aud", "scope", false, t.issuer + "userinfo", jwt, members{
			"sub": "auth0|" + user, "azp": t.client, "jti": id}},
		{"auth0", "id", idToken, "", "", false, "", jwt, with(person, members{
			"sub": "auth0|" + user, "aud": t.client, "nonce": nonce, "sid": session, "nickname": "ada",
			"updated_at": "2026-01-01T00:00:00.000Z", "email_verified": true})},
		{"auth0", "logout", logout, "", "", false, "", logoutTyp, members{
			"sub": "auth0|" + user, "aud": t.client, "sid": session, "jti": id, "events": events}},

		{"rfc9068", "client", "", "aud", "scope", false, "", at, members{
			"sub": t.client, "client_id": t.client, "jti": id}},
		{"rfc9068", "user", "", "aud", "scope", false, "", at, members{
			"sub": user, "client_id": t.client, "jti": id, "auth_time": t.now, "acr": "0", "amr": []string{"pwd"}}},
		{"rfc9068", "id", idToken, "", "", false, "", jwt, members{
			"sub": user, "aud": t.client, "azp": t.client, "auth_time": t.now, "jti": id, "sid": session}},
		{"rfc9068", "logout", logout, "", "", false, "", logoutTyp, members{
			"sub": user, "aud": t.client, "sid": session, "jti": id, "events": events}},

		{"cognito", "client", "", "client_id", "scope", false, "", noTyp, members{
			"sub": t.client, "token_use": "access", "auth_time": t.now, "version": 2, "jti": id}},
		{"cognito", "user", "", "client_id", "scope", false, "", noTyp, members{
			"sub": user, "token_use": "access", "auth_time": t.now, "version": 2, "jti": id, "origin_jti": session,
			"event_id": nonce, "username": user, "cognito:groups": []string{"readers"}}},
		{"cognito", "id", idToken, "", "", false, "", noTyp, members{
			"sub": user, "aud": t.client, "token_use": "id", "auth_time": t.now, "jti": id, "origin_jti": session,
			"at_hash": hash, "cognito:username": user, "email": "ada@example.com", "email_verified": true}},
		{"cognito", "refresh", refresh, "", "", false, "", members{
			"cty": "JWT", "enc": "A256GCM", "alg": "RSA-OAEP"}, members{}}, // encrypted, see mint

		{"entra", "client", "", "aud", "roles", true, "", jwt, members{
			"sub": user, "oid": user, "azp": t.client, "azpacr": "1", "idtyp": "app", "aio": "E2ZgYPj", "rh": "0.AAA",
			"nbf": t.now, "tid": tenant, "uti": id, "ver": "2.0"}},
		{"entra", "user", "", "aud", "scp", false, "", jwt, members{
			"sub": "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ", "oid": user, "azp": t.client, "azpacr": "0",
			"name": "Ada Lovelace", "preferred_username": "ada@example.com", "aio": "AXQAi", "rh": "0.AAA",
			"nbf": t.now, "tid": tenant, "uti": id, "ver": "2.0"}},
		{"entra", "id", idToken, "", "", false, "", jwt, members{
			"sub": "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ", "oid": user, "aud": t.client, "nonce": nonce,
			"name": "Ada Lovelace", "preferred_username": "ada@example.com", "aio": "AXQAi", "rh": "0.AAA",
			"nbf": t.now, "tid": tenant, "uti": id, "ver": "2.0"}},

		{"okta", "client", "", "aud", "scp", true, "", noTyp, members{
			"sub": t.client, "cid": t.client, "ver": 1, "jti": "AT." + id}},
		{"okta", "user", "", "aud", "scp", true, "", noTyp, members{
			"sub": "ada@example.com", "cid": t.client, "uid": "00uid4BxXw6I6TV4m0g3", "ver": 1, "jti": "AT." + id,
			"auth_time": t.now}},
		{"okta", "id", idToken, "", "", false, "", noTyp, with(person, members{
			"sub": "00uid4BxXw6I6TV4m0g3", "aud": t.client, "ver": 1, "jti": "ID." + id, "amr": []string{"pwd"},
			"idp": "00ok1u7AsAkrwdZL3z0g3", "nonce": nonce, "auth_time": t.now, "at_hash": hash})},

		{"keycloak", "client", "", "aud", "scope", false, "account", jwt, members{
			"sub": user, "typ": "Bearer", "azp": t.client, "acr": "1", "jti": "trrtcc:" + id, "client_id": t.client,
			"realm_access": realm, "resource_access": clients, "clientHost": "192.0.2.1", "clientAddress": "192.0.2.1",
			"preferred_username": "service-account-" + t.client, "email_verified": false}},
		{"keycloak", "user", "", "aud", "scope", false, "account", jwt, with(person, members{ // nonce: up to version 24
			"sub": user, "typ": "Bearer", "azp": t.client, "acr": "1", "jti": "onrtac:" + id, "nonce": nonce,
			"realm_access": realm, "resource_access": clients, "session_state": session, "sid": session,
			"auth_time": t.now, "allowed-origins": []string{"https://app.example.com"}, "preferred_username": "ada"})},
		{"keycloak", "id", idToken, "", "", false, "", jwt, with(person, members{
			"sub": user, "typ": "ID", "aud": t.client, "azp": t.client, "acr": "1", "jti": id, "nonce": nonce,
			"sid": session, "auth_time": t.now, "at_hash": hash, "preferred_username": "ada"})},
		{"keycloak", "refresh", refresh, "", "scope", false, "", members{"typ": "JWT", "alg": "HS512"}, members{
			"sub": user, "typ": "Refresh", "aud": t.issuer, "azp": t.client, "jti": id, "sid": session}},
		{"keycloak", "old-refresh", refresh, "aud", "scope", false, "", jwt, members{ // signed with the realm's key
			"sub": user, "typ": "Refresh", "azp": t.client, "jti": id, "nonce": nonce, "session_state": session}},
		{"keycloak", "logout", logout, "", "", false, "", logoutTyp, members{
			"sub": user, "typ": "Logout", "aud": t.client, "jti": id, "sid": session, "events": events}},
		{"keycloak", "old-logout", logout, "", "", false, "", jwt, members{ // up to version 24
			"sub": user, "typ": "Logout", "aud": t.client, "jti": id, "sid": session, "events": events}},

		{"duende", "client", "", "aud", "scope", true, "", at, members{
			"client_id": t.client, "nbf": t.now, "jti": id}},
		{"duende", "user", "", "aud", "scope", true, "", at, members{
			"sub": user, "client_id": t.client, "nbf": t.now, "auth_time": t.now, "idp": "local",
			"amr": []string{"pwd"}, "sid": session, "jti": id}},
		{"duende", "id", idToken, "", "", false, "", jwt, members{
			"sub": user, "aud": t.client, "nbf": t.now, "auth_time": t.now, "idp": "local", "amr": []string{"pwd"},
			"sid": session, "nonce": nonce, "at_hash": hash}},
		{"duende", "logout", logout, "", "", false, "", logoutTyp, members{
			"sub": user, "aud": t.client, "sid": session, "jti": id, "events": events}},

		// The scope is a claim that is added to the session token at Clerk.
		{"clerk", "user", "", "azp", "scope", false, "", members{"typ": "JWT", "cat": "cl_B7d4PD111AAA"}, members{
			"sub": "user_2x", "sid": "sess_2x", "sts": "active", "fva": []int{0, -1}, "nbf": t.now - 10, "v": 2,
			"o": members{"id": "org_1", "rol": "admin"}}},
		{"clerk", "pending", "its user has not completed the sign-in", "azp", "scope", false, "",
			members{"typ": "JWT", "cat": "cl_B7d4PD111AAA"}, members{
				"sub": "user_2x", "sid": "sess_2x", "sts": "pending", "fva": []int{0, -1}, "nbf": t.now - 10, "v": 2}},
		{"clerk", "id", idToken, "", "", false, "", jwt, with(person, members{
			"sub": "user_2x", "aud": t.client, "azp": t.client, "nonce": nonce, "at_hash": hash, "jti": id})},

		{"workos", "user", "", "", "permissions", true, "", jwt, members{
			"sub": "user_01HBEQKA6K4QJAS93VPE39W1JT", "sid": "session_01HQSXZGF8FHF7A9ZZFCW4387R", "jti": id,
			"org_id": "org_01HRDMC6CM357W30QMHMQ96Q0S", "role": "member", "roles": []string{"member"}}},
		{"workos", "id", idToken, "", "", false, "", jwt, with(person, members{
			"sub": "user_01HBEQKA6K4QJAS93VPE39W1JT", "aud": t.client, "nonce": nonce, "sid": "app_consent_01HQ"})},

		{"adfs", "user", "", "aud", "scp", false, "", jwt, members{
			"sub": "Qk2oLtdjV1a", "appid": t.client, "apptype": "Public", "authmethod": loggedIn,
			"auth_time": "2026-01-01T00:00:00.000Z", "ver": "1.0"}},
		{"adfs", "id", idToken, "", "", false, "", jwt, members{
			"iss": strings.TrimSuffix(t.issuer, "/services/trust"), "sub": "Qk2oLtdjV1a", "aud": t.client,
			"nonce": nonce, "upn": "ada@example.com", "unique_name": "EXAMPLE\\ada", "auth_time": t.now}},
	}
}

// providerDefaults are what a provider's issuer has instead of the defaults of Config.
// The path is a part of the issuer identifier.
var providerDefaults = map[string]struct{ path, clientID, audience string }{
	"auth0":    {},
	"rfc9068":  {},
	"cognito":  {"/eu-west-1_local", "1example23456789", "1example23456789"},
	"entra":    {"/aaaabbbb-0000-cccc-1111-dddd2222eeee/v2.0", "", ""},
	"okta":     {"/oauth2/default", "", ""},
	"keycloak": {"/realms/local", "", ""},
	"duende":   {},
	"clerk":    {"", "", "https://app.example.com"},
	"workos":   {"/user_management/client_local", "client_local", "client_local"},
	"adfs":     {"/adfs/services/trust", "", ""},
}

// Providers returns the values of Config.Provider.
func Providers() []string { return slices.Sorted(maps.Keys(providerDefaults)) }

// Kinds returns the kinds of tokens of this issuer's provider, the default first.
func (i *Issuer) Kinds() (kinds []Kind) {
	for _, s := range i.shapes() {
		kinds = append(kinds, s.kind)
	}
	return kinds
}

// ScopeClaim returns the claim that the default kind of token has its scopes in.
func (i *Issuer) ScopeClaim() string { return i.shapes()[0].scope }

// shapes returns the shapes of this issuer's provider.
func (i *Issuer) shapes() []shape {
	all := shapes(about{issuer: i.identifier, client: i.config.ClientID, now: i.config.Now().Unix()})
	return slices.DeleteFunc(all, func(s shape) bool { return s.provider != i.config.Provider })
}

func (k Kind) apply(d *draft) {
	all := d.issuer.shapes()
	n := slices.IndexFunc(all, func(s shape) bool { return s.kind == k })
	if n < 0 {
		d.err = fmt.Errorf("%s has no kind of token %q, only %q", d.issuer.config.Provider, k, d.issuer.Kinds())
		return
	}
	d.shape = all[n]
	d.header = maps.Clone(d.shape.header)
	d.claims = members{"iss": d.issuer.identifier, "iat": d.now.Unix(), "exp": d.now.Add(d.lifetime).Unix()}
	maps.Copy(d.claims, d.shape.claims)
	audiences := []string{d.issuer.config.Audience}
	if d.shape.also != "" {
		audiences = append(audiences, d.shape.also)
	}
	if d.shape.audience != "" {
		Audience(audiences...).apply(d)
	}
	Scopes(d.issuer.apiScopes()...).apply(d)
}
