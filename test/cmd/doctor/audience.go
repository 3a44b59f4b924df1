package main

import (
	"regexp"
	"slices"
	"strings"
)

// clientID matches client IDs of Auth0.
var clientID = regexp.MustCompile(`^[A-Za-z0-9]{32}$`)

// examineAudience looks for values that are often mistaken for the identifier of an API.
func (d *doctor) examineAudience() {
	isURL := func(s string) bool { return strings.Contains(s, "://") }
	for _, audience := range d.use.audiences {
		switch {
		case audience == d.use.issuer+"api/v2/" || audience == d.use.issuer+"userinfo":
			d.wrong("audience", "create an API at the issuer (Auth0: Applications → APIs → Create API) "+
				"and use its identifier as AUDIENCE",
				"%q is Auth0's own API: all tokens for that API would be accepted by this one too", audience)
		case byHost(d.use.issuer) == "auth0" && clientID.MatchString(audience):
			d.note("audience", "%q looks like a client ID: "+
				"it should be the identifier of the API (Auth0: Applications → APIs)", audience)
		default:
			d.ok("audience", "%q", audience)
		}
	}
	if d.use.provider == "cognito" && !slices.ContainsFunc(d.use.audiences, func(s string) bool { return !isURL(s) }) {
		d.wrong("audience", "use AUDIENCE=APP_CLIENT_ID with the ID of the app client",
			"access tokens of Cognito name the app client they are for, not an API")
	}
}
