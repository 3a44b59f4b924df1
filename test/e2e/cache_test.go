package e2e

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"accountapi/test/issuer"
)

func TestACachedAnswerNeedsNoKey(t *testing.T) {
	a := local(t)
	a.profile(t, a.token).expect(t, 200, `{"name":"Daniël"}`)
	a.issuer.Rotate()
	a.issuer.RetireOldKeys()
	a.profile(t, a.token).expect(t, 200, `{"name":"Daniël"}`)
	a.profile(t, a.issuer.Token()).expect(t, 200, `{"name":"Daniël"}`)
}

func TestACachedAnswerIsRefusedOnceItsTokenHasExpired(t *testing.T) {
	a := local(t)
	token := a.issuer.Token(issuer.Lifetime(2 * time.Second))
	a.profile(t, token).expect(t, 200, `{"name":"Daniël"}`)
	time.Sleep(2100 * time.Millisecond)
	a.profile(t, token).expect(t, 401, `{"message":"Unauthorized","info":"the token has expired"}`,
		`X-Amzn-Remapped-Www-Authenticate: Bearer error="invalid_token"`)
}

func TestACachedAnswerServesTheOtherRoutesOfTheStage(t *testing.T) {
	skipIfDeployed(t, needsIssuer)
	a := serve(t, withSecondRoute(t), startIssuer(t))
	a.profile(t, a.token).expect(t, 200, `{"name":"Daniël"}`)
	a.do(t, http.MethodGet, "/second", "Authorization: Bearer "+a.token).expect(t, 200, `{"name":"Daniël"}`)
	if decisions := strings.Count(a.log.String(), `"msg":"decision"`); decisions != 1 {
		t.Errorf("the authorizer was invoked %d times, want once: the answer is cached", decisions)
	}
}

// withSecondRoute copies the cloud assembly and adds GET /second beside GET /profile.
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
	encoded := map[string]string{}
	profile := "" // logical ID of the API Gateway resource
	for id, resource := range resources {
		text, _ := json.Marshal(resource)
		encoded[id] = string(text)
		if strings.Contains(encoded[id], `"PathPart":"profile"`) {
			profile = id
		}
	}
	// Every resource for /profile is copied, for /second.
	second := strings.NewReplacer(`"PathPart":"profile"`, `"PathPart":"second"`, profile, profile+"2",
		"/GET/profile", "/GET/second")
	inProfile := `"ResourceId":{"Ref":"` + profile + `"}`
	for id, text := range encoded {
		if id == profile || strings.Contains(text, inProfile) || strings.Contains(text, "/GET/profile") {
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
