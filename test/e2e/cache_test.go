package e2e

import (
	"strings"
	"testing"
	"time"

	"accountapi/test/issuer"
)

// These tests use the routes of testdata/orders.go.txt: the answers of the authorizer are
// cached there, whatever this project's own setting is, and the function answers at once.

func TestACachedAnswerNeedsNoKey(t *testing.T) {
	a := serveOrders(t)
	a.call(t, a.token).expect(t, 200, `{"id":"1"}`)
	a.issuer.Rotate()
	a.issuer.RetireOldKeys()
	a.call(t, a.token).expect(t, 200, `{"id":"1"}`)
	a.call(t, a.issuer.Token()).expect(t, 200, `{"id":"1"}`)
}

func TestACachedAnswerIsRefusedOnceItsTokenHasExpired(t *testing.T) {
	a := serveOrders(t, "CLOCK_SKEW_SECONDS=2")
	token := a.issuer.Token(issuer.Lifetime(time.Second))
	a.call(t, token).expect(t, 200, `{"id":"1"}`)
	time.Sleep(1500 * time.Millisecond) // past exp, within the clock skew
	a.call(t, token).expect(t, 200, `{"id":"1"}`)
	time.Sleep(2 * time.Second)
	a.call(t, token).expect(t, 401, `{"message":"Unauthorized","info":"the token has expired"}`,
		`X-Amzn-Remapped-Www-Authenticate: Bearer error="invalid_token"`)
}

func TestACachedAnswerServesTheOtherRoutesOfTheStage(t *testing.T) {
	a := serveOrders(t)
	a.call(t, a.token).expect(t, 200, `{"id":"1"}`)
	a.do(t, "GET", "/orders/2", "", "Authorization: Bearer "+a.token).expect(t, 200, `{"id":"2"}`)
	a.do(t, "GET", "/me", "", "Authorization: Bearer "+a.token).expect(t, 200, `"local-client@clients"`)
	if decisions := strings.Count(a.log.String(), `"msg":"decision"`); decisions != 1 {
		t.Errorf("the authorizer was invoked %d times, want once: the answer is cached", decisions)
	}
}
