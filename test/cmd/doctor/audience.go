package main

import (
	"regexp"
	"slices"
	"strings"
)

// auth0Client matches client IDs of Auth0.
var auth0Client = regexp.MustCompile(`^[A-Za-z0-9]{32}$`)

// otherAPIs are audiences of tokens for the issuer itself, or for another API of the
// provider, and what they are.
var otherAPIs = []struct {
	audience *regexp.Regexp
	what     string
}{
	{regexp.MustCompile(`^https://[^/]+/(api/v2/|userinfo)$`), "Auth0's own API"},
	{regexp.MustCompile(`^account$`), "Keycloak's own account console"},
	{regexp.MustCompile(`^(00000003-0000-0000-c000-000000000000|https://graph\.microsoft\.com/?)$`), "Microsoft Graph"},
	{regexp.MustCompile(`^urn:microsoft:userinfo$`), "the userinfo endpoint of AD FS"},
	{regexp.MustCompile(`^https://[^/]+\.okta(preview|-emea)?\.com$`), "Okta's own APIs"},
}

// otherAPI says whose audience this is; "" if it may be that of an API of the user.
func otherAPI(audience string) string {
	for _, other := range otherAPIs {
		if other.audience.MatchString(audience) {
			return other.what
		}
	}
	return ""
}

// examineAudience looks for values that are often mistaken for the identifier of an API.
func (d *doctor) examineAudience() {
	k := d.kind()
	for _, audience := range d.use.Audiences {
		switch what := otherAPI(audience); {
		case what != "":
			d.wrong("audience", d.advice(k.request)+", and "+d.set("audience", "…")+" with the identifier of your API",
				"%q is the audience of %s: all tokens for that would be accepted by this API too", audience, what)
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
