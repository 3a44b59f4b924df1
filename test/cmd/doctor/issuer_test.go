package main

import (
	"net/http"
	"strings"
	"testing"

	"accountapi/test/internal/internet"
)

func TestMistakesInTheIssuerAreCorrected(t *testing.T) {
	const auth0, keycloak = "https://tenant.eu.auth0.com/", "https://id.example.com/realms/a"
	local := startIssuer(t)
	withoutSlash := strings.TrimSuffix(local.URL(), "/")
	rsa := newIssuer(t, auth0)
	env := internet.Serve(t, map[string]http.Handler{
		"tenant.eu.auth0.com": rsa,
		"id.example.com":      publish("/realms/a", keycloak, rsa.JWKS()),
	})
	const missing, extra = "the slash at the end is missing", "the slash at the end must be left out"
	const document = auth0 + ".well-known/openid-configuration"
	for name, test := range map[string]struct{ given, says, correct string }{
		"no slash, this machine":    {withoutSlash, missing, local.URL()},
		"no slash":                  {"https://tenant.eu.auth0.com", missing, auth0},
		"slash":                     {keycloak + "/", extra, keycloak},
		"http":                      {"http://tenant.eu.auth0.com/", "http instead of https", auth0},
		"upper case":                {"https://Tenant.eu.auth0.com/", "upper and lower case of the host differ", auth0},
		"port":                      {"https://tenant.eu.auth0.com:443/", "the port 443 must be left out", auth0},
		"host only":                 {"tenant.eu.auth0.com", "https:// is missing", auth0},
		"quotation marks":           {`"` + auth0 + `"`, "there are spaces or quotation marks around it", auth0},
		"URL of discovery document": {document, "it is the URL of a document", auth0},
		"password":                  {"https://user:hunter2@tenant.eu.auth0.com/", "it has a user", auth0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			call{args: forAPI + test.given, env: env}.expect(t, 1,
				test.says, "fix: use ISSUER="+test.correct+"\n", "\nnot ready to ")
		})
	}
}

func TestIssuersThatCannotBeUsedAreReportedWithAFix(t *testing.T) {
	keys := newIssuer(t, "https://tenant.eu.auth0.com/").JWKS()
	const (
		proxied  = "http://proxied.example.com/"
		okta     = "https://tenant.okta.com"
		common   = "https://login.microsoftonline.com/common/v2.0"
		template = "https://login.microsoftonline.com/{tenantid}/v2.0"
		cognito  = "https://x.auth.eu-west-1.amazoncognito.com/"
	)
	env := internet.Serve(t, map[string]http.Handler{
		"proxied.example.com":                publish("", proxied, keys),
		"other.example.com":                  http.NotFoundHandler(),
		"tenant.okta.com":                    publish("", okta, keys),
		"login.microsoftonline.com":          publish("/common/v2.0", template, keys),
		"sts.windows.net":                    publish("/t", "https://sts.windows.net/t/", keys),
		"x.auth.eu-west-1.amazoncognito.com": http.NotFoundHandler(),
	})
	const inDocument = `its discovery document has "` + proxied + `"`
	const slash, noKeys = "the slash at the end is missing", "must answer 200 with a JWK Set"
	for name, test := range map[string]struct{ issuer, says, fix string }{
		"behind a proxy":        {"https://proxied.example.com/", inDocument, "with its public https URL"},
		"Okta org server":       {okta, "for Okta's own APIs", "ISSUER=https://tenant.okta.com/oauth2/default"},
		"Entra common":          {common, "for the users of all tenants", "with the ID of your tenant"},
		"Entra v1.0":            {"https://sts.windows.net/t", slash, "Entra has two issuers"},
		"Cognito sign-in":       {cognito, "no discovery document", "issuer is https://cognito-idp.REGION"},
		"no discovery document": {"https://other.example.com/", "404 Not Found", noKeys},
		"closed port":           {"http://127.0.0.1:1/", "no answer from http://127.0.0.1:1/", "compare ISSUER"},
		"no network":            {"https://nowhere.example.com/", "no answer from", "try again from a network that"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			call{args: forAPI + test.issuer, env: env}.expect(t, 1, test.says, test.fix, "\nnot ready to ")
		})
	}
}
