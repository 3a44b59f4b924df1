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
	if len(d.routes) == 0 {
		d.note("scope", "the token has %q: make routes shows which scopes a route needs", scope)
		return
	}
	var open []string
	for _, r := range d.routes {
		if !r.Public && len(lacking(scope, r)) == 0 {
			open = append(open, r.String())
		}
	}
	if len(open) > 0 {
		d.ok("scope", "%q opens %s", scope, strings.Join(open, ", "))
	}
	first := true
	for _, r := range d.routes {
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
	d.askAboutRBAC(scope)
}

// explainWholeAPI explains a token without the scopes that every route requires.
func (d *doctor) explainWholeAPI() {
	var has []string
	if claim := d.readClaim(); claim != "" {
		value, _ := d.token.find(claim)
		has = scopesOf(value)
	}
	missing := routes.List(d.whole["REQUIRED_SCOPES"])
	missing = slices.DeleteFunc(missing, func(s string) bool { return slices.Contains(has, s) })
	d.wrong("scope", d.howToGet(missing), "every route answers 403: the token has no %s, which requiredScopes demands",
		strings.Join(missing, " and "))
}

// lacking returns the scopes that the route needs besides these.
func lacking(scope string, r routes.Route) []string {
	has := strings.Fields(scope)
	return slices.DeleteFunc(slices.Clone(r.Scopes), func(s string) bool { return slices.Contains(has, s) })
}

// howToGet says how to get a token with these scopes: from another claim that has them,
// or else from the issuer.
func (d *doctor) howToGet(scopes []string) string {
	k := d.kind()
	claim := d.token.claimWith(scopes, d.readClaim())
	grant := d.advice(k.grant, scopes...)
	if claim == "" {
		return grant
	}
	claims := append([]string{claim}, d.given.ScopeClaims...)
	fix := d.set("scopeClaims", claims...)
	if !d.token.ofClient() {
		fix += "; these are the user's rights, and not what the client was granted: with them, every client of a user " +
			"may do all that the user may"
	}
	if k.name == "Auth0" && claim == "permissions" {
		return fmt.Sprintf("request it with SCOPE=%s: the user has it, as the claim permissions shows, "+
			"and the client has not asked for it. Or go by the claim permissions: %s", quote(strings.Join(scopes, " ")), fix)
	}
	d.use.ScopeClaims = claims
	return fmt.Sprintf("it is in the claim %s, which is not read: %s", claim, fix)
}

// askAboutRBAC asks about a setting of Auth0. As an API is created, every user of the
// tenant gets every scope of it that a client asks for (Auth0: "Enable Role-Based Access
// Control for APIs").
func (d *doctor) askAboutRBAC(scope string) {
	needed := routes.Scopes(d.routes)
	gets := slices.ContainsFunc(strings.Fields(scope), func(s string) bool { return slices.Contains(needed, s) })
	if d.kind().name != "Auth0" || d.token.ofClient() || d.token.claims["permissions"] != nil || !gets {
		return
	}
	d.note("rights", "is RBAC enabled for this API at Auth0 (Applications → APIs → the API → Settings → Enable RBAC)? "+
		"Without it, every user of the tenant, also one who has just signed up, gets every scope that a client asks for")
}
