package jwt

import (
	"context"
	"encoding/json"
	"testing"
	"unicode/utf8"

	"accountapi/lambdas/internal/tokentest"
)

// FuzzVerify lets the fuzzer write header and claims, and signs them if it wants: the
// code behind the signature has to be reached too. There must be no panic, and no token
// accepted that the issuer's key did not sign.
func FuzzVerify(f *testing.F) {
	header := `{"alg":"EdDSA","kid":"ed","typ":"JWT"}`
	f.Add([]byte(header), []byte(toJSON(goodClaims())), true, "")
	f.Add([]byte(header), []byte(toJSON(goodClaims())), false, "AAAA")
	f.Add([]byte(`{"alg":"none","kid":"ed"}`), []byte(`{}`), true, "")
	f.Add([]byte(header), []byte(`{"iss":"https://tenant.example/","sub":"a","sub":"b"}`), true, "")
	bed := newBed(f, keySet(ed().JWK()))
	f.Fuzz(func(t *testing.T, header, payload []byte, genuine bool, signature string) {
		signed := b64(string(header)) + "." + b64(string(payload))
		if genuine {
			signature = b64(string(ed().Sign(signed)))
		}
		token := signed + "." + signature
		who, err := bed.Verify(context.Background(), token, &Seen{})
		if err != nil {
			return
		}
		if !ed().Signed(token) {
			t.Fatalf("accepted: %q", token)
		}
		// What is accepted must read the same to a reader that keeps the last of repeated
		// names.
		var claims struct {
			Iss, Sub string
			Exp      float64
		}
		if err := json.Unmarshal(payload, &claims); err != nil {
			t.Fatalf("accepted what encoding/json refuses: %v: %q", err, payload)
		}
		if !utf8.Valid(payload) || who.Subject == "" || claims.Exp+30 <= float64(tokentest.Now.Unix()) {
			t.Fatalf("accepted: %q", payload)
		}
	})
}
