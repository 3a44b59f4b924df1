package main

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"accountapi/test/internal/discovery"
)

// provider is one kind of issuer: what is known about all issuers of this kind.
type provider struct {
	name  string
	hosts *regexp.Regexp // of its issuers; nil if the kind cannot be told from the host
	// keysAt returns where a deploy looks for the keys if JWKS_URI is not given; "" if
	// the kind has no convention for this issuer.
	keysAt func(issuer *url.URL) string
}

// providers are the kinds that infra supports; the tests compare them with
// infra/testdata/providers.json.
var providers = []provider{
	{"auth0", regexp.MustCompile(`\.auth0\.com$`), func(issuer *url.URL) string {
		if issuer.Path != "/" {
			return "" // an issuer of Auth0 is a host and a slash, with a custom domain too
		}
		return issuer.String() + ".well-known/jwks.json"
	}},
	{"rfc9068", nil, func(*url.URL) string { return "" }},
	{"cognito", regexp.MustCompile(`(^|-)cognito-idp\..+\.amazonaws\.com(\.cn)?$`), func(issuer *url.URL) string {
		return issuer.String() + "/.well-known/jwks.json"
	}},
	{"entra", regexp.MustCompile(`^(login\.microsoftonline\.(com|us)|sts\.windows\.net)$|\.ciamlogin\.com$`),
		func(issuer *url.URL) string {
			if tenant, ok := strings.CutSuffix(issuer.String(), "/v2.0"); ok {
				return tenant + "/discovery/v2.0/keys"
			}
			return ""
		}},
	{"okta", regexp.MustCompile(`\.(okta|oktapreview|okta-emea|okta-gov)\.com$`), func(issuer *url.URL) string {
		return issuer.String() + "/v1/keys"
	}},
}

// providerNames lists the kinds, separated by commas.
func providerNames() string {
	names := make([]string, len(providers))
	for i, p := range providers {
		names[i] = p.name
	}
	return strings.Join(names, ", ")
}

// named returns the kind of provider with this name.
func named(name string) (p provider, ok bool) {
	i := slices.IndexFunc(providers, func(p provider) bool { return p.name == name })
	if i < 0 {
		return provider{}, false
	}
	return providers[i], true
}

// examineProvider compares PROVIDER with the issuer's host.
func (d *doctor) examineProvider() {
	host := byHost(d.use.issuer)
	_, known := named(d.given.provider)
	switch given := d.given.provider; {
	case given != "" && !known && host == "":
		d.wrong("provider", "leave PROVIDER out, or use one of "+providerNames(), "PROVIDER %q is unknown", given)
		d.use.provider = ""
	case given == "" && host != "" && host != "auth0":
		d.wrong("provider", "add PROVIDER="+host, "the issuer's host is one of %s, and the default is auth0", host)
		d.use.provider = host
	case given == "":
		d.ok("provider", "auth0, the default, which fits most providers")
	case host == "" || given == host:
		d.ok("provider", "%s", given)
	case given == "rfc9068" || given == "auth0" && host != "cognito":
		d.note("provider", "%s, although the issuer's host is one of %s", given, host)
	default:
		d.wrong("provider", "use PROVIDER="+host, "PROVIDER is %s, but the issuer's host is one of %s", given, host)
		d.use.provider = host
	}
	if d.given.provider == "auth0" && !isLocal(d.use.issuer) && keysAt("auth0", d.use.issuer) == "" {
		d.wrong("provider", "leave PROVIDER out",
			"PROVIDER=auth0 is for issuers that are a host and a slash: a deploy refuses it with %q", d.use.issuer)
		d.use.provider = ""
	}
}

// examineTokenKind checks whether the token shows a kind of provider that neither
// PROVIDER nor the issuer's host names.
func (d *doctor) examineTokenKind() {
	kind := byToken(d.token)
	if kind == "" || d.use.provider != "" || byHost(d.use.issuer) != "" {
		return
	}
	d.use.provider = kind
	switch kind {
	case "cognito":
		d.wrong("provider", "add PROVIDER=cognito",
			"the token looks like one of Cognito, which names an app client, not an API")
	default:
		d.note("provider",
			"the token looks like one of %s: PROVIDER=%[1]s applies the rules for these to all tokens", kind)
	}
}

// usualForm returns the issuer as its provider writes it into tokens, with or without a
// slash at the end. If the host does not show the provider, it returns the issuer as it
// is.
func usualForm(issuer string) string {
	switch byHost(issuer) {
	case "auth0":
		return strings.TrimRight(issuer, "/") + "/"
	case "cognito", "okta":
		return strings.TrimRight(issuer, "/")
	}
	return issuer
}

// byHost returns the kind of provider that has the issuer's host, "" if none has.
func byHost(issuer string) string {
	u, err := url.Parse(issuer)
	if err != nil {
		return ""
	}
	for _, p := range providers {
		if p.hosts != nil && p.hosts.MatchString(strings.ToLower(u.Hostname())) {
			return p.name
		}
	}
	return ""
}

// keysAt returns where a deploy looks for the keys of an issuer if JWKS_URI is not given;
// "" if the deploy would require JWKS_URI.
func keysAt(name, issuer string) string {
	u, err := url.Parse(issuer)
	if err != nil {
		return ""
	}
	if name == "" {
		name = "auth0"
	}
	if p, ok := named(name); ok {
		return p.keysAt(u)
	}
	return ""
}

// byToken returns the kind of provider that issues tokens with these claims, "" if they
// are the usual ones.
func byToken(t token) string {
	has := func(claim string) bool { return t.claims[claim] != nil }
	switch {
	case t.claimString("token_use") == "access" && !has("aud"):
		return "cognito"
	case has("cid") && has("scp"):
		return "okta"
	case has("tid") && has("scp"):
		return "entra"
	case strings.EqualFold(t.headerString("typ"), "at+jwt") && has("client_id") && has("jti") && has("iat"):
		return "rfc9068"
	}
	return ""
}

// isLocal reports whether the issuer is on this machine, where AWS cannot reach it.
func isLocal(issuer string) bool {
	u, err := url.Parse(issuer)
	return err == nil && discovery.Loopback(u)
}
