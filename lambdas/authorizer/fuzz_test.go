package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// The rule of every target: never a panic, and never an allow for something that the
// issuer's key did not sign. The issuer's key here is Ed25519, so that signing is cheap.

func fuzzBed(f *testing.F) *testBed {
	bed := newBed(f, jwks(ed().jwk()), "ALGORITHMS=EdDSA RS256 ES256")
	bed.log = newDecisionLog(io.Discard, "fuzz", testIssuer)
	return bed
}

// signedByIssuer tells, by other means than the code under test, whether token is a
// compact JWS whose signature was made with the issuer's key.
func signedByIssuer(token string) bool {
	cut := strings.LastIndexByte(token, '.')
	if cut < 0 {
		return false
	}
	signature, err := base64.RawURLEncoding.DecodeString(token[cut+1:])
	return err == nil && ed25519.Verify(ed().private.Public().(ed25519.PublicKey), []byte(token[:cut]), signature)
}

func FuzzAuthorization(f *testing.F) {
	good := mint(by(ed()))
	for _, seed := range []string{"", "Bearer", "Bearer ", "Bearer " + good, "bearer  " + good, "Basic x", "Bearer " + good + " ", "Bearer =", "Bearer a.b.c"} {
		f.Add(seed)
	}
	bed := fuzzBed(f)
	f.Fuzz(func(t *testing.T, value string) {
		_, err := bed.handle(context.Background(), request{Type: "TOKEN", MethodArn: testArn, AuthorizationToken: value})
		token := strings.TrimLeft(value[min(len(value), len("Bearer")):], " ")
		if err == nil && (!signedByIssuer(token) || !strings.EqualFold(value[:min(len(value), 6)], "Bearer")) {
			t.Errorf("let in: %q", value)
		}
	})
}

// FuzzToken lets the fuzzer write header and claims, and signs them if it wants: the code
// behind the signature has to be reached too.
func FuzzToken(f *testing.F) {
	header := `{"alg":"EdDSA","kid":"ed","typ":"JWT"}`
	f.Add([]byte(header), []byte(toJSON(goodClaims())), true, "")
	f.Add([]byte(header), []byte(toJSON(goodClaims())), false, "AAAA")
	f.Add([]byte(`{"alg":"none","kid":"ed"}`), []byte(`{}`), true, "")
	f.Add([]byte(header), []byte(`{"iss":"https://tenant.example/","sub":"a","sub":"b"}`), true, "")
	bed := fuzzBed(f)
	f.Fuzz(func(t *testing.T, header, payload []byte, genuine bool, signature string) {
		b64 := base64.RawURLEncoding.EncodeToString
		signed := b64(header) + "." + b64(payload)
		if genuine {
			signature = b64(sign("EdDSA", ed().private, signed))
		}
		token := signed + "." + signature
		answer, err := bed.handle(context.Background(), request{Type: "TOKEN", MethodArn: testArn, AuthorizationToken: "Bearer " + token})
		if err != nil {
			return
		}
		if !signedByIssuer(token) {
			t.Fatalf("let in: %q", token)
		}
		// What is let in must read the same to a reader that keeps the last of repeated
		// names, and be what the policy says.
		var claims struct {
			Iss, Sub string
			Exp      float64
		}
		if err := json.Unmarshal(payload, &claims); err != nil {
			t.Fatalf("let in what is no JSON to encoding/json: %v: %q", err, payload)
		}
		if !utf8.Valid(payload) || answer.PrincipalID == "" || claims.Exp+30 <= float64(testNow.Unix()) {
			t.Fatalf("let in: %q", payload)
		}
	})
}

// FuzzKeySet lets the fuzzer write the JWK Set document.
func FuzzKeySet(f *testing.F) {
	for _, seed := range []string{everyKey(), jwks(), "null", `{"keys":[{}]}`, `{"keys":[{"kty":"oct","kid":"ed","k":""}]}`, jwks(ed().jwk(members{"x5t": "x"}))} {
		f.Add([]byte(seed))
	}
	strangers := mint(by(edKey("ed")))
	var document []byte
	bed := newBed(f, "")
	bed.log = newDecisionLog(io.Discard, "fuzz", testIssuer)
	bed.keys.document.allowed = algorithms
	bed.keys.document.client.Transport = roundTrip(func() []byte { return document })
	f.Fuzz(func(t *testing.T, text []byte) {
		document = text
		bed.clock.advance(48 * time.Hour) // past everything that is kept
		_ = bed.keys.refresh(context.Background())
		for _, keys := range loaded(bed.keys) {
			for _, key := range keys {
				if len(key.algorithms) == 0 || weakness(key.public) != "" {
					t.Errorf("an unfit key was kept: %+v", key)
				}
			}
		}
		if _, err := bed.handle(context.Background(), request{Type: "TOKEN", MethodArn: testArn, AuthorizationToken: "Bearer " + strangers}); err == nil {
			t.Error("a stranger's token was let in")
		}
	})
}

func loaded(s *keySet) map[string][]key {
	if set := s.current.Load(); set != nil {
		return set.keys
	}
	return nil
}

// roundTrip answers every request with the document of the moment.
type roundTrip func() []byte

func (r roundTrip) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(r()))}, nil
}

// FuzzHandler lets the fuzzer write the whole event, as JSON.
func FuzzHandler(f *testing.F) {
	good := toJSON(request{Type: "TOKEN", MethodArn: testArn, AuthorizationToken: bearerOf(by(ed()))})
	for _, seed := range []string{good, "null", "{}", `{"type":"TOKEN"}`, `{"type":"REQUEST","methodArn":"` + testArn + `"}`, strings.Replace(good, "execute-api", "lambda", 1)} {
		f.Add([]byte(seed))
	}
	bed := fuzzBed(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		var event request
		if json.Unmarshal(text, &event) != nil {
			return
		}
		answer, err := bed.handle(context.Background(), event)
		if err != nil {
			return
		}
		_, token, _ := strings.Cut(event.AuthorizationToken, " ")
		if !signedByIssuer(strings.TrimLeft(token, " ")) {
			t.Fatalf("let in: %s", text)
		}
		resource := answer.PolicyDocument.Statement[0].Resource[0]
		if !strings.HasPrefix(event.MethodArn, strings.TrimSuffix(resource, "*")) || strings.Count(resource, "/") != 2 {
			t.Fatalf("the policy is for %q, asked was %q", resource, event.MethodArn)
		}
	})
}

// FuzzJSON compares the strict reader with encoding/json: whatever the strict one takes,
// the other takes too and reads the same.
func FuzzJSON(f *testing.F) {
	for _, seed := range []string{`{}`, ` {"a":[1,-0.5e+3,"\ud83d\ude00",{"b":null}],"":true} `, `{"a":1,"\u0061":2}`, `{"a":"\u"}`, `{"a":01}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		object, ok := parseObject(data, nil)
		if !ok {
			return
		}
		var want map[string]json.RawMessage
		if err := json.Unmarshal(data, &want); err != nil || len(want) != len(object) || !utf8.Valid(data) {
			t.Fatalf("taken, but encoding/json says %v: %q", err, data)
		}
		for _, m := range object {
			if !bytes.Equal(want[string(m.name)], m.value) {
				t.Errorf("%q is %q, want %q", m.name, m.value, want[string(m.name)])
			}
			var s string
			if got, ok := text(m.value); ok && (json.Unmarshal(m.value, &s) != nil || s != got) {
				t.Errorf("the string is %q, want %q", got, s)
			}
			var n float64
			if got, ok := number(m.value); ok && (json.Unmarshal(m.value, &n) != nil || n != got) {
				t.Errorf("the number is %v, want %v", got, n)
			}
			var list []string
			if got, ok := texts(m.value); ok && m.value[0] == '[' && (json.Unmarshal(m.value, &list) != nil || strings.Join(list, "\x00") != strings.Join(got, "\x00")) {
				t.Errorf("the list is %q, want %q", got, list)
			}
		}
	})
}
