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

// examineIssuer compares ISSUER with the issuer in its discovery document.
func (d *doctor) examineIssuer(ctx context.Context) {
	var mistakes []string
	d.use.issuer, mistakes = correctIssuer(d.given.issuer)
	document, err := discovery.Fetch(ctx, d.use.issuer)
	_, d.unreachable = errors.AsType[*url.Error](err)
	switch {
	case err == nil && strings.Contains(document.Issuer, "{"):
		d.wrong("issuer", "use ISSUER=https://login.microsoftonline.com/TENANT_ID/v2.0 with the ID of your tenant",
			"%s is for the users of all tenants: the issuer in its discovery document is %q",
			shown(d.given.issuer), document.Issuer)
		return
	case err == nil && !isSecure(document.Issuer):
		d.wrong("issuer", "configure the issuer with its public https URL (behind a proxy that terminates TLS, "+
			"an issuer may not know it)",
			"the issuer in its discovery document, and so in its tokens, is %q: the authorizer trusts only https",
			document.Issuer)
		return
	case err == nil:
		d.document = document
		d.use.issuer = document.Issuer
		if d.given.issuer == document.Issuer {
			d.ok("issuer", "%q is exactly the issuer in its discovery document (%s)", document.Issuer, document.Address)
			break
		}
		if len(mistakes) == 0 {
			mistakes = []string{discovery.Difference(d.given.issuer, document.Issuer)}
		}
		d.wrong("issuer", "use ISSUER="+quote(document.Issuer)+hint(d.use.issuer),
			"ISSUER is %s, but the iss of its tokens is %q: %s",
			shown(d.given.issuer), document.Issuer, strings.Join(mistakes, ", "))
	case len(mistakes) > 0:
		d.wrong("issuer", "use ISSUER="+quote(d.use.issuer)+hint(d.use.issuer),
			"ISSUER is %s: %s", shown(d.given.issuer), strings.Join(mistakes, ", "))
		d.note("issuer", "its discovery document could not be read: %s", explainFailure(err))
	case d.unreachable:
		d.wrong("issuer", "compare ISSUER with the provider's settings, or try again from a network that reaches it"+
			hint(d.use.issuer), "%s", explainFailure(err))
	default:
		d.note("issuer", "there is no discovery document: only a token can show whether its iss is exactly %q (%s)%s",
			d.use.issuer, strings.ReplaceAll(err.Error(), "\n", "; "), hint(d.use.issuer))
	}
	u, err := url.Parse(d.use.issuer)
	if err == nil && byHost(d.use.issuer) == "okta" && !strings.HasPrefix(u.Path, "/oauth2/") {
		d.wrong("issuer", "use a custom authorization server, such as ISSUER=https://"+u.Host+"/oauth2/default",
			"access tokens of Okta's org authorization server are for Okta's own APIs: no other API can verify them")
	}
}

func isSecure(address string) bool {
	u, err := url.Parse(address)
	return err == nil && discovery.Secure(u)
}

// correctIssuer returns the URL of an issuer as it was probably meant, and the mistakes
// in what was given.
func correctIssuer(given string) (issuer string, mistakes []string) {
	mistake := func(text string) { mistakes = append(mistakes, text) }
	issuer = strings.Trim(given, " \t\r\n\"'")
	if issuer != given {
		mistake("there are spaces or quotation marks around it")
	}
	if !strings.Contains(issuer, "://") {
		mistake("https:// is missing")
		issuer = "https://" + issuer
	}
	if before, _, found := strings.Cut(issuer, "/.well-known/"); found {
		mistake("it is the URL of a document, not of the issuer")
		issuer = before + "/"
	}
	u, err := url.Parse(issuer)
	if err != nil || u.Host == "" {
		return issuer, mistakes
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		mistake("it has a user, a query or a fragment")
		u.User, u.RawQuery, u.Fragment = nil, "", ""
		issuer = u.String()
	}
	if !discovery.Secure(u) {
		mistake(u.Scheme + " instead of https")
		issuer = "https" + strings.TrimPrefix(issuer, u.Scheme)
	}
	if exact := usualForm(issuer); exact != issuer {
		mistake(discovery.Difference(issuer, exact))
		issuer = exact
	}
	return issuer, mistakes
}

// hint returns a remark about URLs that are often mistaken for the issuer, "" if there is
// none for this one.
func hint(issuer string) string {
	u, err := url.Parse(issuer)
	if err != nil {
		return ""
	}
	switch host := strings.ToLower(u.Hostname()); {
	case strings.HasSuffix(host, ".amazoncognito.com"):
		return " (this is the domain where users of a Cognito user pool sign in; " +
			"the pool's issuer is https://cognito-idp.REGION.amazonaws.com/POOL_ID)"
	case byHost(issuer) == "entra":
		return " (Entra has two issuers: https://login.microsoftonline.com/TENANT_ID/v2.0 for v2.0 tokens " +
			"and https://sts.windows.net/TENANT_ID/ for v1.0 tokens; the claim ver of a token says which)"
	}
	return ""
}

// explainFailure says why there was no discovery document.
func explainFailure(err error) string {
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		return fmt.Sprintf("the host %q was not found: its name is wrong, or this machine has no network", dns.Name)
	}
	if request, ok := errors.AsType[*url.Error](err); ok {
		return fmt.Sprintf("no answer from %s: %v", request.URL, request.Err)
	}
	return strings.ReplaceAll(err.Error(), "\n", "; ")
}

// shown quotes a URL for the report, without the password that may be in it.
func shown(address string) string {
	if u, err := url.Parse(address); err == nil && u.User != nil {
		address = u.Redacted()
	}
	return fmt.Sprintf("%q", address)
}
