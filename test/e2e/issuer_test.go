package e2e

import (
	"testing"
	"time"

	"accountapi/test/issuer"
)

func TestTheAPIRecoversFromAnIssuerThatWasDownAtItsStart(t *testing.T) {
	skipIfDeployed(t, needsIssuer)
	i := startIssuer(t)
	i.SetFault(issuer.Outage)
	a := serve(t, assembly, i)
	got := a.call(t, a.token)
	cors := got.header.Get("Access-Control-Allow-Origin")
	if got.status != 503 || got.header.Get("Retry-After") == "" || cors != a.gatewayOrigin() {
		t.Errorf("got %d %v, want 503 with Retry-After and CORS", got.status, got.header)
	}
	// Without keys a token that is bad whatever its signature is still gets 401.
	a.expectUnauthorized(t, a.call(t, "garbage"))

	a.issuer.SetFault(issuer.Healthy)
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		if got = a.call(t, a.token); got.status != 503 || time.Now().After(deadline) {
			break
		}
	}
	a.expectAnswered(t, got)
}

func TestKnownKeysOutlastAFailureOfTheIssuer(t *testing.T) {
	a := local(t)
	a.expectAnswered(t, a.call(t, a.token))
	for _, fault := range issuer.EndpointFaults() {
		t.Run(string(fault), func(t *testing.T) {
			a.issuer.SetFault(fault)
			// Another subject makes another token, for which no answer is cached.
			a.expectAnswered(t, a.call(t, a.issuer.Token(issuer.Subject(string(fault)))))
		})
	}
}

func TestARotatedKeyIsAcceptedAtItsFirstUse(t *testing.T) {
	a := local(t)
	a.expectAnswered(t, a.call(t, a.token))
	a.issuer.Rotate()
	a.expectAnswered(t, a.call(t, a.issuer.Token()))
}
