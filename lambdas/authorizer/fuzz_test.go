package main

import (
	"context"
	"encoding/json"
	"fmt"
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
		event := toJSON(request{Type: "TOKEN", MethodArn: testArn, AuthorizationToken: value})
		_, err := bed.Invoke(context.Background(), []byte(event))
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

// BenchmarkHandle measures the whole handler with its log line, for one issuer and for the
// last of ten.
func BenchmarkHandle(b *testing.B) {
	for name, issuers := range map[string]int{"1-issuer": 1, "10-issuers": 10} {
		b.Run(name, func(b *testing.B) {
			var entries []tokentest.Members
			server := tokentest.Serve(b, tokentest.EveryKey())
			for i := range issuers {
				entries = append(entries, tokentest.Members{
					"issuer": fmt.Sprint(testIssuer, issuers-1-i), "audience": testAudience,
					"jwksUri": fmt.Sprint(server.URL, "/", i),
				})
			}
			bed := &bed{Server: server, clock: &tokentest.Clock{}, lines: &syncBuffer{}}
			bed.start(b, "TOKEN_ISSUER=", "AUDIENCE=", "JWKS_URI=", "ISSUERS="+toJSON(entries))
			bed.prefetch()
			bed.log.out = io.Discard
			token := bearerOf(claim("iss", testIssuer+"0"))
			event := []byte(toJSON(request{Type: "TOKEN", MethodArn: testArn, AuthorizationToken: token}))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := bed.Invoke(context.Background(), event); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
