package main

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"accountapi/test/internal/internet"
	"accountapi/test/issuer"

	"github.com/google/go-cmp/cmp"
)

// expectReport compares the whole report. In want, ISSUER and KID are those of the
// server, N is the length of the token and TIME is its exp.
func (c call) expectReport(t *testing.T, server *issuer.Server, want string) {
	t.Helper()
	output, code := c.run(t)
	if code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
	output = strings.NewReplacer(server.URL(), "ISSUER/", server.KeyID(), "KID").Replace(output)
	output = regexp.MustCompile(`\d+ bytes`).ReplaceAllString(output, "N bytes")
	output = regexp.MustCompile(`until .* UTC`).ReplaceAllString(output, "until TIME")
	if diff := cmp.Diff(strings.TrimPrefix(want, "\n"), output); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestReportWithoutAToken(t *testing.T) {
	local := startIssuer(t)
	call{args: forAPI + local.URL()}.expectReport(t, local, `
ok issuer     "ISSUER/" is exactly the issuer in its discovery document (ISSUER/.well-known/openid-configuration)
ok provider   auth0, the default, which fits most providers
ok audience   "https://api.example.com"
ok jwksUri    "ISSUER/.well-known/jwks.json", where the issuer says that its keys are
ok key        "KID" (RSA RS256) is used
ok algorithms RS256, the default
?? token      none given: with TOKEN=… the doctor also explains whether the authorizer accepts the token

ready to run on this machine (AWS could not reach this issuer):
  make run ISSUER=ISSUER/ AUDIENCE=https://api.example.com
  or as CDK context: -c issuer=ISSUER/ -c audience=https://api.example.com
`)
}

func TestReportOnAnAcceptedToken(t *testing.T) {
	local := startIssuer(t)
	call{args: forAPI + local.URL(), token: local.Token()}.expectReport(t, local, `
ok issuer     "ISSUER/" is exactly the issuer in its discovery document (ISSUER/.well-known/openid-configuration)
ok provider   auth0, the default, which fits most providers
ok audience   "https://api.example.com"
ok jwksUri    "ISSUER/.well-known/jwks.json", where the issuer says that its keys are
ok key        "KID" (RSA RS256) is used
ok algorithms RS256, the default
ok token      N bytes in 3 parts
ok iss        the token has "ISSUER/"
ok header     alg "RS256", typ "JWT", kid "KID"
ok kind       an access token with the required claims
ok aud        the token is for "https://api.example.com", this API is "https://api.example.com"
ok exp        valid for another 23 h 59 min (until TIME)
ok key        kid "KID" is one of the keys in use
ok signature  made with that key
ok scope      "read:things" opens GET /things
?? scope      POST /things answers 403: the token's scope is "read:things", without write:things

ready to run on this machine (AWS could not reach this issuer):
  make run ISSUER=ISSUER/ AUDIENCE=https://api.example.com
  or as CDK context: -c issuer=ISSUER/ -c audience=https://api.example.com
`)
}

func TestSettingsThatAreReadyForADeploy(t *testing.T) {
	const auth0, es256 = "https://tenant.eu.auth0.com/", "https://es256.eu.auth0.com/"
	const keycloak, pool = "https://id.example.com/realms/a", "https://cognito-idp.eu-west-1.amazonaws.com/pool"
	local := startIssuer(t)
	rsa, ecdsa := newIssuer(t, auth0), newIssuer(t, es256, "ES256")
	env := internet.Serve(t, map[string]http.Handler{
		"tenant.eu.auth0.com":                 rsa,
		"es256.eu.auth0.com":                  ecdsa,
		"id.example.com":                      publish("/realms/a", keycloak, rsa.JWKS()),
		"cognito-idp.eu-west-1.amazonaws.com": publish("/pool", pool, rsa.JWKS()),
	})
	ofKeycloak := rsa.Token(issuer.Claim("iss", keycloak))
	ofCognito := rsa.Token(issuer.Claim("iss", pool), issuer.Without("aud"),
		issuer.Claim("token_use", "access"), issuer.Claim("client_id", "client1"))
	ofRFC9068 := local.Token(issuer.Header("typ", "at+jwt"), issuer.Claim("client_id", "c"))
	const cognito = pool + " -provider cognito -audience client1" +
		" -jwks-uri https://cognito-idp.eu-west-1.amazonaws.com/keys"
	const both = "\nready to deploy:\n" +
		"  make deploy ISSUER=https://tenant.eu.auth0.com/ AUDIENCE=https://api.example.com\n" +
		"  or as CDK context: -c issuer=https://tenant.eu.auth0.com/ -c audience=https://api.example.com\n"
	const jwksURI = "make deploy ISSUER=https://id.example.com/realms/a AUDIENCE=https://api.example.com " +
		"JWKS_URI=https://id.example.com/keys\n"
	for name, test := range map[string]struct{ args, token, want string }{
		"Auth0 tenant":        {auth0, rsa.Token(), both},
		"another algorithm":   {es256 + " -algorithms ES256", ecdsa.Token(), "-c algorithms=ES256\n"},
		"issuer with a path":  {keycloak + " -jwks-uri https://id.example.com/keys", ofKeycloak, jwksURI},
		"token of RFC 9068":   {local.URL(), ofRFC9068, "?? provider   the token looks like one of RFC 9068"},
		"provider of a token": {local.URL(), ofRFC9068, "PROVIDER=rfc9068\n"},
		"Cognito":             {cognito, ofCognito, `ok client_id  the token is for "client1", this API is "client1"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			call{args: forAPI + test.args, token: test.token, env: env}.expect(t, 0, test.want)
		})
	}
}

func TestReportedMistakesAreCorrectedForTheNextChecks(t *testing.T) {
	local := startIssuer(t, "ES256")
	withoutSlash := strings.TrimSuffix(local.URL(), "/")
	call{args: forAPI + withoutSlash, token: local.Token(issuer.Expired)}.expect(t, 1,
		"fix: use ISSUER="+local.URL(), "fix: add ALGORITHMS=ES256", "ok kind", "!! exp ",
		"  make run ISSUER="+local.URL()+" AUDIENCE="+audience+" ALGORITHMS=ES256\n",
		"Fix this first: use ISSUER="+local.URL())
	rsa := startIssuer(t)
	call{args: forAPI + rsa.URL(), token: rsa.Token(issuer.Audience(audience + "/"))}.expect(t, 1,
		"  make run ISSUER="+rsa.URL()+" AUDIENCE="+audience+"/\n")
}

func TestTokenIsExplainedWithoutANetwork(t *testing.T) {
	const auth0 = "https://tenant.eu.auth0.com/"
	proxy := []string{"HTTPS_PROXY=http://127.0.0.1:1", "https_proxy=http://127.0.0.1:1", "NO_PROXY=", "no_proxy="}
	call{args: forAPI + auth0, token: newIssuer(t, auth0).Token(), env: proxy}.expect(t, 1,
		"!! issuer     no answer from", `ok iss        the token has "https://tenant.eu.auth0.com/"`,
		"the keys could not be fetched", "ok exp        valid for another 23 h 59 min")
}

func TestTokenIsExaminedAgainstTheIssuerThatItMeans(t *testing.T) {
	const a, b, other = "https://id.example.com/realms/a", "https://id.example.com/realms/b", "https://other.example.com/"
	for name, test := range map[string]struct {
		issuers []string
		iss     string
		want    string // "" is none
	}{
		"the only one":             {[]string{a}, "x", a},
		"exactly":                  {[]string{a, a + "/"}, a + "/", a + "/"},
		"with a slash":             {[]string{a, b}, b + "/", b},
		"with http":                {[]string{a, b}, "http://id.example.com/realms/b", b},
		"in upper case":            {[]string{a, b}, "https://id.example.com/realms/B", b},
		"nearly two of them":       {[]string{a, a + "/"}, "http://id.example.com/realms/a", ""},
		"another path on its host": {[]string{a, other}, "https://other.example.com/x", other},
		"another path on one host": {[]string{a, b}, "https://id.example.com/realms/c", ""},
		"another host":             {[]string{a, other}, "https://third.example.com/", ""},
		"no URL":                   {[]string{a, "acme"}, "acme.example", ""},
		"without iss":              {[]string{a, other}, "", ""},
	} {
		e := &examination{}
		for _, issuer := range test.issuers {
			e.doctors = append(e.doctors, &doctor{given: trusted{Issuer: issuer}})
		}
		got := ""
		if d := e.ownerOf(token{claims: map[string]any{"iss": test.iss}}); d != nil {
			got = d.given.Issuer
		}
		if got != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}
