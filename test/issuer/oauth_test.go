package issuer_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"accountapi/test/issuer"
)

const (
	form     = "application/x-www-form-urlencoded"
	jsonBody = "application/json"
)

// post sends a token request as curl would.
func post(
	t *testing.T, s *issuer.Server, contentType, body string, header http.Header,
) (*http.Response, map[string]any) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), "POST", s.TokenURL(), strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", contentType)
	for name, values := range header {
		request.Header[name] = values
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	var answer map[string]any
	if err := json.Unmarshal(raw, &answer); err != nil {
		t.Fatalf("status %s, body %q: %v", response.Status, raw, err)
	}
	for name, want := range map[string]string{
		"Content-Type": "application/json", "Cache-Control": "no-store", "Pragma": "no-cache",
	} {
		if got := response.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q (RFC 6749 section 5.1)", name, got, want)
		}
	}
	return response, answer
}

func basic(credentials string) http.Header {
	request := http.Request{Header: http.Header{}}
	id, secret, _ := strings.Cut(credentials, ":")
	request.SetBasicAuth(id, secret)
	return request.Header
}

func startForTokens(t *testing.T) *issuer.Server {
	return start(t, issuer.Config{
		ClientID: "my client", ClientSecret: "s%cret", // with characters that must be encoded
		Audience: "https://api.example.com/", Scopes: []string{"read:things", "write:things"}, Lifetime: time.Hour,
	})
}

// Parts of token requests.
const (
	grant    = "grant_type=client_credentials"
	inBody   = "&client_id=my+client&client_secret=s%25cret"
	inJSON   = `"grant_type":"client_credentials","client_id":"my client","client_secret":"s%cret"`
	inHeader = "my+client:s%25cret"
)

func TestTokenEndpointGrants(t *testing.T) {
	s := startForTokens(t)
	const all = "read:things write:things"
	for name, test := range map[string]struct {
		contentType, body string
		header            http.Header
		scope             string
	}{
		"a form":              {form, grant + inBody + "&audience=https%3A%2F%2Fapi.example.com%2F", nil, all},
		"a JSON object":       {jsonBody, "{" + inJSON + `,"audience":"https://api.example.com/"}`, nil, all},
		"JSON with charset":   {jsonBody + "; charset=utf-8", "{" + inJSON + "}", nil, all},
		"Basic":               {form, grant, basic(inHeader), all},
		"Basic and client_id": {form, grant + "&client_id=my+client", basic(inHeader), all},
		"one scope":           {form, grant + "&scope=write:things", basic(inHeader), "write:things"},
		"two scopes in another order": {
			form, grant + "&scope=write:things+read:things", basic(inHeader), "write:things read:things",
		},
		"empty scope":       {form, grant + "&scope=", basic(inHeader), all},
		"empty audience":    {form, grant + "&audience=", basic(inHeader), all},
		"unknown parameter": {form, grant + "&organization=o", basic(inHeader), all}, // ignored: RFC 6749 section 3.2
	} {
		t.Run(name, func(t *testing.T) {
			response, answer := post(t, s, test.contentType, test.body, test.header)
			if response.StatusCode != http.StatusOK {
				t.Fatalf("status %s: %v", response.Status, answer)
			}
			if answer["token_type"] != "Bearer" || answer["expires_in"] != 3600.0 || answer["scope"] != test.scope {
				t.Errorf("answer %v", answer)
			}
			_, claims := decode(t, answer["access_token"].(string))
			if claims["sub"] != "my client@clients" || claims["scope"] != test.scope ||
				claims["aud"] != "https://api.example.com/" {
				t.Errorf("claims %v", claims)
			}
		})
	}
}

func TestTokenEndpointRefuses(t *testing.T) {
	s := startForTokens(t)
	for _, test := range []struct {
		name              string
		contentType, body string
		header            http.Header
		status            int
		code, description string
	}{
		{"no grant type", form, "client_id=c", nil, 400, "invalid_request", "Missing required parameter: grant_type"},
		{"another grant type", form, "grant_type=password", nil,
			400, "unsupported_grant_type", "Unsupported grant type: password"},
		{"an unknown client", form, grant + "&client_id=x&client_secret=s%25cret", nil,
			401, "access_denied", "Unauthorized"},
		{"a wrong secret", form, grant + "&client_id=my+client&client_secret=x", nil,
			401, "access_denied", "Unauthorized"},
		{"no credentials", form, grant, nil, 401, "access_denied", "Unauthorized"},
		{"a wrong secret in the header", form, grant, basic("my+client:x"), 401, "access_denied", "Unauthorized"},
		{"another audience", form, grant + inBody + "&audience=https://x/", nil,
			403, "access_denied", "Service not found: https://x/"},
		{"another scope", form, grant + inBody + "&scope=read:things+delete:things", nil,
			403, "access_denied", "Client has not been granted scopes: delete:things"},
		{"a repeated parameter", form, grant + inBody + "&scope=read:things&scope=read:things", nil,
			400, "invalid_request", "parameter 'scope' occurs 2 times"},
		{"credentials in header and body", form, grant + inBody, basic(inHeader),
			400, "invalid_request", "client credentials in the Authorization header and in the body: want one of them"},
		{"header not form-encoded", form, grant, basic("my client:s%cret"),
			400, "invalid_request", "client credentials in the Authorization header: want them form-encoded"},
		{"not a form", form, "%", nil, 400, "invalid_request", "body: want a form"},
		{"not JSON", jsonBody, grant, nil, 400, "invalid_request", "body: want a JSON object of strings"},
		{"a JSON number", jsonBody, `{"grant_type":1}`, nil,
			400, "invalid_request", "body: want a JSON object of strings"},
		{"JSON null", jsonBody, `null`, nil, 400, "invalid_request", "Missing required parameter: grant_type"},
		{"another content type", "text/plain", grant + inBody, nil, 400, "invalid_request",
			"Content-Type text/plain: want application/x-www-form-urlencoded or application/json"},
		{"no content type", "", grant + inBody, nil, 400, "invalid_request",
			"Content-Type: want application/x-www-form-urlencoded or application/json"},
		{"a body that is too long", form, "grant_type=" + strings.Repeat("x", 64<<10), nil,
			400, "invalid_request", "body: want a form"},
		// RFC 6749 section 5.2 allows neither control characters, quotes nor backslashes
		// in error_description, and only ASCII.
		{"characters not allowed in errors", form, "grant_type=%00%22%5C%C3%AB", nil,
			400, "unsupported_grant_type", "Unsupported grant type: ?''?"},
	} {
		t.Run(test.name, func(t *testing.T) {
			response, answer := post(t, s, test.contentType, test.body, test.header)
			if response.StatusCode != test.status || answer["error"] != test.code ||
				answer["error_description"] != test.description {
				t.Errorf("status %s, %v, want %d %s %q",
					response.Status, answer, test.status, test.code, test.description)
			}
			wantChallenge := ""
			if test.header != nil && test.status == 401 {
				wantChallenge = `Basic realm="issuer"`
			}
			if got := response.Header.Get("WWW-Authenticate"); got != wantChallenge {
				t.Errorf("WWW-Authenticate %q, want %q", got, wantChallenge)
			}
		})
	}
}

func TestOtherMethodsAndPaths(t *testing.T) {
	s := start(t, issuer.Config{})
	for name, test := range map[string]struct {
		method, path string
		status       int
	}{
		"the token endpoint takes POST only": {"GET", "oauth/token", 405},
		"the JWK Set takes GET only":         {"POST", ".well-known/jwks.json", 405},
		"the authorization endpoint is GET":  {"POST", "authorize?response_type=code", 405},
		"any other path":                     {"GET", "userinfo", 404},
	} {
		t.Run(name, func(t *testing.T) {
			request, err := http.NewRequestWithContext(t.Context(), test.method, s.URL()+test.path, nil)
			if err != nil {
				t.Fatal(err)
			}
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
			if response.StatusCode != test.status {
				t.Errorf("status %s, want %d", response.Status, test.status)
			}
		})
	}
}

func TestScopesThatAreSetLaterAreGranted(t *testing.T) {
	s := start(t, issuer.Config{Scopes: []string{"read:things"}})
	request := `{"grant_type":"client_credentials","client_id":"local-client","client_secret":"local-client-secret",` +
		`"audience":"https://account-api.example.com/","scope":"refund:things"}`
	if response, _ := post(t, s, jsonBody, request, nil); response.StatusCode != 403 {
		t.Errorf("got %d before, want 403", response.StatusCode)
	}
	if err := s.SetScopes([]string{"read:things", "refund:things"}); err != nil {
		t.Fatal(err)
	}
	if response, answer := post(t, s, jsonBody, request, nil); response.StatusCode != 200 {
		t.Errorf("got %d %v, want 200", response.StatusCode, answer)
	}
	if err := s.SetScopes([]string{"refund things"}); err == nil {
		t.Error("a scope with a space was taken")
	}
}
