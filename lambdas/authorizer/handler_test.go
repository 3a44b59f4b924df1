package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"accountapi/lambdas/internal/jwks"
	"accountapi/lambdas/internal/jwt"
	"accountapi/lambdas/internal/tokentest"

	"github.com/google/go-cmp/cmp"
)

func TestTokenWithoutARequiredScopeIsDenied(t *testing.T) {
	bed := newBed(t, keySet(key1().JWK()), "REQUIRED_SCOPES=read:things read:items")
	scope := func(value any) string { return bearerOf(claim("scope", value)) }
	bed.expect(t, "allow", "ok", map[string]string{
		"both":             scope("read:items read:things"),
		"both in an array": scope([]string{"read:things", "read:items"}),
	})
	bed.expect(t, "deny", "scope", map[string]string{
		"the second alone":   scope("read:items"),
		"the first alone":    scope("read:things"),
		"none":               scope(absent),
		"a tab between":      scope("read:items\tread:things"),
		"a no-break space":   scope("read:items\u00a0read:things"),
		"one that is longer": scope("read:items read:things2"),
		"in other case":      scope("read:items Read:Things"),
	})
	bed.expect(t, "refuse", "expired", map[string]string{
		"and expired": bearerOf(claim("scope", absent), claim("exp", 1)),
	})
}

func TestTokenIsNotJudgedWithoutKeysUnlessItIsBadAnyway(t *testing.T) {
	bed := newBed(t, "no key set")
	bed.expect(t, "error", "jwks_unavailable", map[string]string{
		"a good token":         bearerOf(),
		"a stranger's token":   bearerOf(by(stranger())),
		"a token of a new key": bearerOf(by(key2())),
	})
	bed.expect(t, "refuse", "issuer", map[string]string{
		"another issuer": bearerOf(claim("iss", "https://other.example/")),
	})
	bed.expect(t, "refuse", "malformed_token", map[string]string{"no JWS": "Bearer garbage"})
}

func TestUnknownKeyThatMayBeNewIsNotJudgedAndNoFailure(t *testing.T) {
	bed := newBed(t, keySet(key1().JWK()))
	bed.expect(t, "refuse", "kid_unknown", map[string]string{"after a look": bearerOf(by(key2()))})
	bed.expect(t, "error", "kid_unproven", map[string]string{"while no look is allowed": bearerOf(by(key2()))})
	if line := bed.lineOf(t, bearerOf(by(key2()))); line["level"] != "INFO" || line["error"] != nil {
		t.Errorf("level %v, error %v; want INFO and none: anybody can cause this line", line["level"], line["error"])
	}
}

func TestNoPolicyGoesWithAnError(t *testing.T) {
	bed := newBed(t, keySet(key1().JWK()))
	for stopped, want := range map[error]string{
		jwt.ErrExpired:                             "Unauthorized",
		jwt.ErrKidUnproven:                         "kid_unproven",
		jwt.ErrJWKSUnavailable:                     "jwks_unavailable",
		fmt.Errorf("%w: a cause", jwt.ErrInternal): "internal",
		errors.New("an error that has no reason"):  "internal",
	} {
		policy, err := bed.answer(bed.log.begin(t.Context()), []byte("{}"), stopped)
		if policy != nil || err == nil || err.Error() != want {
			t.Errorf("%v: got %s, %v; want the error %s", stopped, policy, err, want)
		}
	}
}

func TestKeysAreFetchedAgainAfterAnHour(t *testing.T) {
	bed := newBed(t, keySet(key1().JWK()))
	bed.Publish(keySet(key2().JWK()))
	bed.clock.Advance(time.Hour)
	later := claim("exp", tokentest.In(2*time.Hour))
	bed.expect(t, "allow", "ok", map[string]string{"the new key": bearerOf(by(key2()), later)})
	bed.expect(t, "refuse", "kid_unknown", map[string]string{"the old key": bearerOf(later)})
	if bed.Fetches() != 3 {
		t.Errorf("%d fetches, want that of init, one that was due, and a look", bed.Fetches())
	}
}

func TestOtherAlgorithmsThanTheConfiguredAreNotAllowed(t *testing.T) {
	bed := newBed(t, tokentest.EveryKey()) // RS256 is the default
	if line := bed.lines.take(); !strings.Contains(line, `"kept":["key-1","key-2","no-alg"]`) {
		t.Errorf("kept other keys than those for RS256: %s", line)
	}
	bed.expect(t, "refuse", "alg_not_allowed", map[string]string{
		"ES256": bearerOf(by(tokentest.P256())),
		"PS256": bearerOf(by(key1().As("ps256", "PS256"))),
		"EdDSA": bearerOf(by(ed())),
	})
}

func TestAnswerIsAPolicyForTheWholeStage(t *testing.T) {
	bed := newBed(t, keySet(key1().JWK()))
	event := request{Type: "TOKEN", MethodArn: testArn, AuthorizationToken: bearerOf()}
	text, err := bed.Invoke(t.Context(), []byte(toJSON(event)))
	if err != nil {
		t.Fatal(err)
	}
	var got any
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"principalId": "auth0|42",
		"policyDocument": map[string]any{
			"Version": "2012-10-17",
			"Statement": []any{map[string]any{
				"Action":   []any{"execute-api:Invoke"},
				"Effect":   "Allow",
				"Resource": []any{testStage},
			}},
		},
		"context": map[string]any{
			"sub":       "auth0|42",
			"client_id": "client",
			"scope":     "read:items",
			"iss":       "https://tenant.example/",
			"exp":       "1800003600",
			"until":     "1800003630",
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestContextHasTheClaimsOfCONTEXT_CLAIMS(t *testing.T) {
	bed := newBed(t, keySet(key1().JWK()), "CONTEXT_CLAIMS=email, org=/o/id")
	org := claim("o", tokentest.Members{"id": 7})
	got := bed.contextOf(t, bearerOf(claim("email", "a@b.example"), org, claim("name", "x")))
	want := map[string]string{
		"sub": "auth0|42", "client_id": "client", "scope": "read:items", "iss": "https://tenant.example/",
		"exp": "1800003600", "until": "1800003630", "email": `"a@b.example"`, "org": "7",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestRefusalIsUnauthorizedToTheLetter(t *testing.T) {
	bed := newBed(t, keySet(key1().JWK()))
	event := request{Type: "TOKEN", MethodArn: testArn, AuthorizationToken: "Bearer a.b.c"}
	if _, err := bed.Invoke(t.Context(), []byte(toJSON(event))); err == nil || err.Error() != "Unauthorized" {
		t.Errorf("got %v, want Unauthorized", err)
	}
}

func TestEventOfAnotherKindIsNotTheCallersFault(t *testing.T) {
	bed := newBed(t, keySet(key1().JWK()))
	withArn := func(arn string) request {
		return request{Type: "TOKEN", AuthorizationToken: bearerOf(), MethodArn: arn}
	}
	for name, event := range map[string]request{
		"null":                     {},
		"type REQUEST":             {Type: "REQUEST", MethodArn: testArn, AuthorizationToken: bearerOf()},
		"no methodArn":             withArn(""),
		"methodArn of a function":  withArn("arn:aws:lambda:eu-west-1:123456789012:function:f"),
		"methodArn of no kind":     withArn("abcdef1234/prod/GET/items"),
		"methodArn of 5 parts":     withArn("arn:aws:execute-api:eu-west-1:abcdef1234/prod/GET/items"),
		"methodArn without arn":    withArn("urn:aws:execute-api:eu-west-1:123456789012:abcdef1234/prod/GET/items"),
		"another service's":        withArn("arn:aws:execute:eu-west-1:123456789012:abcdef1234/prod/GET/items"),
		"methodArn without API":    withArn("arn:aws:execute-api:eu-west-1:123456789012:/prod/GET/items"),
		"methodArn without stage":  withArn("arn:aws:execute-api:eu-west-1:123456789012:abcdef1234"),
		"methodArn without method": withArn("arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/prod"),
		"methodArn, empty stage":   withArn("arn:aws:execute-api:eu-west-1:123456789012:abcdef1234//GET/"),
		"a wildcard for the API":   withArn("arn:aws:execute-api:eu-west-1:123456789012:*/prod/GET/"),
		"a wildcard for the stage": withArn("arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/pro?/GET/"),
		"one for the partition":    withArn("arn:*:execute-api:eu-west-1:123456789012:abcdef1234/prod/GET/"),
		"one for the region":       withArn("arn:aws:execute-api:*:123456789012:abcdef1234/prod/GET/"),
		"one for the account":      withArn("arn:aws:execute-api:eu-west-1:*:abcdef1234/prod/GET/"),
		"one for the service":      withArn("arn:aws:execute-ap?:eu-west-1:123456789012:abcdef1234/prod/GET/"),
		"a blank in the stage":     withArn("arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/pr od/GET/"),
		"a quote in the stage":     withArn("arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/pr\"od/GET/"),
		"a line break before":      withArn("\narn:aws:execute-api:eu-west-1:123456789012:abcdef1234/prod/GET/"),
		"no verb":                  withArn("arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/prod"),
		"no token, wrong type too": {Type: "", MethodArn: testArn},
	} {
		t.Run(name, func(t *testing.T) {
			line := bed.expectInternal(t, toJSON(event))
			if strings.Contains(line, "panic") || strings.Contains(line, `"methodArn":"`) != (event.MethodArn != "") {
				t.Errorf("the line is %s; want no panic, and the methodArn if there is one", line)
			}
		})
	}
}

// expectInternal compares the answer to an event with "could not check", and the log with
// one line about that.
func (b *bed) expectInternal(t *testing.T, event string) (line string) {
	t.Helper()
	b.lines.take()
	policy, err := b.Invoke(t.Context(), []byte(event))
	if policy != nil || err == nil || err.Error() != "internal" {
		t.Errorf("got %s, %v; want the error internal", policy, err)
	}
	line = b.lines.take()
	if strings.Count(line, `"msg":"decision"`) != 1 || !strings.Contains(line, `"decision":"error","reason":"internal"`) ||
		!strings.Contains(line, `"Decisions":1`) {
		t.Errorf("the log is %s; want one line with the reason internal and its metric", line)
	}
	return line
}

// panicking is a part of the authorizer that panics with a secret.
func panicking() time.Time { panic("the secret of a panic") }

func TestPanicIsAnsweredAsCouldNotCheck(t *testing.T) {
	event := toJSON(request{Type: "TOKEN", MethodArn: testArn, AuthorizationToken: bearerOf()})
	for name, sabotage := range map[string]func(*bed){
		"in the verifier": func(b *bed) { b.verifier = nil },
		"in the clock": func(b *bed) {
			b.verifier = jwt.NewVerifier(jwt.Config{Now: panicking, Issuers: []jwt.Issuer{{Name: testIssuer,
				Audiences: []string{testAudience}, Algorithms: jwks.Supported(), Provider: auth0(), Keys: b.keySets[0]}}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			bed := newBed(t, keySet(key1().JWK()))
			sabotage(bed)
			line := bed.expectInternal(t, event)
			if !strings.Contains(line, "handler.go") {
				t.Errorf("the line does not say where: %s", line)
			}
			for _, secret := range []string{"the secret of a panic", strings.Split(event, ".")[2][:40]} {
				if strings.Contains(line, secret) {
					t.Errorf("the line holds %q", secret)
				}
			}
		})
	}
}

// panickingWriter panics at the first line about an allowed token.
type panickingWriter struct {
	to       *syncBuffer
	panicked bool
}

func (w *panickingWriter) Write(line []byte) (int, error) {
	if !w.panicked && strings.Contains(string(line), `"allow"`) {
		w.panicked = true
		panic("the secret of a panic")
	}
	return w.to.Write(line)
}

func TestPanicAfterTheDecisionDoesNotAllow(t *testing.T) {
	bed := newBed(t, keySet(key1().JWK()))
	bed.log.out = &panickingWriter{to: bed.lines}
	bed.expectInternal(t, toJSON(request{Type: "TOKEN", MethodArn: testArn, AuthorizationToken: bearerOf()}))
}

func auth0() jwt.Provider {
	provider, _ := jwt.ProviderNamed("auth0")
	return provider
}
