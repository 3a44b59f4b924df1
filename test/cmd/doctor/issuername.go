package main

import (
	"fmt"
	"net/url"
	"strings"

	"accountapi/test/internal/discovery"
)

// correctIssuer returns the URL of an issuer as it was probably meant, and the mistakes
// in what was given. An issuer may be any string if the URL of its keys is given too.
func correctIssuer(given string, keysGiven bool) (issuer string, mistakes []string) {
	mistake := func(text string) { mistakes = append(mistakes, text) }
	issuer = strings.Trim(given, " \t\r\n\"'")
	if issuer != given {
		mistake("there are spaces or quotation marks around it")
	}
	_, recognized := kindOfIssuer(issuer)
	anyString := keysGiven && !recognized
	if !strings.Contains(issuer, "://") {
		if anyString {
			return issuer, mistakes
		}
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
	if u.User != nil || (u.RawQuery != "" || u.Fragment != "") && !anyString {
		mistake("it has a user, a query or a fragment")
		u.User, u.RawQuery, u.Fragment = nil, "", ""
		issuer = u.String()
	}
	if k, _ := kindOfIssuer(issuer); !discovery.Secure(u) && u.Scheme == "http" && !anyString && k.name != "AD FS" {
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
	case host == "login.microsoftonline.com" || host == "sts.windows.net":
		return " (Entra has two issuers: https://login.microsoftonline.com/TENANT_ID/v2.0 for v2.0 tokens " +
			"and https://sts.windows.net/TENANT_ID/ for v1.0 tokens; the claim ver of a token says which)"
	}
	return ""
}

// multiTenant reports whether the name is a template for the issuers of many tenants.
func multiTenant(issuer string) bool { return strings.Contains(issuer, "{") }

func isSecure(address string) bool {
	u, err := url.Parse(address)
	return err == nil && discovery.Secure(u)
}

// shown quotes a URL for the report, without the password that may be in it.
func shown(address string) string {
	if u, err := url.Parse(address); err == nil && u.User != nil {
		address = u.Redacted()
	}
	return fmt.Sprintf("%q", address)
}

// usualForm returns the issuer as its provider writes it into tokens, with or without a
// slash at the end. If its name does not show the kind, it returns the issuer as it is.
func usualForm(issuer string) string {
	k, _ := kindOfIssuer(issuer)
	switch k.name {
	case "Auth0":
		return strings.TrimRight(issuer, "/") + "/"
	case "Cognito", "Okta", "Clerk", "Keycloak", "WorkOS":
		return strings.TrimRight(issuer, "/")
	}
	return issuer
}

// isLocal reports whether the issuer is on this machine, where AWS cannot reach it.
func isLocal(issuer string) bool {
	u, err := url.Parse(issuer)
	return err == nil && discovery.Loopback(u)
}
