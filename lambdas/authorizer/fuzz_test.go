package main

import (
	"context"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"accountapi/lambdas/internal/tokentest"
)

// The rule of every target: never a panic, and never an allow for something that the
// issuer's key did not sign. The issuer's key here is Ed25519, because signing with it is
// fast.

func fuzzBed(f *testing.F) *bed {
	bed := newBed(f, keySet(ed().JWK()), "ALGORITHMS=EdDSA RS256 ES256")
	bed.log.out = io.Discard
	return bed
}

func FuzzAuthorization(f *testing.F) {
	good := mint(by(ed()))
	for _, seed := range []string{
		"", "Bearer", "Bearer ", "Bearer =", "Bearer a.b.c", "Basic x",
		"Bearer " + good, "bearer  " + good, "Bearer " + good + " ",
	} {
		f.Add(seed)
	}
	bed := fuzzBed(f)
	f.Fuzz(func(t *testing.T, value string) {
		_, err := bed.handle(context.Background(), request{Type: "TOKEN", MethodArn: testArn, AuthorizationToken: value})
		scheme, token, _ := strings.Cut(value, " ")
		if err == nil && (!ed().Signed(strings.TrimLeft(token, " ")) || !strings.EqualFold(scheme, "Bearer")) {
			t.Errorf("let in: %q", value)
		}
	})
}

// FuzzEvent lets the fuzzer write the whole event.
func FuzzEvent(f *testing.F) {
	good := toJSON(request{Type: "TOKEN", MethodArn: testArn, AuthorizationToken: bearerOf(by(ed()))})
	for _, seed := range []string{
		good, "null", "{}", `{"type":"TOKEN"}`, `{"type":"REQUEST","methodArn":"` + testArn + `"}`,
		strings.Replace(good, "execute-api", "lambda", 1),
	} {
		f.Add([]byte(seed))
	}
	bed := fuzzBed(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		payload, err := bed.Invoke(context.Background(), text)
		if err != nil {
			return
		}
		var event request
		var answer struct {
			PolicyDocument struct{ Statement []struct{ Resource []string } }
		}
		if err := json.Unmarshal(text, &event); err != nil {
			t.Fatalf("let in what encoding/json refuses: %s", text)
		}
		if err := json.Unmarshal(payload, &answer); err != nil {
			t.Fatalf("the answer is no JSON: %v: %s", err, payload)
		}
		_, token, _ := strings.Cut(event.AuthorizationToken, " ")
		if !ed().Signed(strings.TrimLeft(token, " ")) {
			t.Fatalf("let in: %s", text)
		}
		resource := answer.PolicyDocument.Statement[0].Resource[0]
		if !strings.HasPrefix(event.MethodArn, strings.TrimSuffix(resource, "*")) || strings.Count(resource, "/") != 2 {
			t.Fatalf("the policy is for %q, asked was %q", resource, event.MethodArn)
		}
	})
}

// BenchmarkHandle measures the whole handler with its log line.
func BenchmarkHandle(b *testing.B) {
	bed := newBed(b, tokentest.EveryKey())
	bed.log.out = io.Discard
	event := []byte(toJSON(request{Type: "TOKEN", MethodArn: testArn, AuthorizationToken: bearerOf()}))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := bed.Invoke(context.Background(), event); err != nil {
			b.Fatal(err)
		}
	}
}
