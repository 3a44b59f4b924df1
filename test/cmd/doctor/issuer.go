package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"accountapi/test/internal/discovery"
)

// examineIssuer compares the issuer with the iss of the token and with its discovery
// document. If they differ, the name in the token is right: the authorizer compares the
// issuer with iss, and some issuers (AD FS, FusionAuth) have another name in their
// document.
func (d *doctor) examineIssuer(ctx context.Context) error {
	given, iss := d.given.Issuer, d.token.accessIssuer()
	probable, mistakes := correctIssuer(given, d.given.JWKSURI != "")
	failure := d.readDiscovery(ctx, probable)
	names := d.names()
	if iss != "" && iss != given && !slices.Contains(names, iss) && !d.sharesKeys(iss) {
		signed, err := d.signed(ctx, iss)
		if err != nil {
			return err
		}
		if signed {
			d.use.Issuer = iss
			d.wrong("issuer", d.set("issuer", iss), "%s is %s, but the token, which is signed with the keys of this issuer, "+
				"has the iss %q", d.named("issuer"), shown(given), iss)
			return nil
		}
	}
	switch {
	case d.unreachable && d.given.JWKSURI == "" && len(mistakes) == 0:
		d.wrong("issuer", "compare "+d.named("issuer")+" with the provider's settings, "+
			"or "+d.fixForNetwork()+hint(given), "%s", explainFailure(failure))
	case iss != "" && iss == given && !slices.Contains(names, given):
		d.ok("issuer", "%q is exactly the iss of the token", given)
		if len(names) > 0 && !multiTenant(names[0]) {
			d.note("issuer", "its discovery document (%s) has the name %q: the iss of the tokens counts, so keep %q",
				d.document.Address, names[0], given)
		}
	case multiTenant(d.document.Issuer):
		d.wrong("issuer", d.set("issuer", "https://login.microsoftonline.com/TENANT_ID/v2.0")+" with the ID of your tenant",
			"%s is for the users of all tenants: the issuer in its discovery document is %q", shown(given), d.document.Issuer)
		return nil
	case len(names) > 0:
		d.compare(names, mistakes)
	case len(mistakes) > 0:
		d.use.Issuer = probable
		d.wrong("issuer", d.set("issuer", probable)+hint(probable),
			"%s is %s: %s", d.named("issuer"), shown(given), strings.Join(mistakes, ", "))
		d.note("issuer", "its discovery document could not be read: %s", explainFailure(failure))
	default:
		why := explainFailure(failure)
		if !isSecure(given) {
			why = "there is none for a name that is not an https URL"
		}
		d.note("issuer", "no discovery document could be read: only a token can show whether its iss is exactly %q (%s)%s",
			given, why, hint(given))
	}
	u, err := url.Parse(d.use.Issuer)
	if k, _ := kindOfIssuer(d.use.Issuer); err == nil && k.name == "Okta" && !strings.HasPrefix(u.Path, "/oauth2/") {
		d.wrong("issuer", d.set("issuer", "https://"+u.Host+"/oauth2/default")+
			" or another custom authorization server, and request tokens from it",
			"access tokens of Okta's org authorization server are for Okta's own APIs: no other API can verify them")
	}
	return nil
}

// names are the values of iss that the discovery document names, that of access tokens
// first.
func (d *doctor) names() (names []string) {
	for _, name := range []string{d.document.AccessTokenIssuer, d.document.Issuer} {
		if name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// compare compares the issuer with the names in its discovery document, of which the
// token's is the right one, or else the first.
func (d *doctor) compare(names, mistakes []string) {
	right, by := names[0], "its discovery document has"
	if d.document.AccessTokenIssuer == right && len(names) > 1 {
		by = "access_token_issuer in its discovery document, the iss of its access tokens, is"
	}
	if iss := d.token.accessIssuer(); slices.Contains(names, iss) {
		right, by = iss, "the iss of the token, which its discovery document names, is"
	}
	d.use.Issuer = right
	if d.given.Issuer == right {
		d.ok("issuer", "%q is exactly the issuer in its discovery document (%s)", right, d.document.Address)
		return
	}
	if len(mistakes) == 0 {
		mistakes = []string{discovery.Difference(d.given.Issuer, right)}
	}
	fix := d.set("issuer", right) + hint(right)
	if d.document.AccessTokenIssuer == "" && !isSecure(right) && strings.HasPrefix(right, "http://") {
		fix += ", or configure the issuer with its public https URL (behind a proxy that terminates TLS, " +
			"an issuer may not know it)"
	}
	d.wrong("issuer", fix,
		"%s is %s, but %s %q: %s", d.named("issuer"), shown(d.given.Issuer), by, right, strings.Join(mistakes, ", "))
}

// readDiscovery reads the discovery document of the issuer, or else that beside its keys.
func (d *doctor) readDiscovery(ctx context.Context, issuer string) (failure error) {
	document, failure := discovery.Fetch(ctx, issuer)
	if u, err := url.Parse(issuer); failure != nil && err == nil && u.Path == "/adfs/services/trust" {
		if !discovery.Secure(u) {
			u.Scheme = "https"
		}
		document, failure = discovery.Fetch(ctx, u.Scheme+"://"+u.Host+"/adfs") // where AD FS publishes it
	}
	_, d.unreachable = errors.AsType[*url.Error](failure)
	_, d.privateCA = errors.AsType[x509.UnknownAuthorityError](failure)
	// If the issuer is the iss of the token, there is nothing to compare.
	if failure != nil && d.given.JWKSURI != "" && d.token.accessIssuer() != d.given.Issuer {
		if beside, err := discovery.Beside(ctx, d.given.JWKSURI); err == nil {
			document, failure, d.unreachable = beside, nil, false
		}
	}
	d.document = document
	if u, err := url.Parse(document.JWKSURI); err == nil && document.JWKSURI != "" && !discovery.Secure(u) {
		u.Scheme = "https" // the authorizer fetches nothing over http
		d.document.JWKSURI = u.String()
	}
	return failure
}

// fixForNetwork says how to reach the issuer.
func (d *doctor) fixForNetwork() string {
	if d.privateCA {
		return "if the issuer has a private certification authority, " +
			"set network.caBundle in cdk.json to a file with its certificate"
	}
	return "try again from a network that reaches it"
}

// signed reports whether the token, whose iss is not one of the names of this issuer, is
// signed with its keys.
func (d *doctor) signed(ctx context.Context, iss string) (bool, error) {
	as := trusted{Issuer: iss, JWKSURI: d.given.JWKSURI, Algorithms: allAlgorithms}
	if d.document.JWKSURI != "" {
		as.JWKSURI = d.document.JWKSURI
	}
	k, _ := kindOfToken(d.token)
	as.Provider = k.preset
	p, _ := presetNamed(k.preset)
	if as.Audiences = d.token.claimStrings(p.audience); p.audience == "iss" {
		as.Audiences = d.token.claimStrings("aud")
		if len(as.Audiences) == 0 {
			as.Audiences = d.given.Audiences
		}
	}
	if as.JWKSURI == "" || len(as.Audiences) == 0 {
		return false, nil
	}
	v, err := d.ask(ctx, []trusted{as}, d.settings.token)
	return v.decision.Reason == "ok" || v.decision.Reason == "scope", err
}

// sharesKeys reports whether the keys of this issuer do not show that a token is its own:
// those of Entra are the same for all tenants.
func (d *doctor) sharesKeys(iss string) bool {
	other, _ := kindOfIssuer(iss)
	ours, theirs := tenantID.FindString(d.given.Issuer), tenantID.FindString(iss)
	return multiTenant(d.document.Issuer) || other.name == "Entra" && (ours == "" || ours != theirs)
}

// tenantID matches the ID of a tenant of Entra.
var tenantID = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

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
