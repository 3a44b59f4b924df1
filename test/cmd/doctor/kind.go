package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
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

// wrongClaim names the claim that is missing or has a wrong type.
func (d *doctor) wrongClaim() (why, fix string) {
	k, t, p := d.kind(), d.token, d.preset()
	has := func(claim string) bool { _, ok := t.claims[claim]; return ok }
	const configure = "configure the issuer to put it into its access tokens"
	sub, isString := t.claims["sub"].(string)
	switch {
	case !has("sub") && k.name == "Duende IdentityServer" && d.use.Provider != "duende":
		return "there is no sub, which tokens of clients do not have at Duende", d.set("provider", "duende")
	case !has("sub") && d.use.Provider != "duende" && t.claims["client_id"] != nil && k.name == unknownKind.name:
		return "there is no sub, as in tokens of clients at Duende IdentityServer",
			configure + ", or, if the issuer is Duende, " + d.set("provider", "duende")
	case !has("sub"):
		return "there is no sub", configure
	case !isString || sub == "":
		return "sub is " + quoted(t.claims["sub"]) + ", and must be a string that is not empty", configure
	case len(sub) > 256:
		return "sub is longer than 256 bytes", "configure the issuer with shorter subjects"
	}
	for _, name := range p.required {
		if !has(name) {
			return "there is no " + name + ", which the provider " + p.name + " requires",
				configure + ", or " + d.leaveOut("provider")
		}
	}
	for _, name := range []string{"exp", "nbf", "iat"} {
		seconds, isNumber := t.claims[name].(float64)
		switch {
		case !has(name) && name == "exp":
			return "there is no exp", configure
		case has(name) && !isNumber:
			return name + " is " + quoted(t.claims[name]) + ", and must be a number",
				"configure the issuer to put a number into it"
		case seconds > endOf9999:
			return name + " is not a time in seconds (milliseconds?)", "configure the issuer to write " + name + " in seconds"
		case seconds < 0:
			return name + " is before 1970", "configure the issuer to write " + name + " in seconds since 1970"
		}
	}
	if len(p.client) > 0 && !slices.ContainsFunc(p.client, func(name string) bool { return t.claimString(name) != "" }) {
		names := strings.Join(p.client, " or ")
		return "there is no " + names + ", which names the client in access tokens of the provider " + p.name +
			" (ID tokens have none)", sendAccess + "; or, if the issuer is another one, " + d.leaveOut("provider")
	}
	for _, name := range []string{"client_id", "azp", "appid", "cid", "jti"} {
		if _, isString := t.claims[name].(string); has(name) && !isString {
			return name + " is " + quoted(t.claims[name]) + ", and must be a string",
				"configure the issuer to put a string into it"
		}
	}
	for _, name := range d.scopeClaims() {
		if value := t.at(name); value != nil {
			return name + " is " + quoted(value) + ", and must be a string or an array of strings",
				"configure the issuer to put scopes into it, or " + d.set("scopeClaims", "another_claim")
		}
	}
	return "a claim is missing or has a wrong type", configure
}

// otherCondition names the claim of requiredClaims that the token does not have, or that
// of refusedClaims that it has.
func (d *doctor) otherCondition(required bool) (why, fix string) {
	conditions, key := d.use.RefusedClaims, "refusedClaims"
	if required {
		conditions, key = d.use.RequiredClaims, "requiredClaims"
	}
	for _, claim := range slices.Sorted(maps.Keys(conditions)) {
		values := stringsOf(d.token.at(claim))
		found := slices.ContainsFunc(values, func(s string) bool { return slices.Contains(conditions[claim], s) })
		switch {
		case required && !found:
			return fmt.Sprintf("its claim %s is %s, and %s requires one of %s",
					claim, quoted(d.token.at(claim)), d.named(key), quoted(strings.Join(conditions[claim], " "))),
				"send a token with this claim, or change " + d.named(key)
		case !required && found:
			return fmt.Sprintf("its claim %s is %s, which %s refuses", claim, quoted(d.token.at(claim)), d.named(key)),
				"send another token, or remove the value from " + d.named(key)
		}
	}
	return "the setting " + d.named(key) + " is about one of its claims", "compare the token with " + d.named(key)
}
