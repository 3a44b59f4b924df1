package e2e

import (
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"accountapi/test/internal/routes"
)

const unauthorized = `{"message":"Unauthorized"}`

// The header in which API Gateway names the type of its own error, and the one that it
// gives the challenge of a function instead of WWW-Authenticate.
const (
	errorType = "X-Amzn-Errortype"
	challenge = "X-Amzn-Remapped-Www-Authenticate"
)

// allowedOrigin is an origin from which a browser may call the API: the first of a list,
// or "*" for any.
func (a *api) allowedOrigin() string {
	if len(a.origins) == 0 || slices.Contains(a.origins, "*") {
		return "*"
	}
	return a.origins[0]
}

// gatewayOrigin is Access-Control-Allow-Origin in an error of API Gateway, a constant:
// it is "*" for several origins too.
func (a *api) gatewayOrigin() string {
	if len(a.origins) > 1 {
		return "*"
	}
	return a.allowedOrigin()
}

// expectUnauthorized fails the test unless the answer is API Gateway's to a request
// without a good token.
func (a *api) expectUnauthorized(t *testing.T, got answer) {
	t.Helper()
	got.expect(t, 401, unauthorized, "WWW-Authenticate: Bearer", "Content-Type: application/json",
		"Access-Control-Allow-Origin: "+a.gatewayOrigin())
}

// expectForbidden fails the test unless the answer is the function's to a good token with
// only these scopes (RFC 6750 section 3.1).
func (a *api) expectForbidden(t *testing.T, got answer, r routes.Route, scopes []string) {
	t.Helper()
	skipIfInvalid(t, got)
	missing := slices.IndexFunc(r.Scopes, func(scope string) bool { return !slices.Contains(scopes, scope) })
	got.expect(t, 403, `{"message":"Forbidden","info":"scope \"`+r.Scopes[missing]+`\" is required"}`,
		challenge+`: Bearer error="insufficient_scope", scope="`+strings.Join(r.Scopes, " ")+`"`,
		"Content-Type: application/json", "Access-Control-Allow-Origin: "+a.allowedOrigin())
}

// expectAnswered fails the test unless the authorizer, if the route has one, has let the
// request through, and the function has answered it. What a function answers is tested
// beside it. On this machine it may answer 500 or time out, because it needs something of
// AWS, such as a table.
func (a *api) expectAnswered(t *testing.T, got answer) {
	t.Helper()
	isDeployed := os.Getenv("API_URL") != ""
	switch kind := got.header.Get(errorType); {
	case kind == "BadRequestException":
		// A validator of the route refuses the empty object, after the authorizer.
		got.expect(t, 400, got.body, "Access-Control-Allow-Origin: "+a.gatewayOrigin())
	case kind == "" && got.header.Get(challenge) == "" && (got.status < 500 || !isDeployed):
		got.expect(t, got.status, got.body, "Access-Control-Allow-Origin: "+a.allowedOrigin())
		if got.header.Get("X-Amzn-Requestid") == "" {
			t.Error("the answer has no request ID")
		}
	case kind == "InternalServerErrorException" && !isDeployed && strings.Contains(a.log.String(), "Task timed out"):
	default:
		t.Errorf("got %d %s %s, want an answer of the function\n%v", got.status, kind, got.body, got.header)
	}
	if isDeployed {
		return
	}
	// A function that was deployed for other routes is a mistake of the stack.
	for _, complaint := range []string{`"error":"ROUTES `, `"error":"the authorizer context `} {
		if strings.Contains(a.log.String(), complaint) {
			t.Error("the function was not made for this route: see the log")
		}
	}
}

// skipIfInvalid skips the test if a validator of the route has refused the empty object:
// the function has not seen the request.
func skipIfInvalid(t *testing.T, got answer) {
	t.Helper()
	if got.header.Get(errorType) == "BadRequestException" {
		t.Skip("skipped: the validator of the route refuses an empty object before the function sees it")
	}
}

// skipIfItChangesData skips the test on a deployed stage unless the route is called with
// GET.
func skipIfItChangesData(t *testing.T, r routes.Route) {
	t.Helper()
	if method, _ := r.Call(); method != http.MethodGet {
		skipIfDeployed(t, "a good call of "+r.String()+" could change its data")
	}
}
