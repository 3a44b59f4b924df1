package main

import (
	"fmt"
	"slices"
)

const sendAccess = "send the access_token of the issuer's response, not the id_token"

// otherKind names the claim or the header parameter that shows that a token is not an
// access token of this provider.
func (d *doctor) otherKind() (why, fix string) {
	k, t := d.kind(), d.token
	has := func(claim string) bool { _, ok := t.claims[claim]; return ok }
	if !d.typeAccepted() {
		return d.otherType()
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
		if has(claim) && !(claim == "nonce" && d.use.Provider == "keycloak") {
			return "it has the claim " + claim + ", which marks an ID token", sendAccess
		}
	}
	switch {
	case has("events"):
		return "it has the claim events, which only security event tokens have, such as logout tokens", sendUnchanged
	case t.claimString("token_use") == "id":
		return `it is an ID token, because its claim token_use is "id"`, sendAccess
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
