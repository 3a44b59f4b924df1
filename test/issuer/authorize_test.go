package issuer_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"accountapi/test/issuer"
)

// The code verifier and code challenge of RFC 7636 appendix B.
const (
	verifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
)

// with returns a form, changed by edits written "name=value", or "name" to remove a
// parameter.
func with(form url.Values, edits ...string) url.Values {
	changed := url.Values{}
	for name, values := range form {
		changed[name] = values
	}
	for _, edit := range edits {
		name, value, ok := strings.Cut(edit, "=")
		changed.Del(name)
		if ok {
			changed.Set(name, value)
		}
	}
	return changed
}

// authorization is a good authorization request, and redemption a good token request but
// for its code.
var (
	authorization = url.Values{
		"response_type": {"code"}, "client_id": {"local-client"}, "redirect_uri": {"http://127.0.0.1:3002/callback"},
		"state": {"s t+a/te"}, "code_challenge": {challenge}, "code_challenge_method": {"S256"},
		"scope": {"openid read:things"},
	}
	redemption = url.Values{
		"grant_type": {"authorization_code"}, "client_id": {"local-client"}, "code_verifier": {verifier},
		"redirect_uri": {"http://127.0.0.1:3002/callback"},
	}
)

// authorize sends an authorization request.
func authorize(i http.Handler, request url.Values) *http.Response {
	recorder := httptest.NewRecorder()
	i.ServeHTTP(recorder, httptest.NewRequest("GET", "/authorize?"+request.Encode(), nil))
	return recorder.Result()
}

// codeOf returns the code of a good authorization request.
func codeOf(t *testing.T, i http.Handler) string {
	t.Helper()
	location, err := authorize(i, authorization).Location()
	if err != nil || location.Query().Get("code") == "" {
		t.Fatalf("redirected to %v, %v", location, err)
	}
	return location.Query().Get("code")
}

func TestAuthorizationEndpointRedirectsToLoopbackAddressesOnly(t *testing.T) {
	s := start(t, issuer.Config{Scopes: []string{"read:things", "write:things"}})
	for _, test := range []struct {
		edit   string
		status int
		want   string // in the parameter error of the redirect, or in the body
	}{
		{"state=1", 302, ""},
		{"scope", 302, ""},
		{"redirect_uri=http://[::1]:7777/", 302, ""},
		{"redirect_uri=http://localhost/cb?a=b", 302, ""},
		{"response_type=token", 302, "unsupported_response_type"},
		{"code_challenge", 302, "invalid_request"},
		{"code_challenge=short", 302, "invalid_request"},
		{"code_challenge_method", 302, "invalid_request"},
		{"code_challenge_method=plain", 302, "invalid_request"},
		{"scope=delete:things", 302, "access_denied"},
		{"audience=https://another-api.example.com/", 302, "access_denied"},
		{"client_id=stranger", 400, "Unknown client: stranger"},
		{"redirect_uri", 400, "Callback URL mismatch"},
		{"redirect_uri=https://127.0.0.1:3002/callback", 400, "Callback URL mismatch"},
		{"redirect_uri=http://attacker.example.com/", 400, "Callback URL mismatch"},
		{"redirect_uri=http://127.0.0.1.example.com/", 400, "Callback URL mismatch"},
		{"redirect_uri=http://127.0.0.1@attacker.example.com/", 400, "Callback URL mismatch"},
		{"redirect_uri=http://127.0.0.1/#x", 400, "Callback URL mismatch"},
		{"redirect_uri=javascript:alert(1)", 400, "Callback URL mismatch"},
	} {
		t.Run(test.edit, func(t *testing.T) {
			request := with(authorization, test.edit)
			response := authorize(s, request)
			if response.StatusCode != test.status {
				t.Fatalf("status %s, want %d", response.Status, test.status)
			}
			if test.status == 400 {
				if body, _ := io.ReadAll(response.Body); !strings.Contains(string(body), test.want) ||
					response.Header.Get("Location") != "" {
					t.Errorf("Location %q, body %s", response.Header.Get("Location"), body)
				}
				return
			}
			location, err := response.Location()
			if err != nil {
				t.Fatal(err)
			}
			answer := location.Query()
			if answer.Get("error") != test.want || answer.Get("state") != request.Get("state") ||
				answer.Get("iss") != s.URL() || answer.Has("code") != (test.want == "") {
				t.Errorf("redirected to %s", location)
			}
			if !strings.HasPrefix(location.String(), request.Get("redirect_uri")) {
				t.Errorf("redirected to %s", location)
			}
		})
	}
}

func TestCodeIsRedeemedOnceWithItsVerifier(t *testing.T) {
	now := noon
	s := start(t, issuer.Config{
		Scopes: []string{"read:things", "write:things"}, Now: func() time.Time { return now },
	})
	redeem := func(request url.Values) (status int, answer map[string]any) {
		response, answer := post(t, s, form, request.Encode(), nil)
		return response.StatusCode, answer
	}
	for _, test := range []struct {
		name  string
		edits []string
		code  string // "" for a token
	}{
		{"good", nil, ""},
		{"with the secret", []string{"client_secret=" + issuer.DefaultClientSecret}, ""},
		{"a wrong secret", []string{"client_secret=x"}, "access_denied"},
		{"another client", []string{"client_id=stranger"}, "access_denied"},
		{"no client", []string{"client_id"}, "access_denied"},
		{"no verifier", []string{"code_verifier"}, "invalid_grant"},
		{"a wrong verifier", []string{"code_verifier=" + strings.Repeat("x", 43)}, "invalid_grant"},
		{"the challenge for the verifier", []string{"code_verifier=" + challenge}, "invalid_grant"},
		{"another redirect URI", []string{"redirect_uri=http://127.0.0.1:3003/callback"}, "invalid_grant"},
		{"no redirect URI", []string{"redirect_uri"}, "invalid_grant"},
		{"an unknown code", []string{"code=x"}, "invalid_grant"},
		{"no code", []string{"code"}, "invalid_grant"},
	} {
		t.Run(test.name, func(t *testing.T) {
			request := with(redemption, append([]string{"code=" + codeOf(t, s)}, test.edits...)...)
			status, answer := redeem(request)
			if code, _ := answer["error"].(string); code != test.code || (status == 200) != (test.code == "") {
				t.Fatalf("status %d, %v", status, answer)
			}
			if test.code != "" {
				return
			}
			if _, claims := decode(t, answer["access_token"].(string)); claims["scope"] != "read:things" ||
				claims["sub"] != "auth0|5be86359-073c-434b-ad2d-a3932222dabe" {
				t.Errorf("the claims are %v", claims)
			}
			if status, answer := redeem(request); status != 400 || answer["error"] != "invalid_grant" {
				t.Errorf("the second time: status %d, %v", status, answer)
			}
		})
	}

	// A wrong verifier uses the code up.
	code := "code=" + codeOf(t, s)
	redeem(with(redemption, code, "code_verifier="+strings.Repeat("x", 43)))
	if status, _ := redeem(with(redemption, code)); status != 400 {
		t.Errorf("after a wrong verifier: status %d, want 400", status)
	}
	code = "code=" + codeOf(t, s)
	now = now.Add(time.Minute)
	if status, _ := redeem(with(redemption, code)); status != 400 {
		t.Errorf("a minute later: status %d, want 400", status)
	}
}
