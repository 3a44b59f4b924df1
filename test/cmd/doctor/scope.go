package main

import (
	"fmt"
	"slices"
	"strings"
)

// profileScope is the scope that GET /profile requires.
const profileScope = "get:profile"

// examineScopes checks whether an accepted token has the scope that GET /profile
// requires.
func (d *doctor) examineScopes(scope string) {
	if slices.Contains(strings.Fields(scope), profileScope) {
		d.ok("scope", "%s is among %q: GET /profile answers 200", profileScope, scope)
		return
	}
	fix := "grant it to the client at the issuer (Auth0: Applications → APIs → the API → Permissions, " +
		"then Machine To Machine Applications), and request SCOPE=" + profileScope
	for _, claim := range []string{"permissions", "roles"} {
		if slices.Contains(d.token.claimStrings(claim), profileScope) {
			fix = fmt.Sprintf("request it with SCOPE=%s: it is in the claim %s, "+
				"which only lists what the issuer would grant", profileScope, claim)
		}
	}
	d.wrong("scope", fix, "the token is accepted, but GET /profile answers 403: its scope is %q, without %s",
		scope, profileScope)
}
