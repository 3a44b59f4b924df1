package issuer_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"accountapi/test/issuer"

	"github.com/google/go-cmp/cmp"
)

// visit sends a request with this Host header to the issuer.
func visit(i http.Handler, method, path, host, body string, header map[string]string) *http.Response {
	request := httptest.NewRequest(method, path, strings.NewReader(body))
	request.Host = host
	for name, value := range header {
		request.Header.Set(name, value)
	}
	recorder := httptest.NewRecorder()
	i.ServeHTTP(recorder, request)
	return recorder.Result()
}

// click posts body to an endpoint of the API console, as the page does, and returns the
// answer.
func click(t *testing.T, i http.Handler, path, body string) (status int, answer map[string]any) {
	t.Helper()
	response := visit(i, "POST", path, "127.0.0.1:3001", body, map[string]string{"Sec-Fetch-Site": "same-origin"})
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, answer
}

func TestThePageNeedsNoNetwork(t *testing.T) {
	i := newIssuer(t)
	if err := i.SetAPIURL("http://127.0.0.1:3000/prod"); err != nil {
		t.Fatal(err)
	}
	response := visit(i, "GET", "/", "127.0.0.1:3001", "", nil)
	page, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("status %s, error %v", response.Status, err)
	}
	for _, name := range []string{"page.css", "expectation.js", "request.js", "answer.js", "page.js"} {
		file, err := os.ReadFile(filepath.Join("console", name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(page, file) {
			t.Errorf("the page does not contain %s", name)
		}
	}

	for name, pattern := range map[string]string{
		"an external URL":                   `(src|href|action)="(https?:)?//`,
		"an import":                         `@import|import\(|\burl\(`,
		"a script or style with attributes": `<script [^>]*>|<style [^>]*>|<link rel="stylesheet"`,
		"an inline handler or style":        ` on[a-z]+="| style="`,
		"a script that creates markup":      `innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(`,
	} {
		if found := regexp.MustCompile(pattern).Find(page); found != nil {
			t.Errorf("the page has %s: %s", name, found)
		}
	}
	for _, element := range []string{"script", "style"} {
		if n := bytes.Count(page, []byte("<"+element+">")); n != 1 {
			t.Errorf("%d %s elements, want the one that the policy allows by its hash", n, element)
		}
	}

	header := response.Header
	for name, want := range map[string]string{
		"Content-Type":                 "text/html; charset=utf-8",
		"X-Content-Type-Options":       "nosniff",
		"Referrer-Policy":              "no-referrer",
		"Cross-Origin-Opener-Policy":   "same-origin",
		"Cross-Origin-Resource-Policy": "same-origin",
		"Cache-Control":                "no-store",
	} {
		if got := header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	policy := regexp.MustCompile(`'sha256-[^']{44}'`).ReplaceAllString(header.Get("Content-Security-Policy"), "HASH")
	want := "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; img-src data:; " +
		"style-src HASH; script-src HASH; require-trusted-types-for 'script'; connect-src 'self' http://127.0.0.1:3000"
	if policy != want {
		t.Errorf("Content-Security-Policy:\n%s, want\n%s", policy, want)
	}
}

func TestThePageOffersEveryFault(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("console", "page.html"))
	if err != nil {
		t.Fatal(err)
	}
	options := func(id string) (values []string) {
		_, rest, _ := bytes.Cut(page, []byte(`<select id="`+id+`"`))
		list, _, _ := bytes.Cut(rest, []byte("</select>"))
		for _, match := range regexp.MustCompile(`<option value="([^"]*)"`).FindAllSubmatch(list, -1) {
			values = append(values, string(match[1]))
		}
		return values
	}
	tokens, endpoints := []string{""}, []string{""}
	for _, fault := range issuer.TokenFaults() {
		tokens = append(tokens, string(fault))
	}
	for _, fault := range issuer.EndpointFaults() {
		endpoints = append(endpoints, string(fault))
	}
	tokens = append(tokens, "no-token")
	if diff := cmp.Diff(tokens, options("fault")); diff != "" {
		t.Error("token faults:", diff)
	}
	if diff := cmp.Diff(endpoints, options("endpoint-fault")); diff != "" {
		t.Error("endpoint faults:", diff)
	}
}

func TestRequestsOfOtherPagesAreRefused(t *testing.T) {
	type header = map[string]string
	const here, attacker = "127.0.0.1:3001", "https://attacker.example.com"
	sameOrigin := header{"Sec-Fetch-Site": "same-origin", "Origin": "http://127.0.0.1:3001"}
	otherPort := header{"Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1:3000"}
	crossSite := header{"Sec-Fetch-Site": "cross-site", "Origin": attacker}
	for name, test := range map[string]struct {
		method, path, host string
		header             header
		status             int
	}{
		"the page by address":          {"GET", "/", here, nil, 200},
		"the page by IPv6 address":     {"GET", "/", "[::1]:3001", nil, 200},
		"the page by name":             {"GET", "/", "localhost:3001", nil, 200},
		"the page by name in capitals": {"GET", "/", "LOCALHOST:3001", nil, 200},
		"the page on port 80":          {"GET", "/", "localhost", nil, 200},
		"the page on port 80, IPv6":    {"GET", "/", "[::1]", nil, 200},
		"a click on the page":          {"POST", "/console/rotate", here, sameOrigin, 200},
		"a click, in an old browser":   {"POST", "/console/rotate", here, header{"Origin": "http://" + here}, 200},
		"curl":                         {"POST", "/console/rotate", here, nil, 200},
		"a link on another site":       {"GET", "/", here, header{"Sec-Fetch-Site": "cross-site"}, 200},
		"DNS rebinding, the state":     {"GET", "/console/state", "attacker.example.com:3001", sameOrigin, 403},
		"DNS rebinding, the log":       {"GET", "/console/explanation", "attacker.example.com:3001", sameOrigin, 403},
		"DNS rebinding, the page":      {"GET", "/", "attacker.example.com", nil, 403},
		"a host like localhost":        {"GET", "/", "localhost.example.com:3001", nil, 403},
		"a host like an address":       {"GET", "/", "127.0.0.1.example.com:3001", nil, 403},
		"another address":              {"GET", "/", "192.168.0.2:3001", nil, 403},
		"no host":                      {"GET", "/", "", nil, 403},
		"a click on another site":      {"POST", "/console/rotate", here, crossSite, 403},
		"a click on another port":      {"POST", "/console/rotate", here, otherPort, 403},
		"another site, old browser":    {"POST", "/console/fault", here, header{"Origin": attacker}, 403},
		"another port, old browser":    {"POST", "/console/fault", here, header{"Origin": "http://127.0.0.1:3000"}, 403},
		"a sandboxed page":             {"POST", "/console/token", here, header{"Origin": "null"}, 403},
		"GET for a change":             {"GET", "/console/rotate", here, nil, 405},
		"POST for the state":           {"POST", "/console/state", here, nil, 405},
		"an unknown path":              {"GET", "/console/other", here, nil, 404},
		"a preflight":                  {"OPTIONS", "/console/rotate", here, header{"Origin": attacker}, 405},
	} {
		t.Run(name, func(t *testing.T) {
			i := newIssuer(t, "EdDSA")
			kid := i.KeyID()
			response := visit(i, test.method, test.path, test.host, "{}", test.header)
			if response.StatusCode != test.status {
				t.Errorf("status %s, want %d", response.Status, test.status)
			}
			if test.status != 200 && i.KeyID() != kid {
				t.Error("the request is refused, but the key has changed")
			}
			for name := range response.Header {
				if strings.HasPrefix(name, "Access-Control-") {
					t.Errorf("the answer allows other origins: %s", name)
				}
			}
			if !strings.Contains(response.Header.Get("Content-Security-Policy"), "frame-ancestors 'none'") {
				t.Error("the answer may be framed")
			}
		})
	}
}

func TestTheConsoleCreatesTokens(t *testing.T) {
	type members = map[string]any
	i := newIssuer(t, "RS256", "ES256")
	for name, test := range map[string]struct {
		form           string
		header, claims members // those that depend on the form
	}{
		"good": {
			`{"scopes":["read:things"],"subject":"auth0|1","audience":"https://api.example.com/","lifetime":60}`,
			members{"alg": "RS256"},
			members{
				"scope": "read:things", "sub": "auth0|1", "aud": "https://api.example.com/",
				"exp": float64(noon.Unix() + 60),
			},
		},
		"without scopes": {
			`{"subject":"s","audience":"a","lifetime":1}`,
			members{"alg": "RS256"}, members{"scope": nil, "sub": "s", "aud": "a"},
		},
		"with another key": {
			`{"scopes":["a","b"],"algorithm":"ES256","lifetime":1}`,
			members{"alg": "ES256"}, members{"scope": "a b", "sub": "", "aud": ""},
		},
		"wrong audience, with another audience in the form": {
			`{"audience":"https://api.example.com/","lifetime":1,"fault":"wrong-audience"}`,
			members{"alg": "RS256"}, members{"aud": "https://another-api.example.com/"},
		},
		"expired, with a lifetime in the form": {
			`{"lifetime":60,"fault":"expired"}`,
			members{"alg": "RS256"}, members{"exp": float64(noon.Unix() - 3600)},
		},
		"an ID token, with the subject and the audience of the form unchanged": {
			`{"kind":"id","subject":"auth0|5be86359-073c-434b-ad2d-a3932222dabe",` +
				`"audience":"https://api.example.com/","lifetime":60}`,
			members{"typ": "JWT"},
			members{"sub": "auth0|5be86359-073c-434b-ad2d-a3932222dabe", "aud": "client", "scope": nil},
		},
		"unsigned": {
			`{"lifetime":60,"fault":"alg-none"}`,
			members{"alg": "none"}, members{"exp": float64(noon.Unix() + 60)},
		},
	} {
		t.Run(name, func(t *testing.T) {
			status, answer := click(t, i, "/console/token", test.form)
			if status != http.StatusOK {
				t.Fatalf("status %d: %v", status, answer)
			}
			header, claims := decode(t, answer["token"].(string))
			for _, part := range []struct{ got, want members }{{header, test.header}, {claims, test.claims}} {
				for name, want := range part.want {
					if part.got[name] != want {
						t.Errorf("%s %v, want %v", name, part.got[name], want)
					}
				}
			}
		})
	}
}

func TestTheConsoleReportsInvalidRequests(t *testing.T) {
	i := newIssuer(t, "EdDSA")
	long := strings.Repeat("x", 64<<10)
	for name, test := range map[string]struct{ path, body, field, want string }{
		"no JSON":             {"/console/token", "lifetime=1", "", "body: "},
		"an unknown member":   {"/console/token", `{"lifetime":1,"sub":"s"}`, "", "body: json: unknown field 'sub'"},
		"a body too long":     {"/console/token", `{"subject":"` + long + `"}`, "", "body: http: request body too large"},
		"no lifetime":         {"/console/token", `{}`, "lifetime", "want 1 to"},
		"a negative lifetime": {"/console/token", `{"lifetime":-1}`, "lifetime", "want 1 to"},
		"a huge lifetime":     {"/console/token", `{"lifetime":1000000000000}`, "lifetime", "want 1 to"},
		"two scopes in one":   {"/console/token", `{"lifetime":1,"scopes":["a b"]}`, "scopes", "scope a b: want printable"},
		"an empty scope":      {"/console/token", `{"lifetime":1,"scopes":[""]}`, "scopes", "scope : want printable"},
		"unknown token fault": {"/console/token", `{"lifetime":1,"fault":"ugly"}`, "fault", "want one of ['expired' "},
		"an unknown kind":     {"/console/token", `{"lifetime":1,"kind":"ugly"}`, "kind", "want one of ['client' 'user'"},
		"an algorithm without a key": {
			"/console/token", `{"lifetime":1,"algorithm":"RS256"}`, "algorithm", "no key signs with 'RS256', only with EdDSA",
		},
		"an unknown fault": {"/console/fault", `{"fault":"ugly"}`, "fault", "want one of ['outage' "},
		"no fault at all":  {"/console/fault", ``, "", "body: EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			status, answer := click(t, i, test.path, test.body)
			description, _ := answer["error_description"].(string)
			field, _ := answer["field"].(string)
			if status != http.StatusBadRequest || answer["error"] != "invalid_request" || field != test.field ||
				!strings.HasPrefix(description, test.want) {
				t.Errorf("status %d, %v, want 400 %q at the field %q", status, answer, test.want, test.field)
			}
		})
	}
}

func TestTheConsoleChangesKeysAndFaults(t *testing.T) {
	i := newIssuer(t, "EdDSA")
	kids := func(state map[string]any) (list []string) {
		for _, key := range state["keys"].([]any) {
			list = append(list, key.(map[string]any)["kid"].(string))
		}
		return list
	}
	first := i.KeyID()

	_, state := click(t, i, "/console/rotate", "{}")
	second := i.KeyID()
	if got := kids(state); second == first || !slices.Equal(got, []string{second, first}) {
		t.Errorf("after rotation keys %q, want a new one, then %q", got, first)
	}
	_, state = click(t, i, "/console/retire-old-keys", "{}")
	if got := kids(state); !slices.Equal(got, []string{second}) {
		t.Errorf("after the old keys were retired keys %q, want %q", got, second)
	}

	for _, fault := range append(issuer.EndpointFaults(), issuer.Healthy) {
		_, state = click(t, i, "/console/fault", `{"fault":"`+string(fault)+`"}`)
		if i.Fault() != fault || state["fault"] != string(fault) {
			t.Errorf("fault %q, shown as %q, want %q", i.Fault(), state["fault"], fault)
		}
	}
}

func TestTheStateHasEverythingThatThePageShows(t *testing.T) {
	i := newIssuer(t, "EdDSA")
	read := func() (state map[string]any) {
		response := visit(i, "GET", "/console/state", "127.0.0.1:3001", "", nil)
		if err := json.NewDecoder(response.Body).Decode(&state); err != nil {
			t.Fatal(err)
		}
		return state
	}
	want := map[string]any{
		"issuer":    "http://127.0.0.1:3001/",
		"token_url": "http://127.0.0.1:3001/oauth/token",
		"api_url":   "",
		"routes":    []any{},
		"explains":  false,
		"audience":  "https://api.example.com/",
		"scopes":    []any{"read:things", "write:things"},
		"kinds": []any{
			map[string]any{"kind": "client", "subject": "client@clients", "refused": ""},
			map[string]any{"kind": "user", "subject": "auth0|5be86359-073c-434b-ad2d-a3932222dabe", "refused": ""},
			map[string]any{
				"kind": "id", "subject": "auth0|5be86359-073c-434b-ad2d-a3932222dabe", "refused": "it is an ID token",
			},
			map[string]any{
				"kind": "logout", "subject": "auth0|5be86359-073c-434b-ad2d-a3932222dabe", "refused": "it is a logout token",
			},
		},
		"client_id":     "client",
		"client_secret": issuer.DefaultClientSecret,
		"lifetime":      3600.0,
		"algorithms":    []any{"EdDSA"},
		"keys":          []any{map[string]any{"kid": i.KeyID(), "alg": "EdDSA", "signing": true}},
		"fault":         "",
		"jwks_fetches":  0.0,
	}
	if diff := cmp.Diff(want, read()); diff != "" {
		t.Error(diff)
	}

	if err := i.SetAPIURL("http://127.0.0.1:3000/prod/"); err != nil {
		t.Fatal(err)
	}
	visit(i, "GET", "/.well-known/jwks.json", "127.0.0.1:3001", "", nil)
	i.SetFault(issuer.Outage) // does not affect the API console
	want["api_url"], want["jwks_fetches"], want["fault"] = "http://127.0.0.1:3000/prod", 1.0, "outage"
	if diff := cmp.Diff(want, read()); diff != "" {
		t.Error(diff)
	}
}

func TestTheConsoleServesTheRoutesAndTheLogOfTheAPI(t *testing.T) {
	i, err := issuer.New(issuer.Config{
		URL: "http://127.0.0.1:3001/", Algorithms: []string{"EdDSA"},
		Routes: func() []issuer.Route {
			return []issuer.Route{
				{Method: "POST", Path: "/orders/{orderId}", Scopes: []string{"write:orders"}}, {Method: "ANY", Path: "/me"},
				{Method: "GET", Path: "/health", Public: true},
			}
		},
		Explain: func() issuer.Explanation {
			return issuer.Explanation{
				Request: 7, Method: "GET", Path: "/prod/me", Status: 401, Asked: true,
				Decision: "refuse", Reason: "issuer", Hint: "a slash", Gateway: "refused",
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]map[string]any{
		"/console/state": {
			"explains": true,
			"routes": []any{
				map[string]any{
					"method": "POST", "path": "/orders/{orderId}", "public": false, "scopes": []any{"write:orders"},
				},
				map[string]any{"method": "ANY", "path": "/me", "public": false, "scopes": []any{}},
				map[string]any{"method": "GET", "path": "/health", "public": true, "scopes": []any{}},
			},
		},
		"/console/explanation": {
			"request": 7.0, "method": "GET", "path": "/prod/me", "status": 401.0, "asked": true, "cached": false,
			"decision": "refuse", "reason": "issuer", "hint": "a slash", "error": "", "gateway": "refused",
		},
	} {
		response := visit(i, "GET", path, "127.0.0.1:3001", "", nil)
		var got map[string]any
		if err := json.NewDecoder(response.Body).Decode(&got); err != nil {
			t.Fatal(err)
		}
		for name := range got {
			if _, ok := want[name]; !ok && path == "/console/state" {
				delete(got, name)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", path, diff)
		}
	}
	response := visit(newIssuer(t), "GET", "/console/explanation", "127.0.0.1:3001", "", nil)
	if response.StatusCode != 404 {
		t.Errorf("without Explain: status %s, want 404", response.Status)
	}
}

func TestSetAPIURLRefusesInvalidURLs(t *testing.T) {
	i := newIssuer(t, "EdDSA")
	for _, address := range []string{
		"", "127.0.0.1:3000", "/prod", "ftp://127.0.0.1/", "http://", "http://a@127.0.0.1/", "http://127.0.0.1/?a",
		"http://127.0.0.1/#a", "http://127.0.0.1/; script-src *", "http://a'b/", "http://[::1",
	} {
		t.Run(address, func(t *testing.T) {
			if err := i.SetAPIURL(address); err == nil {
				t.Error("no error")
			}
		})
	}
}
