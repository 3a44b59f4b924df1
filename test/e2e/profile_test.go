package e2e

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"accountapi/test/issuer"
)

// What every refusal of the gateway looks like to a client.
const unauthorized = `{"message":"Unauthorized"}`

var challenged = []string{"WWW-Authenticate: Bearer", "Access-Control-Allow-Origin: *", "Content-Type: application/json"}

func TestAGoodTokenGetsTheProfile(t *testing.T) {
	a := open(t)
	got := a.profile(t, a.token)
	got.expect(t, 200, `{"name":"Daniël"}`, "Content-Type: application/json", "Access-Control-Allow-Origin: *", "Cache-Control: no-store")
	if got.header.Get("X-Amzn-Requestid") == "" {
		t.Error("the answer has no request id")
	}
}

func TestTheSchemeMayBeWrittenInAnyCase(t *testing.T) {
	a := open(t)
	for _, scheme := range []string{"bearer", "BEARER", "bEaReR"} {
		a.do(t, http.MethodGet, "/profile", "Authorization: "+scheme+" "+a.token).expect(t, 200, `{"name":"Daniël"}`)
	}
}

func TestWhatIsNotABearerTokenIsRefused(t *testing.T) {
	a := open(t)
	parts := strings.Split(a.token, ".")
	unsigned := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"JWT"}`)) + "." + parts[1] + "."
	other := base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"admin"}`))
	for name, headers := range map[string][]string{
		"no header":                  nil,
		"an empty header":            {"Authorization: "},
		"the scheme alone":           {"Authorization: Bearer"},
		"another scheme":             {"Authorization: Basic dXNlcjpwYXNz"},
		"no scheme":                  {"Authorization: " + a.token},
		"garbage":                    {"Authorization: Bearer garbage"},
		"garbage that looks like it": {"Authorization: Bearer a.b.c"},
		"two tokens":                 {"Authorization: Bearer " + a.token + " " + a.token},
		"unsigned":                   {"Authorization: Bearer " + unsigned},
		"without its signature":      {"Authorization: Bearer " + parts[0] + "." + parts[1] + "."},
		"with other claims":          {"Authorization: Bearer " + parts[0] + "." + other + "." + parts[2]},
		"with a cut signature":       {"Authorization: Bearer " + a.token[:len(a.token)-4]},
	} {
		t.Run(name, func(t *testing.T) {
			a.do(t, http.MethodGet, "/profile", headers...).expect(t, 401, unauthorized, challenged...)
		})
	}
}

func TestATokenThatIsNotGoodIsRefused(t *testing.T) {
	a := local(t)
	for _, fault := range issuer.TokenFaults() {
		t.Run(string(fault), func(t *testing.T) {
			a.profile(t, a.issuer.Token(fault)).expect(t, 401, unauthorized, challenged...)
		})
	}
	if log := a.log.String(); strings.Contains(log, strings.Split(a.token, ".")[1]) || strings.Contains(log, "Bearer ") {
		t.Error("a token is in the functions' log")
	}
}

func TestATokenWithoutTheScopeIsForbidden(t *testing.T) {
	a := local(t)
	for name, token := range map[string]string{
		"no scope":           a.issuer.Token(issuer.Scopes()),
		"another scope":      a.issuer.Token(issuer.Scopes("read:other")),
		"a scope that looks": a.issuer.Token(issuer.Scopes("get:profile2")),
	} {
		t.Run(name, func(t *testing.T) {
			a.profile(t, token).expect(t, 403, `{"message":"Forbidden","info":"scope \"get:profile\" is required"}`,
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

func TestAnUnknownRouteIsWhatAPIGatewayCallsIt(t *testing.T) {
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

func TestAnIssuerThatIsDownAtTheStartIsNoReasonToRestart(t *testing.T) {
	if os.Getenv("API_URL") != "" {
		local(t)
	}
	a := serve(t, assembly, issuer.Config{}, func(i *issuer.Server) { i.SetFault(issuer.Outage) })
	got := a.profile(t, a.token)
	if got.status != 503 || got.header.Get("Retry-After") == "" || got.header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("got %d %v, want 503 with Retry-After and CORS", got.status, got.header)
	}
	// A token that is bad whatever the keys are is still just that.
	a.do(t, http.MethodGet, "/profile", "Authorization: Bearer garbage").expect(t, 401, unauthorized, challenged...)

	a.issuer.SetFault(issuer.Healthy)
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		if got = a.profile(t, a.token); got.status == 200 || time.Now().After(deadline) {
			break
		}
	}
	got.expect(t, 200, `{"name":"Daniël"}`)
}

func TestAnIssuerThatGoesDownLaterIsNotNoticed(t *testing.T) {
	a := local(t)
	a.profile(t, a.token).expect(t, 200, `{"name":"Daniël"}`)
	for _, fault := range issuer.EndpointFaults() {
		t.Run(string(fault), func(t *testing.T) {
			a.issuer.SetFault(fault)
			// Another subject makes another token, which no cached answer is for.
			a.profile(t, a.issuer.Token(issuer.Subject(string(fault)))).expect(t, 200, `{"name":"Daniël"}`)
		})
	}
}

func TestARotatedKeyIsAcceptedAtTheFirstTry(t *testing.T) {
	a := local(t)
	a.profile(t, a.token).expect(t, 200, `{"name":"Daniël"}`)
	a.issuer.Rotate()
	a.profile(t, a.issuer.Token()).expect(t, 200, `{"name":"Daniël"}`)
}

func TestAKeyThatTheIssuerRemovedIsNotNeededForCachedAnswers(t *testing.T) {
	a := local(t)
	a.profile(t, a.token).expect(t, 200, `{"name":"Daniël"}`)
	a.issuer.Rotate()
	a.issuer.RetireOldKeys()
	a.profile(t, a.token).expect(t, 200, `{"name":"Daniël"}`)
	a.profile(t, a.issuer.Token()).expect(t, 200, `{"name":"Daniël"}`)
}

func TestACachedAnswerDoesNotOutliveItsToken(t *testing.T) {
	a := local(t)
	token := a.issuer.Token(issuer.Lifetime(2 * time.Second))
	a.profile(t, token).expect(t, 200, `{"name":"Daniël"}`)
	time.Sleep(2100 * time.Millisecond)
	a.profile(t, token).expect(t, 401, `{"message":"Unauthorized","info":"the token has expired"}`,
		`X-Amzn-Remapped-Www-Authenticate: Bearer error="invalid_token"`)
}

func TestACachedAnswerHoldsForTheOtherRoutesOfTheStage(t *testing.T) {
	if os.Getenv("API_URL") != "" {
		local(t)
	}
	a := serve(t, withSecondRoute(t), issuer.Config{}, nil)
	a.profile(t, a.token).expect(t, 200, `{"name":"Daniël"}`)
	a.do(t, http.MethodGet, "/second", "Authorization: Bearer "+a.token).expect(t, 200, `{"name":"Daniël"}`)
	if asked := strings.Count(a.log.String(), `"msg":"decision"`); asked != 1 {
		t.Errorf("the authorizer was asked %d times, want once: the answer is cached", asked)
	}
}

// withSecondRoute is the cloud assembly with GET /second beside GET /profile.
func withSecondRoute(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	if err := os.CopyFS(folder, os.DirFS(assembly)); err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(filepath.Join(folder, "*.template.json"))
	if len(files) != 1 {
		t.Fatalf("want one template, found %v", files)
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	var template map[string]any
	if err := json.Unmarshal(text, &template); err != nil {
		t.Fatal(err)
	}
	resources := template["Resources"].(map[string]any)
	written := map[string]string{}
	profile := ""
	for id, resource := range resources {
		text, _ := json.Marshal(resource)
		written[id] = string(text)
		if strings.Contains(written[id], `"PathPart":"profile"`) {
			profile = id
		}
	}
	// Whatever is about /profile is written once more, about /second.
	second := strings.NewReplacer(`"PathPart":"profile"`, `"PathPart":"second"`, profile, profile+"2", "/GET/profile", "/GET/second")
	for id, text := range written {
		if id == profile || strings.Contains(text, `"ResourceId":{"Ref":"`+profile+`"}`) || strings.Contains(text, "/GET/profile") {
			resources[id+"2"] = json.RawMessage(second.Replace(text))
		}
	}
	if text, err = json.Marshal(template); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(files[0], text, 0o644); err != nil {
		t.Fatal(err)
	}
	return folder
}
