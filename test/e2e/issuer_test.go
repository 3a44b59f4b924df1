package e2e

import (
	"net/http"
	"testing"
	"time"

	"accountapi/test/issuer"
)

func TestTheAPIRecoversFromAnIssuerThatWasDownAtItsStart(t *testing.T) {
	skipIfDeployed(t, needsIssuer)
	i := startIssuer(t)
	i.SetFault(issuer.Outage)
	a := serve(t, assembly, i)
	got := a.profile(t, a.token)
	cors := got.header.Get("Access-Control-Allow-Origin")
	if got.status != 503 || got.header.Get("Retry-After") == "" || cors != "*" {
		t.Errorf("got %d %v, want 503 with Retry-After and CORS", got.status, got.header)
	}
	// Without keys a token that is bad whatever its signature is still gets 401.
	a.do(t, http.MethodGet, "/profile", "Authorization: Bearer garbage").expect(t, 401, unauthorized, challenged...)

	a.issuer.SetFault(issuer.Healthy)
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		if got = a.profile(t, a.token); got.status == 200 || time.Now().After(deadline) {
			break
		}
	}
	got.expect(t, 200, `{"name":"Daniël"}`)
}

func TestKnownKeysOutlastAFailureOfTheIssuer(t *testing.T) {
	a := local(t)
	a.profile(t, a.token).expect(t, 200, `{"name":"Daniël"}`)
	for _, fault := range issuer.EndpointFaults() {
		t.Run(string(fault), func(t *testing.T) {
			a.issuer.SetFault(fault)
			// Another subject makes another token, for which no answer is cached.
			a.profile(t, a.issuer.Token(issuer.Subject(string(fault)))).expect(t, 200, `{"name":"Daniël"}`)
		})
	}
}

func TestARotatedKeyIsAcceptedAtItsFirstUse(t *testing.T) {
	a := local(t)
	a.profile(t, a.token).expect(t, 200, `{"name":"Daniël"}`)
	a.issuer.Rotate()
	a.profile(t, a.issuer.Token()).expect(t, 200, `{"name":"Daniël"}`)
}
