package e2e

import (
	"fmt"
	"testing"
	"time"

	"accountapi/test/issuer"
)

func TestStormOfUnknownKeyIDsCausesOneFetchAndDelaysNoOtherCaller(t *testing.T) {
	skipIfDeployed(t, needsBinary)
	for name, test := range map[string]struct {
		issued time.Duration // before now
		want   string        // after the first, which causes the fetch
	}{
		"tokens that are newer than the keys": {0, "kid_unproven"},
		"tokens that are older than the keys": {time.Hour, refuse},
	} {
		t.Run(name, func(t *testing.T) {
			i := startIssuer(t, "RS256", "EdDSA")
			a := startAuthorizer(t, i, "ALGORITHMS=RS256 EdDSA")
			good := i.Token()
			a.expect(t, "Bearer "+good, allow)
			before := i.JWKSFetches()
			iat := issuer.Claim("iat", time.Now().Add(-test.issued).Unix())
			for n := range 2000 {
				want := test.want
				if n == 0 {
					want = refuse
				}
				token := i.Token(issuer.Algorithm("EdDSA"), issuer.Header("kid", fmt.Sprint("unknown-", n)), iat)
				if got := a.ask(t, "Bearer "+token); got != want {
					t.Fatalf("unknown kid %d: got %s, want %s", n, got, want)
				}
				if n%500 == 0 {
					a.expect(t, "Bearer "+good, allow)
				}
			}
			if fetches := i.JWKSFetches() - before; fetches != 1 {
				t.Errorf("%d fetches, want 1", fetches)
			}
		})
	}
}

func TestBadSignaturesCauseOneFetchInAMinute(t *testing.T) {
	skipIfDeployed(t, needsBinary)
	i := startIssuer(t)
	a := startAuthorizer(t, i)
	a.expect(t, "Bearer "+i.Token(), allow)
	before := i.JWKSFetches()
	for range 200 {
		a.expect(t, "Bearer "+i.Token(issuer.WrongKey), refuse)
	}
	if fetches := i.JWKSFetches() - before; fetches != 1 {
		t.Errorf("%d fetches, want 1", fetches)
	}
}
