package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// wrongClaim names the claim that is missing or has a wrong type.
func (d *doctor) wrongClaim() (why, fix string) {
	k, t, p := d.kind(), d.token, d.preset()
	has := func(claim string) bool { _, ok := t.claims[claim]; return ok }
	const configure = "configure the issuer to put it into its access tokens"
	sub, isString := t.claims["sub"].(string)
	switch {
	case !has("sub") && k.preset == "duende" && d.use.Provider != "duende":
		return "there is no sub, which tokens of clients do not have at " + k.name, d.set("provider", "duende")
	case !has("sub") && d.use.Provider != "duende" && (has("client_id") || has("azp")) && k.name == unknownKind.name:
		return "there is no sub, as in tokens of clients at some issuers",
			configure + ", or, if it is the token of a client, " + d.set("provider", "duende")
	case !has("sub") && k.subject != "":
		return "there is no sub", k.subject
	case !has("sub"):
		return "there is no sub", configure
	case !isString || sub == "":
		return "sub is " + t.shown("sub") + ", and must be a string that is not empty", configure
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
			return name + " is " + t.shown(name) + ", and must be a number",
				"configure the issuer to put a number into it"
		case seconds > endOf9999:
			return name + " is not a time in seconds (milliseconds?)", "configure the issuer to write " + name + " in seconds"
		case seconds < 0:
			return name + " is before 1970", "configure the issuer to write " + name + " in seconds since 1970"
		}
	}
	if len(p.client) > 0 && !slices.ContainsFunc(p.client, func(name string) bool { return t.claimString(name) != "" }) {
		names := strings.Join(p.client, " or ")
		fix = sendAccess
		if _, shown := d.kindByURL(); !shown {
			fix += "; or, if the issuer is another one, " + d.leaveOut("provider")
		}
		return "there is no " + names + ", which names the client in access tokens of the provider " + p.name +
			" (ID tokens have none)", fix
	}
	for _, name := range []string{"client_id", "azp", "appid", "cid", "jti"} {
		if _, isString := t.claims[name].(string); has(name) && !isString {
			return name + " is " + t.shown(name) + ", and must be a string",
				"configure the issuer to put a string into it"
		}
	}
	name := d.readClaim()
	if value, found := t.find(name); found && !areStrings(value) {
		return name + " is " + t.shown(name) + ", and must be a string or an array of strings",
			"configure the issuer to put scopes into it, or " + d.set("scopeClaims", "another_claim")
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
		value, _ := d.token.find(claim)
		found := slices.ContainsFunc(stringsOf(value), func(s string) bool { return slices.Contains(conditions[claim], s) })
		switch {
		case required && !found:
			return fmt.Sprintf("its claim %s is %s, and %s requires one of %s",
					claim, d.token.shown(claim), d.named(key), quotedAll(conditions[claim])),
				"send a token in which it is one of these strings, or an array with one of them, or change " + d.named(key)
		case !required && found:
			return fmt.Sprintf("its claim %s is %s, which %s refuses", claim, d.token.shown(claim), d.named(key)),
				"send another token, or remove the value from " + d.named(key)
		}
	}
	return "the setting " + d.named(key) + " is about one of its claims", "compare the token with " + d.named(key)
}
