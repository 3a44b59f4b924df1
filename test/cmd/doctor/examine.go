package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"accountapi/test/internal/discovery"
)

// doctor is one examination under way.
type doctor struct {
	*report
	bootstrap string   // of the authorizer
	given     settings // as they were given
	// use are the settings that the rest is checked with: what was left out is filled in,
	// and a mistake that has been named is corrected, so that the next one shows too.
	use      settings
	document discovery.Document // of the issuer; empty if there is none
	token    token
}

// examine is the whole examination. Its error is errNotFine if a mistake was found.
func examine(ctx context.Context, s settings, bootstrap string, r *report) error {
	d := &doctor{report: r, bootstrap: bootstrap, given: s, use: s, token: decode(s.token)}
	d.examineIssuer(ctx)
	d.examineProvider()
	d.examineAudience()
	d.examineJWKSURI()
	usable, err := d.examineKeys(ctx)
	if err != nil {
		return err
	}
	if s.token == "" {
		d.note("token", "none to try: with TOKEN=… the authorizer's verdict on it is explained as well")
	} else if err := d.examineToken(ctx); err != nil {
		return err
	}
	return r.conclude(d.use, usable)
}

// examineIssuer compares the issuer with what it calls itself.
func (d *doctor) examineIssuer(ctx context.Context) {
	var slips []string
	d.use.issuer, slips = address(d.given.issuer)
	document, err := discovery.Fetch(ctx, d.use.issuer)
	switch {
	case err == nil && strings.Contains(document.Issuer, "{"):
		d.wrong("issuer", "use ISSUER=https://login.microsoftonline.com/TENANT_ID/v2.0 with the ID of your tenant",
			"%s is for the tenants of everybody: it calls itself %q", shown(d.given.issuer), document.Issuer)
		return
	case err == nil:
		d.document = document
		d.use.issuer = document.Issuer
		if d.given.issuer == document.Issuer {
			d.ok("issuer", "%q is what it calls itself, byte for byte (%s)", document.Issuer, document.Address)
			break
		}
		if len(slips) == 0 {
			slips = []string{discovery.Difference(d.given.issuer, document.Issuer)}
		}
		d.wrong("issuer", "use ISSUER="+quote(document.Issuer)+hint(d.use.issuer),
			"ISSUER is %s, but tokens say %q: %s", shown(d.given.issuer), document.Issuer, strings.Join(slips, ", "))
	case len(slips) > 0:
		d.wrong("issuer", "use ISSUER="+quote(d.use.issuer)+hint(d.use.issuer),
			"ISSUER is %s: %s", shown(d.given.issuer), strings.Join(slips, ", "))
		d.note("issuer", "what it calls itself is not known: %s", trouble(err))
	default:
		if _, unreachable := errors.AsType[*url.Error](err); unreachable {
			d.wrong("issuer", "compare ISSUER with the provider's settings, and try again with a network that reaches it"+hint(d.use.issuer), "%s", trouble(err))
			break
		}
		d.note("issuer", "no discovery document, so whether it calls itself exactly %q only a token can tell (%s)%s",
			d.use.issuer, strings.ReplaceAll(err.Error(), "\n", "; "), hint(d.use.issuer))
	}
	if u, err := url.Parse(d.use.issuer); err == nil && byHost(d.use.issuer) == "okta" && !strings.HasPrefix(u.Path, "/oauth2/") {
		d.wrong("issuer", "use a custom authorization server, such as ISSUER=https://"+u.Host+"/oauth2/default",
			"tokens of Okta's org authorization server are for Okta itself, nobody else can check them")
	}
}

// address makes the URL of an issuer out of what people paste, and says what was wrong.
func address(given string) (issuer string, slips []string) {
	slip := func(text string) { slips = append(slips, text) }
	issuer = strings.Trim(given, " \t\r\n\"'")
	if issuer != given {
		slip("there are blanks or quotes around it")
	}
	if !strings.Contains(issuer, "://") {
		slip("https:// is missing")
		issuer = "https://" + issuer
	}
	if before, _, found := strings.Cut(issuer, "/.well-known/"); found {
		slip("it is the address of a document, not the issuer's name")
		issuer = before + "/"
	}
	u, err := url.Parse(issuer)
	if err != nil || u.Host == "" {
		return issuer, slips
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		slip("it has a user, a query or a fragment")
		u.User, u.RawQuery, u.Fragment = nil, "", ""
		issuer = u.String()
	}
	if !discovery.Secure(u) {
		slip(u.Scheme + " instead of https")
		issuer = "https" + strings.TrimPrefix(issuer, u.Scheme)
	}
	if len(slips) > 0 && u.Path == "" {
		issuer += "/" // the likelier form: Auth0's
	}
	return issuer, slips
}

// hint is what people often take for the issuer of some providers.
func hint(issuer string) string {
	u, err := url.Parse(issuer)
	if err != nil {
		return ""
	}
	switch host := strings.ToLower(u.Hostname()); {
	case strings.HasSuffix(host, ".amazoncognito.com"):
		return " (this is where users of a Cognito pool sign in; its issuer is https://cognito-idp.REGION.amazonaws.com/POOL_ID)"
	case byHost(issuer) == "entra":
		return " (Entra has two issuers: https://login.microsoftonline.com/TENANT_ID/v2.0 for v2.0 tokens and https://sts.windows.net/TENANT_ID/ for v1.0 ones; the ver of a token tells)"
	}
	return ""
}

// trouble says in plain words why nobody answered.
func trouble(err error) string {
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		return fmt.Sprintf("there is no host %q: a slip in its name, or this machine has no network", dns.Name)
	}
	if request, ok := errors.AsType[*url.Error](err); ok {
		return fmt.Sprintf("no answer from %s: %v", request.URL, request.Err)
	}
	return strings.ReplaceAll(err.Error(), "\n", "; ")
}

// shown is a URL to print, without a password that may be in it.
func shown(address string) string {
	if u, err := url.Parse(address); err == nil && u.User != nil {
		address = u.Redacted()
	}
	return fmt.Sprintf("%q", address)
}

// examineProvider compares the kind of provider with what the issuer's host gives away.
func (d *doctor) examineProvider() {
	host := byHost(d.use.issuer)
	switch given := d.given.provider; {
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

// clientID is what Auth0's client IDs look like.
var clientID = regexp.MustCompile(`^[A-Za-z0-9]{32}$`)

// examineAudience looks for what people take for the identifier of their API.
func (d *doctor) examineAudience() {
	isURL := func(s string) bool { return strings.Contains(s, "://") }
	for _, audience := range d.use.audiences {
		switch {
		case audience == d.use.issuer+"api/v2/" || audience == d.use.issuer+"userinfo":
			d.wrong("audience", "make an API of your own at the issuer (Auth0: Applications → APIs → Create API) and use its identifier as AUDIENCE",
				"%q is Auth0's own API: whoever may call that could call this one too", audience)
		case byHost(d.use.issuer) == "auth0" && clientID.MatchString(audience):
			d.note("audience", "%q looks like the ID of a client: it should be the identifier of the API (Auth0: Applications → APIs)", audience)
		default:
			d.ok("audience", "%q", audience)
		}
	}
	if d.use.provider == "cognito" && !slices.ContainsFunc(d.use.audiences, func(s string) bool { return !isURL(s) }) {
		d.wrong("audience", "use AUDIENCE=APP_CLIENT_ID with the ID of the app client",
			"access tokens of Cognito name the app client they are for, not an API")
	}
}

// examineJWKSURI finds out where the keys are, and whether the settings lead there.
func (d *doctor) examineJWKSURI() {
	published := d.document.JWKSURI
	convention := keysAt(d.use.provider, d.use.issuer)
	switch given := d.given.jwksURI; {
	case given != "" && published != "" && given != published:
		d.note("jwksUri", "%s, although the issuer says that its keys are at %q", shown(given), published)
	case given != "":
		d.ok("jwksUri", "%s", shown(given))
	case published != "" && (published == convention || isLocal(d.use.issuer)):
		d.use.jwksURI = published // the local runner asks the issuer
		d.ok("jwksUri", "%q, where the issuer says that its keys are", published)
	case published != "":
		d.use.jwksURI = published
		where := fmt.Sprintf("would look for the keys at %s", convention)
		if convention == "" {
			where = "knows no usual place for the keys of this issuer"
		}
		d.wrong("jwksUri", "add JWKS_URI="+quote(published), "without JWKS_URI a deploy %s; the issuer says that they are at %q", where, published)
	case convention != "":
		d.use.jwksURI = convention
		d.note("jwksUri", "%q, by convention: the issuer does not say", convention)
	default:
		d.wrong("jwksUri", "add JWKS_URI=https://… from the provider's documentation", "where the keys are is not known: there is no usual place for this issuer, and it does not say")
	}
}
