package e2e

import (
	"fmt"
	"testing"

	"accountapi/test/issuer"
)

func TestTokensWithUnknownKeyIDsCauseAtMostTwoFetchesAndDelayNoOtherCaller(t *testing.T) {
	skipIfDeployed(t, needsBinary)
	i := startIssuer(t, "RS256", "EdDSA")
	a := startAuthorizer(t, i, "ALGORITHMS=RS256 EdDSA")
	good := i.Token()
	a.expect(t, "Bearer "+good, allow)
	before := i.JWKSFetches()
	for n := range 2000 {
		token := i.Token(issuer.Algorithm("EdDSA"), issuer.Header("kid", fmt.Sprint("unknown-", n)))
		if got := a.ask(t, "Bearer "+token); got != refuse {
			t.Fatalf("unknown kid %d: got %s, want %s", n, got, refuse)
		}
		if n%500 == 0 {
			a.expect(t, "Bearer "+good, allow)
		}
	}
	if fetches := i.JWKSFetches() - before; fetches > 2 {
		t.Errorf("%d fetches, want 2 at most", fetches)
	}
}
