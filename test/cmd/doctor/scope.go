package main

import (
	"fmt"
	"slices"
	"strings"

	"accountapi/test/internal/routes"
)

// examineScopes reports which routes the scopes of an accepted token are enough for. A
// token need not open every route, but one that opens none is a mistake.
func (d *doctor) examineScopes(scope string) {
	if len(d.given.routes) == 0 {
		d.note("scope", "the token has %q: make routes shows which scopes a route needs", scope)
		return
	}
	var open []string
	for _, r := range d.given.routes {
		if !r.Public && len(lacking(scope, r)) == 0 {
			open = append(open, r.String())
		}
	}
	if len(open) > 0 {
		d.ok("scope", "%q opens %s", scope, strings.Join(open, ", "))
	}
	first := true
	for _, r := range d.given.routes {
		missing := lacking(scope, r)
		if r.Public || len(missing) == 0 {
			continue
		}
		text := fmt.Sprintf("%s answers 403: the token's scope is %q, without %s", r, scope, strings.Join(missing, " and "))
		if len(open) == 0 && first {
			d.wrong("scope", d.howToGet(missing), "%s", text)
		} else {
			d.note("scope", "%s", text)
		}
		first = false
	}
}

// lacking returns the scopes that the route needs besides these.
func lacking(scope string, r routes.Route) []string {
	has := strings.Fields(scope)
	return slices.DeleteFunc(slices.Clone(r.Scopes), func(s string) bool { return slices.Contains(has, s) })
}

// howToGet says how to get a token with these scopes.
func (d *doctor) howToGet(scopes []string) string {
	request := "SCOPE=" + quote(strings.Join(scopes, " "))
	for _, claim := range []string{"permissions", "roles"} {
		listed := d.token.claimStrings(claim)
		if !slices.ContainsFunc(scopes, func(s string) bool { return !slices.Contains(listed, s) }) {
			return fmt.Sprintf("request it with %s: it is in the claim %s, "+
				"which only lists what the issuer would grant", request, claim)
		}
	}
	return "grant it to the client at the issuer (Auth0: Applications → APIs → the API → Permissions, " +
		"then Machine To Machine Applications), and request " + request
}
