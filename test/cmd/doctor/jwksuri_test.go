package main

import (
	"net/http"
	"testing"

	"accountapi/test/internal/internet"
	"accountapi/test/issuer"
)

func TestMistakesInTheJWKSURIAreReportedWithTheirFix(t *testing.T) {
	const auth0, keycloak = "https://tenant.eu.auth0.com/", "https://id.example/a"
	rsa := newIssuer(t, auth0)
	env := internet.Serve(t, map[string]http.Handler{
		"tenant.eu.auth0.com": rsa,
		"id.example":          publish("/a", keycloak, rsa.JWKS()),
	})
	const with, document = auth0 + " -jwks-uri ", auth0 + ".well-known/openid-configuration"
	const overHTTP = "http://tenant.eu.auth0.com/.well-known/jwks.json"
	const usePublished = "use JWKS_URI=https://tenant.eu.auth0.com/.well-known/jwks.json"
	for name, test := range map[string]struct{ args, says, fix string }{
		"no conventional URL": {keycloak, "a deploy knows no conventional URL", "add JWKS_URI=https://id.example/keys"},
		"discovery document":  {with + document, "the authorizer gets no keys from", usePublished},
		"no keys there":       {with + auth0 + "jwks", "404 Not Found", usePublished},
		"http":                {with + overHTTP, "must begin with https://", usePublished},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			call{args: forAPI + test.args, env: env}.expectMistake(t, test.says, test.fix)
		})
	}
}

func TestFaultsOfTheJWKSEndpointAreReportedWithAFix(t *testing.T) {
	local := startIssuer(t)
	const noSet = "have the issuer answer there with a JWK Set"
	redirect := "redirects are not followed, because they could lead anywhere: " +
		"add JWKS_URI=" + local.URL() + "redirected/jwks.json"
	for fault, want := range map[issuer.EndpointFault]string{
		issuer.ServerError:   "500 Internal Server Error",
		issuer.Redirect:      redirect,
		issuer.HTML:          noSet,
		issuer.EmptySet:      "have the issuer publish its public signing key: its JWK Set is empty",
		issuer.TruncatedJSON: noSet,
		issuer.HugeBody:      noSet,
		issuer.Outage:        "no answer from",
	} {
		t.Run(string(fault), func(t *testing.T) {
			local.SetFault(fault)
			call{args: forAPI + local.URL(), token: local.Token()}.expect(t, 1, "!! keys ", want, "!! key        kid")
		})
	}
}
