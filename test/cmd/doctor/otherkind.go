package main

import (
	"fmt"
	"slices"
)

const sendAccess = "send the access_token of the issuer's response, not the id_token"

// otherTokens are the claims by which providers mark tokens that are not access tokens.
var otherTokens = []struct{ claim, value, what string }{
	{"token_use", "id", "an ID token"},
	{"typ", "ID", "an ID token"},
	{"typ", "Refresh", "a refresh token"},
	{"typ", "Offline", "a refresh token"},
	{"typ", "Logout", "a logout token"},
	{"tokenName", "id_token", "an ID token"},
	{"tokenName", "refresh_token", "a refresh token"},
	{"drn", "DSR", "a refresh token"},
}

// otherKind names the claim or the header parameter that shows that a token is not an
// access token of this provider.
func (d *doctor) otherKind() (why, fix string) {
	k, t := d.kind(), d.token
	has := func(claim string) bool { _, ok := t.claims[claim]; return ok }
	if !d.typeAccepted() {
		return d.otherType()
	}
	for _, other := range otherTokens {
		if t.claimString(other.claim) == other.value {
			fix = sendAccess
			if other.what != "an ID token" {
				fix = sendAccessNotRefresh
			}
			return fmt.Sprintf("it is %s, because its claim %s is %q", other.what, other.claim, other.value), fix
		}
	}
	if has("cnf") {
		return d.refusal("bound_token")
	}
	// Keycloak says in the claim typ what a token is.
	if typ := t.claimString("typ"); k.name == "Keycloak" && typ != "" && typ != "Bearer" {
		return fmt.Sprintf("its claim typ is %q: it is another token of Keycloak than an access token, which has \"Bearer\"",
			typ), "send the access_token of the issuer's response, not another token"
	}
	if k.name == "Keycloak" && d.use.Provider != "keycloak" && has("nonce") {
		return "it has the claim nonce, which Keycloak puts into access tokens too, " +
				"and the other providers only into ID tokens",
			d.set("provider", "keycloak")
	}
	for _, claim := range idTokenMarks {
		switch {
		case !has(claim) || claim == "nonce" && d.use.Provider == "keycloak":
		case claim == "nonce" && (has("scp") || has("scope")):
			return "it has the claim nonce, which marks an ID token, although some issuers put it into access tokens too",
				sendAccess + "; if it is the access_token, have the client log in without a nonce"
		default:
			return "it has the claim " + claim + ", which marks an ID token", sendAccess
		}
	}
	switch {
	case has("events"):
		return "it has the claim events, which only security event tokens have, such as logout tokens", sendUnchanged
	case has("granted_scopes"):
		return "it is a refresh token, as its claim granted_scopes shows", sendAccessNotRefresh
	case d.use.Provider == "cognito":
		return "its claim token_use is " + quoted(t.claims["token_use"]) + `, not "access" as in access tokens of Cognito`,
			"if the issuer is not Cognito, " + d.leaveOut("provider")
	case d.use.Provider == "keycloak":
		return "its claim typ is " + quoted(t.claims["typ"]) + `, not "Bearer" as in access tokens of Keycloak`,
			"if the issuer is not Keycloak, " + d.leaveOut("provider") + "; otherwise send the access_token"
	case d.use.Provider == "clerk" && t.claimString("sts") == "pending":
		return `its claim sts is "pending": the user has not completed the sign-in, such as the choice of an organization`,
			"complete the sign-in, and send a session token from then"
	}
	return "it is not an access token", "send an access token for this API"
}

// otherType explains a token with another typ in its header.
func (d *doctor) otherType() (why, fix string) {
	typ := quoted(d.token.header["typ"])
	if d.use.Provider == "rfc9068" && slices.Contains([]string{"", "jwt"}, d.token.mediaType()) {
		return "typ in its header is " + typ + `, and the provider rfc9068 requires "at+jwt"`,
			sendAccess + "; if it is the access_token, " + d.leaveOut("provider") +
				", or configure the issuer to issue tokens as in RFC 9068"
	}
	return "typ in its header is " + typ + ": an access token does not have this typ", "send an access token for this API"
}
