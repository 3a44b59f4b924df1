package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"accountapi/lambdas/internal/tokentest"
)

const (
	issuerA = "https://a.example/"
	issuerB = "http://b.example/adfs/services/trust" // iss is a name: nothing is fetched from it
)

// keyB is a key of the second issuer under a kid that the first has too.
var keyB = func() tokentest.Key { return stranger() }

// pair is an authorizer that trusts two issuers with key sets of their own.
type pair struct {
	*bed                   // of the first
	b    *tokentest.Server // the second
}

func newPair(t *testing.T) pair {
	t.Helper()
	p := pair{bed: &bed{
		Server: tokentest.Serve(t, keySet(key1().JWK())), clock: &tokentest.Clock{}, lines: &syncBuffer{},
	}, b: tokentest.Serve(t, keySet(keyB().JWK(), ed().JWK()))}
	p.start(t, "TOKEN_ISSUER=", "AUDIENCE=", "JWKS_URI=", "ISSUERS="+toJSON([]tokentest.Members{
		{"issuer": issuerA, "audience": []string{"https://api.example"}, "jwksUri": p.URL},
		{
			"issuer": issuerB, "audience": []string{"b-api"}, "jwksUri": p.b.URL, "provider": "entra",
			"algorithms": []string{"RS256", "EdDSA"}, "scopeClaims": []string{"/rights/list"},
			"requiredClaims": map[string][]string{"tid": {"t1", "t2"}}, "refusedClaims": map[string][]string{"jti": {"stolen"}},
		},
	}))
	p.prefetch()
	return p
}

// ofA and ofB are bearer tokens of the two issuers.
func ofA(edits ...tokentest.Edit) string {
	return bearerOf(append([]tokentest.Edit{claim("iss", issuerA)}, edits...)...)
}

func ofB(edits ...tokentest.Edit) string {
	return bearerOf(append([]tokentest.Edit{
		claim("iss", issuerB), claim("aud", "b-api"), claim("tid", "t1"), claim("scope", absent),
		claim("rights", tokentest.Members{"list": []string{"read:b"}}), by(keyB()),
	}, edits...)...)
}

func TestIssuerChoosesTheRulesOfItsTokens(t *testing.T) {
	p := newPair(t)
	p.expect(t, "allow", "ok", map[string]string{
		"A":                    ofA(),
		"B":                    ofB(),
		"B, another algorithm": ofB(by(ed())),
		"B, another value":     ofB(claim("tid", "t2")),
	})
	if a, b := p.contextOf(t, ofA())["scope"], p.contextOf(t, ofB())["scope"]; a != "read:items" || b != "read:b" {
		t.Errorf("got the scopes %q of A and %q of B, want those of their own claims", a, b)
	}
	p.expect(t, "refuse", "kid_unknown", map[string]string{
		"A with a kid of B": ofA(tokentest.Header("kid", "ed")),
	})
	p.expect(t, "refuse", "bad_signature", map[string]string{
		"A signed by B under the same kid": ofA(by(keyB())),
		"B signed by A under the same kid": ofB(by(key1())),
	})
	p.expect(t, "refuse", "audience", map[string]string{
		"A for the audience of B": ofA(claim("aud", "b-api")),
		"B for the audience of A": ofB(claim("aud", "https://api.example")),
	})
	p.expect(t, "refuse", "alg_not_allowed", map[string]string{"A with an algorithm of B": ofA(by(ed()))})
	p.expect(t, "refuse", "claim_type", map[string]string{"B without its client": ofB(claim("azp", absent))})
	p.expect(t, "refuse", "required_claim", map[string]string{
		"B of another tenant": ofB(claim("tid", "t3")),
		"B without tenant":    ofB(claim("tid", absent)),
	})
	p.expect(t, "refuse", "refused_claim", map[string]string{"B with a refused jti": ofB(claim("jti", "stolen"))})
	p.expect(t, "allow", "ok", map[string]string{"A with that jti": ofA(claim("jti", "stolen"))})
	p.expect(t, "refuse", "issuer", map[string]string{
		"of neither":          ofA(claim("iss", "https://c.example/")),
		"without a slash":     ofA(claim("iss", "https://a.example")),
		"both in one":         ofA(claim("iss", []string{issuerA, issuerB})),
		"the default issuer":  bearerOf(),
		"B in https":          ofB(claim("iss", "https://b.example/adfs/services/trust")),
		"without an issuer":   ofA(claim("iss", absent)),
		"an empty issuer":     ofA(claim("iss", "")),
		"issuer of a header":  ofA(claim("iss", absent), tokentest.Header("iss", issuerA)),
		"two issuers, joined": ofA(claim("iss", issuerA+" "+issuerB)),
	})
}

func TestKeySetsAreFetchedSideBySideDuringInit(t *testing.T) {
	p := newPair(t)
	arrived := make(chan struct{}, 2)
	both := func(w http.ResponseWriter, _ *http.Request) {
		arrived <- struct{}{}
		for start := time.Now(); len(arrived) < 2 && time.Since(start) < 2*time.Second; time.Sleep(time.Millisecond) {
		}
		if len(arrived) == 2 {
			w.Write([]byte(keySet(key1().JWK())))
		}
	}
	p.Answer(both)
	p.b.Answer(both)
	p.clock.Advance(2 * time.Hour)
	p.lines.take()
	p.prefetch()
	if lines := p.lines.take(); strings.Count(lines, `"FetchFailures":0`) != 2 {
		t.Errorf("the fetches have waited for each other: %s", lines)
	}
}

func TestTroubleAtOneIssuerDoesNotAffectTheOther(t *testing.T) {
	p := newPair(t)
	answered := make(chan struct{})
	p.b.Answer(func(w http.ResponseWriter, _ *http.Request) {
		<-answered
		w.WriteHeader(http.StatusBadGateway)
	})
	p.clock.Advance(25 * time.Hour)
	later := claim("exp", tokentest.In(26*time.Hour))
	fetched := p.Fetches()
	unavailable := make(chan string, 20)
	for range cap(unavailable) { // a storm, while B hangs
		go func() {
			_, why := p.call(t, ofB(later, tokentest.Header("kid", "made-up")))
			unavailable <- why
		}()
	}
	p.expect(t, "allow", "ok", map[string]string{"A": ofA(later)})
	close(answered)
	for range cap(unavailable) {
		<-unavailable
	}
	p.expect(t, "error", "jwks_unavailable", map[string]string{"B": ofB(later)})
	if got := p.Fetches() - fetched; got != 1 {
		t.Errorf("%d fetches at A, want the one that was due", got)
	}
	line := p.lineOf(t, ofB(later))
	if line["jwksUri"] != p.b.URL || line["issuer"] != issuerB {
		t.Errorf("the line names %v and %v, want the issuer without keys", line["jwksUri"], line["issuer"])
	}
}

func TestIssuersWithOneJWKSURIShareItsKeys(t *testing.T) {
	server := tokentest.Serve(t, keySet(key1().JWK(), ed().JWK()))
	shared := &bed{Server: server, clock: &tokentest.Clock{}, lines: &syncBuffer{}}
	shared.start(t, "TOKEN_ISSUER=", "AUDIENCE=", "JWKS_URI=", "ISSUERS="+toJSON([]tokentest.Members{
		{"issuer": issuerA, "audience": []string{testAudience}, "jwksUri": server.URL},
		{"issuer": issuerB, "audience": []string{testAudience}, "jwksUri": server.URL, "algorithms": []string{"EdDSA"}},
	}))
	shared.prefetch()
	if got := server.Fetches(); got != 1 {
		t.Errorf("%d fetches, want 1", got)
	}
	shared.expect(t, "allow", "ok", map[string]string{
		"the first":  ofA(),
		"the second": bearerOf(claim("iss", issuerB), by(ed())),
	})
	shared.expect(t, "refuse", "alg_not_allowed", map[string]string{
		"the first, by an algorithm of the second": ofA(by(ed())),
		"the second, by an algorithm of the first": bearerOf(claim("iss", issuerB)),
	})
}

func TestKeySetKeepsKeysForTheAlgorithmsOfItsOwnIssuersOnly(t *testing.T) {
	a := tokentest.Serve(t, keySet(key1().JWK(), ed().JWK()))
	b := &bed{Server: tokentest.Serve(t, keySet(ed().JWK())), clock: &tokentest.Clock{}, lines: &syncBuffer{}}
	b.start(t, "TOKEN_ISSUER=", "AUDIENCE=", "JWKS_URI=", "ISSUERS="+toJSON([]tokentest.Members{
		{"issuer": issuerA, "audience": []string{"a"}, "jwksUri": a.URL},
		{"issuer": issuerB, "audience": []string{"b"}, "jwksUri": b.URL, "algorithms": []string{"EdDSA"}},
	}))
	b.prefetch()
	if lines := b.lines.take(); !strings.Contains(lines, `"kept":["key-1"]`) || !strings.Contains(lines, `"kept":["ed"]`) {
		t.Errorf("kept other keys than key-1 of A and ed of B: %s", lines)
	}
}

func TestMistakesInISSUERSAreNamed(t *testing.T) {
	entry := func(more string) string {
		return `[{"issuer":"https://a.example/","audience":["a"],"jwksUri":"https://a.example/keys"` + more + `}]`
	}
	second := strings.TrimSuffix(entry(""), "]") + "," + strings.TrimPrefix(entry(`,"provider":"okta"`), "[")
	for text, want := range map[string]string{
		"x":                                  "ISSUERS is not a JSON array",
		"{}":                                 "ISSUERS is not a JSON array",
		entry("") + "x":                      "ISSUERS is not a JSON array",
		"[]":                                 "ISSUERS has no issuer",
		`["https://a.example/"]`:             "ISSUERS[0] is not a JSON object",
		"[{}]":                               "ISSUERS[0].issuer is missing",
		entry(`,"audience":["b"]`):           "ISSUERS[0] is not a JSON object without repeated names",
		entry(`,"Provider":"okta"`):          "ISSUERS[0].Provider is unknown",
		entry(`,"provider":"keycloak2"`):     `ISSUERS[0].provider "keycloak2" is unknown`,
		entry(`,"provider":1`):               "ISSUERS[0].provider has a value of the wrong type",
		entry(`,"algorithms":["HS256"]`):     `ISSUERS[0].algorithms "HS256" is unknown`,
		entry(`,"scopeClaims":[""]`):         "ISSUERS[0].scopeClaims has an empty name",
		entry(`,"requiredClaims":{"a":[]}`):  `ISSUERS[0].requiredClaims "a" has no value`,
		entry(`,"refusedClaims":{"":["b"]}`): `ISSUERS[0].refusedClaims "" has no value`,
		entry(`,"refusedClaims":{"a":[1]}`):  "ISSUERS[0].refusedClaims has a value of the wrong type",
		entry(`,"refusedClaims":{"a":[1],"b":["c"]}`): "ISSUERS[0].refusedClaims has a value of the wrong type",
		entry(`,"refusedClaims":["a"]`):               "ISSUERS[0].refusedClaims has a value of the wrong type",
		second:                                        `ISSUERS[1].issuer "https://a.example/" is in the list twice`,
		`[{"issuer":"a","audience":[],"jwksUri":"http://a.example/"}]`:     "ISSUERS[0].audience is missing",
		`[{"issuer":"a","audience":["a",""],"jwksUri":"https://a.test/"}]`: "ISSUERS[0].audience is missing",
		`[{"issuer":"a","audience":["a"],"jwksUri":"http://a.test/"}]`:     "ISSUERS[0].jwksUri",
	} {
		_, err := load("TOKEN_ISSUER=", "AUDIENCE=", "JWKS_URI=", "ISSUERS="+text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want an error with %q", text, err, want)
		}
	}
	_, err := load("ISSUERS=" + entry(""))
	if err == nil || !strings.Contains(err.Error(), "TOKEN_ISSUER and ISSUERS are both set") {
		t.Errorf("both forms: got %v", err)
	}
}

func TestOneMistakeInISSUERSIsOneLine(t *testing.T) {
	for text, want := range map[string]string{
		"x": "ISSUERS is not a JSON array",
		`[{"issuer":"a","audience":"a","jwksUri":"https://a.example/","x":1}]`: "ISSUERS[0].x is unknown",
	} {
		_, err := load("TOKEN_ISSUER=", "AUDIENCE=", "JWKS_URI=", "ISSUERS="+text)
		if err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
}

func TestAudienceOfWorkOSGoesWithItsIssuer(t *testing.T) {
	const client = "https://api.workos.com/user_management/client_1"
	for _, test := range []struct{ provider, issuer, audience, want string }{
		{"workos", client, "client_1", ""},
		{"workos", client, "https://api.example.com", ""},
		{"workos", client, "client_2", "is another client than client_1, which the issuer ends in"},
		{"workos", "https://auth.example.com", "https://api.example.com", ""},
		{"workos", "https://auth.example.com", "client_1", "is the ID of a client, which the issuer does not end in: add"},
		{"workos", "https://auth.example.com/client_", "client_1", "is the ID of a client, which the issuer does not end in"},
		{"auth0", client, "client_2", ""},
	} {
		_, err := load("PROVIDER="+test.provider, "TOKEN_ISSUER="+test.issuer, "AUDIENCE="+test.audience)
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), "AUDIENCE "+test.want) {
			t.Errorf("%s for %s: got %v, want %q", test.issuer, test.audience, err, test.want)
		}
	}
}

func TestClaimsForTheContextNeedNamesOfTheirOwn(t *testing.T) {
	for value, want := range map[string]string{
		"email,groups=cognito:groups org=/org/id":  "",
		"cognito:groups https://example.com/roles": "",
		"!=email":            "",
		"~=email":            "",
		"sub":                "sub has a meaning in the context already",
		"scope=permissions":  "scope has a meaning in the context already",
		"principalId=x":      "principalId has a meaning",
		"integrationLatency": "integrationLatency has a meaning",
		"until":              "until has a meaning",
		"a a=b":              "has the name a twice",
		"/org/id":            "write NAME=/org/id",
		"=email":             "write NAME=email",
		"e-mail=":            "names no claim",
		`a"b=c`:              "write NAME=c",
		`a\b=c`:              "write NAME=c",
		"a\x7f=c":            "write NAME=c",
		"a\tb=c":             "write NAME=c",
		"größe":              "write NAME=größe",
		"sub,sub2=sub,client_id=azp,exp,iss=x,until=": "client_id has a meaning",
	} {
		_, err := load("CONTEXT_CLAIMS=" + value)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", value, err, want)
		}
	}
}
