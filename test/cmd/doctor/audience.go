package main

import (
	"accountapi/test/internal/discovery"
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

// otherAudience explains a token for another API. If its aud is nearly the audience, it
// corrects the settings, so that the command at the end is right.
func (d *doctor) otherAudience() (why, fix string) {
	k, claim := d.kind(), d.audienceClaim()
	if claim == "iss" {
		claim = "aud"
	}
	if value, found := d.token.find(claim); found && !areStrings(value) {
		return claim + " is " + d.token.shown(claim) + ", and must be a string or an array of strings",
			"configure the issuer to put a string, or an array of strings, into " + claim
	}
	audiences := d.token.claimStrings(claim)
	for _, theirs := range audiences {
		for i, ours := range d.use.Audiences {
			if strings.EqualFold(strings.TrimRight(theirs, "/"), strings.TrimRight(ours, "/")) && theirs != ours {
				d.use.Audiences = slices.Clone(d.use.Audiences)
				d.use.Audiences[i] = theirs
				return "they are nearly the same: " + discovery.Difference(ours, theirs),
					d.set("audience", d.use.Audiences...)
			}
		}
	}
	for _, ours := range d.use.Audiences {
		for _, theirs := range audiences {
			if k.name == "Entra" && strings.TrimPrefix(ours, "api://") == strings.TrimPrefix(theirs, "api://") {
				d.use.Audiences = []string{theirs}
				return "v2.0 tokens of Entra have the client ID of the API in aud, v1.0 tokens its application ID URI",
					d.set("audience", theirs)
			}
		}
	}
	fix = d.advice(k.request)
	if d.forClient(audiences) {
		return "it is for the client, as ID tokens are", sendAccess + "; if it is the access_token, " + fix
	}
	if len(audiences) == 0 {
		return "the token does not name an API: it has no claim " + claim, fix
	}
	var others []string
	for _, theirs := range audiences {
		if what, _ := otherAPI(theirs); what != "" {
			others = append(others, what)
			continue
		}
		what := map[string]string{"azp": "your front end", "client_id": "your app client", "aud": "this API"}[claim]
		all := []string{theirs}
		if claim != d.preset().audience && d.preset().audience != "iss" { // both claims must name this API
			all = append(slices.Clone(d.use.Audiences), theirs)
		}
		return "it is for another API", d.set("audience", all...) + " if that is " + what + "; otherwise " + fix
	}
	return "it is for " + strings.Join(others, " and "), fix
}

// forClient reports whether the token is for the client that has requested it.
func (d *doctor) forClient(audiences []string) bool {
	if d.preset().audience != "aud" || len(audiences) != 1 {
		return false
	}
	for _, claim := range []string{"azp", "client_id", "appid", "cid"} {
		if d.token.claimString(claim) == audiences[0] {
			return true
		}
	}
	return d.kind().name == "Auth0" && auth0Client.MatchString(audiences[0])
}
