package e2e

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"

	"accountapi/test/issuer"
)

// The bodies and headers of refusals.
const (
	unauthorized  = `{"message":"Unauthorized"}`
	scopeRequired = `{"message":"Forbidden","info":"scope \"get:profile\" is required"}`
)

var challenged = []string{
	"WWW-Authenticate: Bearer", "Access-Control-Allow-Origin: *", "Content-Type: application/json",
}

func TestAGoodTokenGetsTheProfile(t *testing.T) {
	a := open(t)
	got := a.profile(t, a.token)
	got.expect(t, 200, `{"name":"Daniël"}`,
		"Content-Type: application/json", "Access-Control-Allow-Origin: *", "Cache-Control: no-store")
	if got.header.Get("X-Amzn-Requestid") == "" {
		t.Error("the answer has no request ID")
	}
}

func TestTheSchemeIsCaseInsensitive(t *testing.T) {
	a := open(t)
	for _, scheme := range []string{"bearer", "BEARER", "bEaReR"} {
		got := a.do(t, http.MethodGet, "/profile", "Authorization: "+scheme+" "+a.token)
		got.expect(t, 200, `{"name":"Daniël"}`)
	}
}

func TestMalformedCredentialsAreRefused(t *testing.T) {
	a := open(t)
	parts := strings.Split(a.token, ".")
	unsigned := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"JWT"}`)) + "." + parts[1] + "."
	other := base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"admin"}`))
	for name, headers := range map[string][]string{
		"no header":                  nil,
		"an empty header":            {"Authorization: "},
		"only the scheme":            {"Authorization: Bearer"},
		"another scheme":             {"Authorization: Basic dXNlcjpwYXNz"},
		"no scheme":                  {"Authorization: " + a.token},
		"a token of one part":        {"Authorization: Bearer garbage"},
		"a token that is not base64": {"Authorization: Bearer a.b.c"},
		"two tokens":                 {"Authorization: Bearer " + a.token + " " + a.token},
		"alg none":                   {"Authorization: Bearer " + unsigned},
		"no signature":               {"Authorization: Bearer " + parts[0] + "." + parts[1] + "."},
		"other claims":               {"Authorization: Bearer " + parts[0] + "." + other + "." + parts[2]},
		"a truncated signature":      {"Authorization: Bearer " + a.token[:len(a.token)-4]},
	} {
		t.Run(name, func(t *testing.T) {
			a.do(t, http.MethodGet, "/profile", headers...).expect(t, 401, unauthorized, challenged...)
		})
	}
}

func TestBadTokensAreRefusedAndNotLogged(t *testing.T) {
	a := local(t)
	for _, fault := range issuer.TokenFaults() {
		t.Run(string(fault), func(t *testing.T) {
			a.profile(t, a.issuer.Token(fault)).expect(t, 401, unauthorized, challenged...)
		})
	}
	claims := strings.Split(a.token, ".")[1]
	if log := a.log.String(); strings.Contains(log, claims) || strings.Contains(log, "Bearer ") {
		t.Error("a token is in the functions' log")
	}
}

func TestATokenWithoutTheScopeIsForbidden(t *testing.T) {
	a := local(t)
	for name, token := range map[string]string{
		"no scope":                          a.issuer.Token(issuer.Scopes()),
		"another scope":                     a.issuer.Token(issuer.Scopes("read:other")),
		"a scope that starts with its name": a.issuer.Token(issuer.Scopes("get:profile2")),
	} {
		t.Run(name, func(t *testing.T) {
			a.profile(t, token).expect(t, 403, scopeRequired,
				`X-Amzn-Remapped-Www-Authenticate: Bearer error="insufficient_scope", scope="get:profile"`,
				"Access-Control-Allow-Origin: *", "Content-Type: application/json")
		})
	}
}

func TestAPreflightNeedsNoToken(t *testing.T) {
	a := open(t)
	got := a.do(t, http.MethodOptions, "/profile", "Origin: https://app.example",
		"Access-Control-Request-Method: GET", "Access-Control-Request-Headers: authorization")
	got.expect(t, 204, "", "Access-Control-Allow-Origin: *")
	if allowed := got.header.Get("Access-Control-Allow-Headers"); !strings.Contains(allowed, "Authorization") {
		t.Errorf("Authorization is not an allowed header: %q", allowed)
	}
	if allowed := got.header.Get("Access-Control-Allow-Methods"); !strings.Contains(allowed, "GET") {
		t.Errorf("GET is not an allowed method: %q", allowed)
	}
}

// API Gateway answers so when no method matches, with a token or without
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html).
func TestUnknownRoutesAnswerMissingAuthenticationToken(t *testing.T) {
	a := open(t)
	for name, do := range map[string]func() answer{
		"an unknown path":   func() answer { return a.do(t, http.MethodGet, "/nope") },
		"an unknown method": func() answer { return a.do(t, http.MethodPost, "/profile") },
	} {
		t.Run(name, func(t *testing.T) {
			do().expect(t, 403, `{"message":"Missing Authentication Token"}`, "Access-Control-Allow-Origin: *")
		})
	}
}
