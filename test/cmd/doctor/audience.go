package main

import (
	"regexp"
	"slices"
	"strings"
)

// auth0Client matches client IDs of Auth0.
var auth0Client = regexp.MustCompile(`^[A-Za-z0-9]{32}$`)

// otherAPIs are audiences of tokens for the issuer itself, or for another API of the
// provider: what they are, and what to do instead.
var otherAPIs = []struct {
	audience  *regexp.Regexp
	what, fix string
}{
	{regexp.MustCompile(`^https://[^/]+/(api/v2/|userinfo)$`), "Auth0's own API",
		"create an API at Auth0 (Applications → APIs → Create API)"},
	{regexp.MustCompile(`^account$`), "Keycloak's own account console",
		"choose an identifier for this API, and add a mapper of the type Audience with it to a client scope of the client"},
	{regexp.MustCompile(`^(00000003-0000-0000-c000-000000000000|https://graph\.microsoft\.com/?)$`), "Microsoft Graph",
		"register this API at Entra (App registrations), and add a scope (Expose an API)"},
	{regexp.MustCompile(`^urn:microsoft:userinfo$`), "the userinfo endpoint of AD FS",
		"add a Web API to the application group (AD FS Management → Application Groups)"},
	{regexp.MustCompile(`^https://[^/]+\.okta(preview|-emea)?\.com$`), "Okta's own API",
		"use a custom authorization server (Okta: Security → API → Authorization Servers)"},
}

// otherAPI says whose audience this is, and what to do instead; "" if it may be that of
// an API of the user.
func otherAPI(audience string) (what, fix string) {
	for _, other := range otherAPIs {
		if other.audience.MatchString(audience) {
			return other.what, other.fix
		}
	}
	return "", ""
}

// examineAudience looks for values that are often mistaken for the identifier of an API.
func (d *doctor) examineAudience() {
	k := d.kind()
	for _, audience := range d.use.Audiences {
		switch what, fix := otherAPI(audience); {
		case what != "":
			d.wrong("audience", fix+" and use its identifier as "+d.named("audience"),
				"%q is %s: all tokens for that API would be accepted by this one too", audience, what)
		case k.name == "Auth0" && auth0Client.MatchString(audience):
			d.note("audience", "%q looks like a client ID: "+
				"it should be the identifier of the API (Auth0: Applications → APIs)", audience)
		default:
			d.ok("audience", "%q", audience)
		}
	}
	isURL := func(s string) bool { return strings.Contains(s, "://") }
	if d.use.Provider == "cognito" && !slices.ContainsFunc(d.use.Audiences, func(s string) bool { return !isURL(s) }) {
		fix := d.set("audience", "APP_CLIENT_ID") + " with the ID of the app client"
		if client := d.token.claimString("client_id"); client != "" {
			d.use.Audiences = []string{client}
			fix = d.set("audience", client) + " if that is your app client"
		}
		d.wrong("audience", fix, "access tokens of Cognito name the app client they are for, not an API")
	}
}
