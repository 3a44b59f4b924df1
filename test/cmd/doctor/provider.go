package main

import (
	"net/url"
	"slices"
	"strings"

	"accountapi/test/internal/discovery"
)

// preset is one value of PROVIDER: what the authorizer and a deploy do with it.
type preset struct {
	name     string
	audience string   // the claim that names the API
	types    []string // accepted typ in the header, "" is none
	scopes   []string // claims with the scopes; the first that a token has counts
	client   []string // claims of which one must name the client; none if they may be missing
	required []string // other claims that must be there besides sub and exp
	// keysAt returns where a deploy looks for the keys if JWKS_URI is not given; "" if
	// there is no convention for this issuer.
	keysAt func(issuer *url.URL) string
}

var (
	anyType      = []string{"jwt", "at+jwt", ""}
	withTyp      = []string{"jwt", "at+jwt"}
	scopeOrScp   = []string{"scope", "scp"}
	noConvention = func(*url.URL) string { return "" }
	below        = func(path string) func(*url.URL) string {
		return func(issuer *url.URL) string { return issuer.String() + path }
	}
)

// presets are the providers that infra and the authorizer support; the tests compare them
// with infra/testdata/providers.json and with the authorizer.
var presets = []preset{
	{"auth0", "aud", anyType, scopeOrScp, nil, nil, func(issuer *url.URL) string {
		if issuer.Path != "/" {
			return "" // an issuer of Auth0 is a host and a slash, with a custom domain too
		}
		return issuer.String() + ".well-known/jwks.json"
	}},
	{"rfc9068", "aud", []string{"at+jwt"}, []string{"scope"}, []string{"client_id"}, []string{"iat", "jti"}, noConvention},
	{"cognito", "client_id", anyType, []string{"scope"}, nil, nil, below("/.well-known/jwks.json")},
	{"entra", "aud", anyType, []string{"scp", "roles"}, []string{"azp", "appid"}, nil, func(issuer *url.URL) string {
		if tenant, ok := strings.CutSuffix(issuer.String(), "/v2.0"); ok {
			return tenant + "/discovery/v2.0/keys"
		}
		return ""
	}},
	{"okta", "aud", anyType, []string{"scp"}, []string{"cid"}, nil, below("/v1/keys")},
	{"keycloak", "aud", anyType, scopeOrScp, nil, nil, below("/protocol/openid-connect/certs")},
	{"duende", "aud", anyType, scopeOrScp, []string{"client_id", "azp"}, nil,
		below("/.well-known/openid-configuration/jwks")},
	{"clerk", "azp", withTyp, scopeOrScp, nil, nil, below("/.well-known/jwks.json")},
	{"workos", "iss", anyType, scopeOrScp, nil, nil, func(issuer *url.URL) string {
		_, client, found := strings.Cut(issuer.Path, "/user_management/")
		if !found || issuer.Host != "api.workos.com" {
			return ""
		}
		return "https://api.workos.com/sso/jwks/" + client
	}},
}

// presetNames lists the presets, separated by commas.
func presetNames() string {
	names := make([]string, len(presets))
	for i, p := range presets {
		names[i] = p.name
	}
	return strings.Join(names, ", ")
}

// presetNamed returns the preset with this name, auth0 for "".
func presetNamed(name string) (p preset, ok bool) {
	if name == "" {
		name = "auth0"
	}
	i := slices.IndexFunc(presets, func(p preset) bool { return p.name == name })
	if i < 0 {
		return presets[0], false
	}
	return presets[i], true
}

// examineProvider compares PROVIDER with the kind of issuer that its name, the URL of its
// keys or the token shows.
func (d *doctor) examineProvider() {
	given := d.given.Provider
	_, known := presetNamed(given)
	k, recognized := d.kindByURL()
	by, must := "the issuer's URL is one of ", k.needed || k.expected
	if !recognized && (given == "" || given == "auth0") {
		if k, recognized = kindOfToken(d.token); recognized {
			by, must = "the token looks like one of ", k.needed
		}
	}
	fits := k.preset
	if fits == "" {
		fits = "auth0"
	}
	switch {
	case !known && !recognized:
		d.wrong("provider", d.leaveOut("provider")+", or use one of "+presetNames(), "%s %q is unknown",
			d.named("provider"), given)
		d.use.Provider = ""
	case given == "" && fits == "clerk" && d.namesAPI():
		d.ok("provider", "auth0, the default: the token names this API in aud, as only session tokens of Clerk do not")
	case recognized && given == "" && fits != "auth0" && must:
		d.wrong("provider", d.set("provider", fits), "%s%s, and the default is auth0", by, k.name)
		d.use.Provider = fits
	case recognized && given == "" && fits != "auth0":
		d.note("provider", "%s%s: to apply its rules, %s", by, k.name, d.set("provider", fits))
		d.suggested = fits
	case given == "" && rfc9068(d.token):
		d.note("provider", "the token looks like one of RFC 9068: to apply its rules, %s", d.set("provider", "rfc9068"))
		d.suggested = "rfc9068"
	case given == "":
		d.ok("provider", "auth0, the default, which fits most providers")
	case known && (!recognized || given == fits || given == "rfc9068" || k.name == "AD FS" && given == "entra"):
		d.ok("provider", "%s", given)
	case given == "auth0" && !must && fits != "auth0":
		d.note("provider", "auth0, although %s%s: to apply its rules, %s", by, k.name, d.set("provider", fits))
		d.suggested = fits
	default:
		d.wrong("provider", d.set("provider", fits), "%s is %s, but %s%s", d.named("provider"), given, by, k.name)
		d.use.Provider = fits
	}
	if given == "auth0" && d.use.Provider == "auth0" && d.suggested == "" &&
		!isLocal(d.use.Issuer) && keysAt("auth0", d.use.Issuer) == "" {
		d.wrong("provider", d.leaveOut("provider"), "%s auth0 is for issuers that are a host and a slash: "+
			"a deploy refuses it with %q", d.named("provider"), d.use.Issuer)
		d.use.Provider = ""
	}
}

// namesAPI reports whether aud of the token names this API.
func (d *doctor) namesAPI() bool {
	return slices.ContainsFunc(d.token.claimStrings("aud"), func(s string) bool { return slices.Contains(d.use.Audiences, s) })
}

// rfc9068 reports whether the token has what RFC 9068 section 2 requires.
func rfc9068(t token) bool {
	has := func(claim string) bool { return t.claims[claim] != nil }
	return t.mediaType() == "at+jwt" && has("client_id") && has("jti") && has("iat") && has("sub")
}

// keysAt returns where a deploy looks for the keys of an issuer if JWKS_URI is not given;
// "" if the deploy would require JWKS_URI.
func keysAt(provider, issuer string) string {
	u, err := url.Parse(issuer)
	if err != nil || !discovery.Secure(u) {
		return ""
	}
	if p, ok := presetNamed(provider); ok {
		return p.keysAt(u)
	}
	return ""
}
