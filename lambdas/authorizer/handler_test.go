package main

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTokenWithoutARequiredScopeIsDenied(t *testing.T) {
	bed := newBed(t, keySet(key1().JWK()), "REQUIRED_SCOPES=read:things get:profile")
	scope := func(value any) string { return bearerOf(claim("scope", value)) }
	bed.expect(t, "allow", "ok", map[string]string{
		"both":             scope("get:profile read:things"),
		"both in an array": scope([]string{"read:things", "get:profile"}),
	})
	bed.expect(t, "deny", "scope", map[string]string{
		"one":                scope("get:profile"),
		"none":               scope(absent),
		"a tab between":      scope("get:profile\tread:things"),
		"a no-break space":   scope("get:profile\u00a0read:things"),
		"one that is longer": scope("get:profile read:things2"),
		"in other case":      scope("get:profile Read:Things"),
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
			"scope":     "get:profile",
			"iss":       "https://tenant.example/",
			"exp":       "1800003600",
		},
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
		"methodArn without stage":  withArn("arn:aws:execute-api:eu-west-1:123456789012:abcdef1234"),
		"methodArn, empty stage":   withArn("arn:aws:execute-api:eu-west-1:123456789012:abcdef1234//GET/"),
		"a wildcard for the API":   withArn("arn:aws:execute-api:eu-west-1:123456789012:*/prod/GET/"),
		"a wildcard for the stage": withArn("arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/pro?/GET/"),
		"no token, wrong type too": {Type: "", MethodArn: testArn},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := bed.handle(t.Context(), event)
			if err == nil || err.Error() != "internal" {
				t.Errorf("got %v, want internal", err)
			}
		})
	}
}

func TestPanicIsAnsweredAsCouldNotCheck(t *testing.T) {
	bed := newBed(t, keySet(key1().JWK()))
	bed.verifier = nil // a call panics
	token := mint()
	_, err := bed.handle(t.Context(), request{Type: "TOKEN", MethodArn: testArn, AuthorizationToken: "Bearer " + token})
	if err == nil || err.Error() != "internal" || errors.Is(err, errUnauthorized) {
		t.Errorf("got %v, want internal", err)
	}
	log := bed.lines.take()
	if !strings.Contains(log, `"reason":"internal"`) || strings.Contains(log, strings.Split(token, ".")[2]) {
		t.Errorf("the log line is not as it should be: %s", log)
	}
}
