package main

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"accountapi/test/internal/discovery"
)

// provider is what can be told about a kind of issuer without asking one.
type provider struct {
	name  string
	hosts *regexp.Regexp // of its issuers
	// keysAt is where a deploy looks for the keys if nobody says; "" if the kind has no
	// convention for this issuer.
	keysAt func(issuer *url.URL) string
}

// providers are the kinds with hosts of their own; rfc9068 is a kind of token.
var providers = []provider{
	{"auth0", regexp.MustCompile(`\.auth0\.com$`), func(issuer *url.URL) string {
		if issuer.Path != "/" {
			return "" // an issuer of Auth0 is a host and a slash, with a custom domain too
		}
		return issuer.String() + ".well-known/jwks.json"
	}},
	{"cognito", regexp.MustCompile(`(^|-)cognito-idp\..+\.amazonaws\.com(\.cn)?$`), func(issuer *url.URL) string {
		return issuer.String() + "/.well-known/jwks.json"
	}},
	{"entra", regexp.MustCompile(`^(login\.microsoftonline\.(com|us)|sts\.windows\.net)$|\.ciamlogin\.com$`), func(issuer *url.URL) string {
		if tenant, ok := strings.CutSuffix(issuer.String(), "/v2.0"); ok {
			return tenant + "/discovery/v2.0/keys"
		}
		return ""
	}},
	{"okta", regexp.MustCompile(`\.(okta|oktapreview|okta-emea|okta-gov)\.com$`), func(issuer *url.URL) string {
		return issuer.String() + "/v1/keys"
	}},
}

// examineProvider compares the kind of provider with what the issuer's host gives away.
func (d *doctor) examineProvider() {
	host := byHost(d.use.issuer)
	switch given := d.given.provider; {
	case given != "" && !known(given) && host == "":
		d.wrong("provider", "leave PROVIDER out, or use auth0, rfc9068, cognito, entra or okta", "PROVIDER %q is unknown", given)
		d.use.provider = ""
	case given == "" && host != "" && host != "auth0":
		d.wrong("provider", "add PROVIDER="+host, "the issuer's host is that of %s, and the default is auth0", host)
		d.use.provider = host
	case given == "":
		d.ok("provider", "auth0, the default, which fits most providers")
	case host == "" || given == host:
		d.ok("provider", "%s", given)
	case given == "rfc9068" || given == "auth0" && host != "cognito":
		d.note("provider", "%s, although the issuer's host is that of %s", given, host)
	default:
		d.wrong("provider", "use PROVIDER="+host, "PROVIDER is %s, but the issuer's host is that of %s", given, host)
		d.use.provider = host
	}
	if d.given.provider == "auth0" && !isLocal(d.use.issuer) && keysAt("auth0", d.use.issuer) == "" {
		d.wrong("provider", "leave PROVIDER out", "PROVIDER=auth0 is for issuers that are a host and a slash, and a deploy refuses %q with it", d.use.issuer)
		d.use.provider = ""
	}
}

// known tells whether there is a kind of provider of this name.
func known(name string) bool {
	return name == "rfc9068" || slices.ContainsFunc(providers, func(p provider) bool { return p.name == name })
}

// usualForm returns the issuer as its provider writes it into tokens, if its host gives the
// provider away: with a slash at the end, or without.
func usualForm(issuer string) string {
	switch byHost(issuer) {
	case "auth0":
		return strings.TrimRight(issuer, "/") + "/"
	case "cognito", "okta":
		return strings.TrimRight(issuer, "/")
	}
	return issuer
}

// byHost returns the kind that the issuer's host gives away, "" if none.
func byHost(issuer string) string {
	u, err := url.Parse(issuer)
	if err != nil {
		return ""
	}
	for _, p := range providers {
		if p.hosts.MatchString(strings.ToLower(u.Hostname())) {
			return p.name
		}
	}
	return ""
}

// keysAt returns where a deploy looks for the keys of an issuer if nobody says where; "" if
// it would ask to be told.
func keysAt(name, issuer string) string {
	u, err := url.Parse(issuer)
	if err != nil {
		return ""
	}
	if name == "" {
		name = "auth0"
	}
	for _, p := range providers {
		if p.name == name {
			return p.keysAt(u)
		}
	}
	return ""
}

// byShape returns the kind that a token gives away, where the issuer's host does not; "" if
// it is the usual one.
func byShape(t token) string {
	switch {
	case t.text("token_use") == "access" && t.claims["aud"] == nil:
		return "cognito"
	case t.claims["cid"] != nil && t.claims["scp"] != nil:
		return "okta"
	case t.claims["tid"] != nil && t.claims["scp"] != nil:
		return "entra"
	case strings.EqualFold(t.headerText("typ"), "at+jwt") && t.claims["client_id"] != nil && t.claims["jti"] != nil && t.claims["iat"] != nil:
		return "rfc9068"
	}
	return ""
}

// isLocal tells whether the issuer is on this machine, where no function on AWS gets.
func isLocal(issuer string) bool {
	u, err := url.Parse(issuer)
	return err == nil && discovery.Loopback(u)
}
