package jwt

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"accountapi/lambdas/internal/jwks"
	"accountapi/lambdas/internal/principal"
	"accountapi/lambdas/internal/tokentest"
)

// The keys and edits of the tests, by their short names.
var (
	key1, key2, stranger = tokentest.Key1, tokentest.Key2, tokentest.Stranger
	p256, p384, p521, ed = tokentest.P256, tokentest.P384, tokentest.P521, tokentest.Ed

	mint, by, part         = tokentest.Mint, tokentest.By, tokentest.Part
	withHeader, rawHeader  = tokentest.Header, tokentest.RawHeader
	claim, rawClaims       = tokentest.Claim, tokentest.RawClaims
	rawPayload, goodClaims = tokentest.RawPayload, tokentest.GoodClaims
	signature, signedAs    = tokentest.Signature, tokentest.SignedAs
	hs256, absent, in      = tokentest.HS256, tokentest.Absent, tokentest.In
	b64, toJSON, keySet    = tokentest.Base64, tokentest.JSON, tokentest.JWKS
)

type (
	members = tokentest.Members
	edit    = tokentest.Edit
	rows    = map[string]string // tokens by what is special about them
)

const (
	testIssuer   = tokentest.Issuer
	testAudience = tokentest.Audience
)

// bed is a verifier with the issuer that it trusts.
type bed struct {
	*Verifier
	*tokentest.Server
	clock *tokentest.Clock
}

// newBed starts an issuer that publishes this JWK Set, and a verifier that allows every
// algorithm, with these settings on top of the usual ones.
func newBed(t testing.TB, document string, settings ...func(*Config)) *bed {
	t.Helper()
	b := &bed{Server: tokentest.Serve(t, document), clock: &tokentest.Clock{}}
	auth0, _ := ProviderNamed("auth0")
	keys := jwks.New(b.URL, jwks.Supported(), jwks.NewTransport(nil), b.clock.Now, func(jwks.Fetch) {})
	t.Cleanup(keys.Close)
	keys.Prefetch()
	c := Config{
		Issuers: []Issuer{{
			Name: testIssuer, Audiences: []string{testAudience}, Provider: auth0, Algorithms: jwks.Supported(), Keys: keys,
		}},
		ClockSkew: 30 * time.Second, Now: b.clock.Now,
	}
	for _, set := range settings {
		set(&c)
	}
	b.Verifier = NewVerifier(c)
	return b
}

// verify returns the principal of a token, or the reason why it is not accepted.
func (b *bed) verify(t testing.TB, token string) (who principal.Principal, why Reason) {
	t.Helper()
	who, err := b.Verify(context.Background(), token, &Seen{})
	why = OK
	if err != nil && !errors.As(err, &why) {
		t.Errorf("the error has no reason: %v", err)
	}
	if err != nil && !reflect.DeepEqual(who, principal.Principal{}) {
		t.Errorf("there is a principal beside the error %v: %+v", err, who)
	}
	for part := range strings.SplitSeq(token, ".") {
		if err != nil && len(part) > 40 && strings.Contains(err.Error(), part) {
			t.Errorf("a part of the token is in the error: %v", err)
		}
	}
	return who, why
}

// expect compares what each of these tokens comes to.
func (b *bed) expect(t *testing.T, want Reason, tokens rows) {
	t.Helper()
	for name, token := range tokens {
		t.Run(name, func(t *testing.T) {
			if _, got := b.verify(t, token); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

// at puts s into the middle of a part, suffix at its end.
func at(s string) func(string) string     { return func(p string) string { return p[:8] + s + p[8:] } }
func suffix(s string) func(string) string { return func(p string) string { return p + s } }

// deep is arrays in arrays.
func deep(levels int) string { return strings.Repeat("[", levels) + strings.Repeat("]", levels) }

// numbered is so many members with different names.
func numbered(n int) string {
	names := make([]string, n)
	for i := range names {
		names[i] = `"` + strings.Repeat("n", 1+i/26) + string(rune('a'+i%26)) + `":1`
	}
	return strings.Join(names, ",")
}

// headerWith is the JSON of a good header with more members, written as given.
func headerWith(more string) edit {
	return rawHeader(`{"alg":"RS256","kid":"key-1","typ":"JWT",` + more + `}`)
}

// edited replaces a part of the JSON of good claims.
func edited(old, replacement string) edit {
	return rawPayload(strings.Replace(toJSON(goodClaims()), old, replacement, 1))
}

// exp is good claims with exp written as given.
func exp(value string) edit { return edited(`"exp":1800003600`, `"exp":`+value) }
