package main

import (
	"net/http"
	"testing"

	"accountapi/test/internal/internet"
)

func TestMistakesInTheAudienceAreReportedWithTheirFix(t *testing.T) {
	const auth0, pool = "https://tenant.eu.auth0.com/", "https://cognito-idp.eu-west-1.amazonaws.com/pool"
	rsa := newIssuer(t, auth0)
	env := internet.Serve(t, map[string]http.Handler{
		"tenant.eu.auth0.com":                 rsa,
		"cognito-idp.eu-west-1.amazonaws.com": publish("/pool", pool, rsa.JWKS()),
	})
	const clientOnly = "access tokens of Cognito name the app client they are for"
	for name, test := range map[string]struct{ args, says, fix string }{
		"Auth0's own API":     {auth0 + " -audience " + auth0 + "api/v2/", "is Auth0's own API", "create an API"},
		"an API with Cognito": {pool + " -provider cognito", clientOnly, "use AUDIENCE=APP_CLIENT_ID"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			call{args: forAPI + test.args, env: env}.expectMistake(t, test.says, test.fix)
		})
	}
}
