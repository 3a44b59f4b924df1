package e2e

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"testing"

	"accountapi/test/internal/routes"
	"accountapi/test/issuer"
)

func TestEachRouteIsOpenToThoseWhomTheTableNames(t *testing.T) {
	open(t).checkRoutes(t)
}

// checkRoutes tests what follows from the table for each route of an API.
func (a *api) checkRoutes(t *testing.T) {
	for _, r := range a.routes {
		t.Run(r.String(), func(t *testing.T) {
			t.Run("a preflight needs no token", func(t *testing.T) { a.checkPreflight(t, r) })
			if r.Public {
				t.Run("a call without a token is answered", func(t *testing.T) {
					skipIfItChangesData(t, r)
					a.expectAnswered(t, a.send(t, r))
				})
				return
			}
			a.checkTokens(t, r)
			a.checkScopes(t, r)
		})
	}
}

// checkTokens tests that a route needs a good token, and no more than its scopes.
func (a *api) checkTokens(t *testing.T, r routes.Route) {
	refused := map[string][]string{
		"no token":          nil,
		"a malformed token": {"Authorization: Bearer garbage"},
	}
	good := a.token
	if a.issuer != nil {
		good = a.issuer.Token(issuer.Scopes(r.Scopes...))
		refused["a forged token"] = []string{"Authorization: Bearer " + a.issuer.Token(issuer.WrongKey)}
		refused["an expired token"] = []string{"Authorization: Bearer " + a.issuer.Token(issuer.Expired)}
	}
	for name, headers := range refused {
		t.Run(name+" is refused", func(t *testing.T) {
			a.expectUnauthorized(t, a.send(t, r, headers...))
		})
	}
	t.Run("a good token is let in", func(t *testing.T) {
		skipIfItChangesData(t, r)
		a.expectAnswered(t, a.send(t, r, "Authorization: Bearer "+good))
	})
}

// checkScopes tests that a route needs each of its scopes.
func (a *api) checkScopes(t *testing.T, r routes.Route) {
	if len(r.Scopes) == 0 {
		return
	}
	var longer []string
	for _, scope := range r.Scopes {
		longer = append(longer, scope+"2")
	}
	tokens := map[string][]string{
		"no scope":                     {},
		"a scope of no route":          {"a-scope-of-no-route"},
		"longer names than its scopes": longer,
	}
	if last := len(r.Scopes) - 1; last > 0 {
		tokens["all but the first of its scopes"] = r.Scopes[1:]
		tokens["all but the last of its scopes"] = r.Scopes[:last]
	}
	for name, scopes := range tokens {
		t.Run("a token with "+name+" is forbidden", func(t *testing.T) {
			skipIfDeployed(t, needsIssuer)
			token := a.issuer.Token(issuer.Scopes(scopes...))
			a.expectForbidden(t, a.send(t, r, "Authorization: Bearer "+token), r, scopes)
		})
	}
}

func (a *api) checkPreflight(t *testing.T, r routes.Route) {
	method, path := r.Call()
	got := a.do(t, http.MethodOptions, path, "",
		"Access-Control-Request-Method: "+method, "Access-Control-Request-Headers: authorization")
	got.expect(t, 204, "", "Access-Control-Allow-Origin: "+a.allowedOrigin())
	if allowed := got.header.Get("Access-Control-Allow-Headers"); !strings.Contains(allowed, "Authorization") {
		t.Errorf("Authorization is not an allowed header: %q", allowed)
	}
	if allowed := got.header.Get("Access-Control-Allow-Methods"); !strings.Contains(allowed, method) {
		t.Errorf("%s is not an allowed method: %q", method, allowed)
	}
}

func TestTheSchemeIsCaseInsensitive(t *testing.T) {
	a := open(t)
	r := a.route(t)
	skipIfItChangesData(t, r)
	for _, scheme := range []string{"bearer", "BEARER", "bEaReR"} {
		a.expectAnswered(t, a.send(t, r, "Authorization: "+scheme+" "+a.token))
	}
}

func TestMalformedCredentialsAreRefused(t *testing.T) {
	a := open(t)
	r := a.route(t)
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
		t.Run(name, func(t *testing.T) { a.expectUnauthorized(t, a.send(t, r, headers...)) })
	}
}

func TestBadTokensAreRefusedAndNotLogged(t *testing.T) {
	a := local(t)
	for _, fault := range issuer.TokenFaults() {
		t.Run(string(fault), func(t *testing.T) {
			a.expectUnauthorized(t, a.call(t, a.issuer.Token(fault)))
		})
	}
	claims := strings.Split(a.token, ".")[1]
	if log := a.log.String(); strings.Contains(log, claims) || strings.Contains(log, "Bearer ") {
		t.Error("a token is in the functions' log")
	}
}

// API Gateway answers so when no method matches, with a token or without
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html).
func TestUnknownRoutesAnswerMissingAuthenticationToken(t *testing.T) {
	a := open(t)
	expectMissing := func(t *testing.T, method, path string) {
		a.do(t, method, path, "").expect(t, 403, `{"message":"Missing Authentication Token"}`,
			"Access-Control-Allow-Origin: "+a.gatewayOrigin())
	}
	t.Run("an unknown path", func(t *testing.T) {
		for _, r := range a.routes {
			if strings.HasPrefix(r.Path, "/{") {
				t.Skip("skipped: any path may be one of ", r)
			}
		}
		expectMissing(t, http.MethodGet, "/no/such/path")
	})
	t.Run("an unknown method", func(t *testing.T) {
		var known []string
		for _, r := range a.routes {
			if r.Path == a.routes[0].Path {
				known = append(known, r.Method)
			}
		}
		_, path := a.routes[0].Call()
		for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "GET"} {
			if !slices.Contains(known, method) && !slices.Contains(known, "ANY") {
				expectMissing(t, method, path)
				return
			}
		}
		t.Skip("skipped: every method is known at ", path)
	})
}
