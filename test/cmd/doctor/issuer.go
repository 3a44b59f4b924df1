package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"accountapi/test/internal/discovery"
)

// examineIssuer compares the issuer with what it calls itself.
func (d *doctor) examineIssuer(ctx context.Context) {
	var slips []string
	d.use.issuer, slips = address(d.given.issuer)
	document, err := discovery.Fetch(ctx, d.use.issuer)
	_, d.offline = errors.AsType[*url.Error](err)
	switch {
	case err == nil && strings.Contains(document.Issuer, "{"):
		d.wrong("issuer", "use ISSUER=https://login.microsoftonline.com/TENANT_ID/v2.0 with the ID of your tenant",
			"%s is for the tenants of everybody: it calls itself %q", shown(d.given.issuer), document.Issuer)
		return
	case err == nil && !isSecure(document.Issuer):
		d.wrong("issuer", "tell the issuer its public address, behind a proxy that ends TLS it does not know that by itself",
			"it calls itself %q, and so do its tokens: the authorizer trusts https only", document.Issuer)
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
	case d.offline:
		d.wrong("issuer", "compare ISSUER with the provider's settings, and try again where there is a way to it"+hint(d.use.issuer), "%s", trouble(err))
	default:
		d.note("issuer", "no discovery document, so whether it calls itself exactly %q only a token can tell (%s)%s",
			d.use.issuer, strings.ReplaceAll(err.Error(), "\n", "; "), hint(d.use.issuer))
	}
	if u, err := url.Parse(d.use.issuer); err == nil && byHost(d.use.issuer) == "okta" && !strings.HasPrefix(u.Path, "/oauth2/") {
		d.wrong("issuer", "use a custom authorization server, such as ISSUER=https://"+u.Host+"/oauth2/default",
			"tokens of Okta's org authorization server are for Okta itself, nobody else can check them")
	}
}

func isSecure(address string) bool {
	u, err := url.Parse(address)
	return err == nil && discovery.Secure(u)
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
	if exact := usualForm(issuer); exact != issuer {
		slip(discovery.Difference(issuer, exact))
		issuer = exact
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
