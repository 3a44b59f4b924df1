package gateway

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestAssemblyThatCDKWrote serves another project's API: testdata/shop holds
// what CDK 2.270.0 synthesized from the app in app.go.txt, except the assets.
func TestAssemblyThatCDKWrote(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/shop")); err != nil {
		t.Fatal(err)
	}
	var manifest struct {
		Files map[string]struct {
			Source struct{ Path, Packaging string }
		}
	}
	if err := readJSON(filepath.Join(dir, "Shop.assets.json"), &manifest); err != nil {
		t.Fatal(err)
	}
	for _, file := range manifest.Files {
		if file.Source.Packaging != "zip" {
			continue
		}
		if err := os.Mkdir(filepath.Join(dir, file.Source.Path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(bootstrap, filepath.Join(dir, file.Source.Path, "bootstrap")); err != nil {
			t.Fatal(err)
		}
	}
	f := &fixture{}
	var both script // Options.Env is the same for both functions
	both.do = func(event []byte) does {
		var e struct {
			Type, Resource, HTTPMethod string
			StageVariables             map[string]string
		}
		json.Unmarshal(event, &e)
		switch {
		case e.Type != "TOKEN":
			body, _ := json.Marshal(e.HTTPMethod + " " + e.Resource + " " + e.StageVariables["a"])
			return does{Answer: `{"body":` + string(body) + `}`}
		case strings.Contains(string(event), "Bearer good"):
			return does{Answer: policyFor("Allow", "*")}
		default:
			return does{Answer: `{"context":{"why":"not you"},` + policyFor("Deny", "*")[1:]}
		}
	}
	f.options.Env = map[string]string{"SCRIPT": both.serve(t)}
	f.options.Now = newClock().Now // which stands still, for the throttling
	w := f.serve(t, dir)

	if w.gateway.Stage() != "v1" {
		t.Errorf("the stage is %q", w.gateway.Stage())
	}
	w.get("/v1/orders").is(200, "", "GET /orders b")
	w.get("/v1/orders/7").is(200, "", "GET /orders/{id} b")
	w.get("/v1/orders/7").is(429, "TooManyRequestsException", `{"message":"Too Many Requests"}`).has("Access-Control-Allow-Origin", "*")
	w.send("DELETE /v1/orders/7", goodToken).is(200, "", "DELETE /orders/{id} b")
	w.send("PUT /v1/files/a/b", goodToken).is(200, "", "PUT /files/{proxy+} b")
	w.send("POST /v1/orders?dry=1", goodToken, "", `{"item":"tea"}`).is(200, "", "POST /orders b")
	w.send("POST /v1/orders?dry=1", goodToken, "", `{"item":7}`).is(400, "BadRequestException", `{"message":"Invalid request body"}`)
	w.send("POST /v1/orders", goodToken, "", `{"item":"tea"}`).is(400, "BadRequestException", `{"message":"Missing required request parameters: [dry]"}`)
	w.send("GET /v1/health").is(200, "", `{"up":true}`)
	w.send("GET /v1/files", goodToken).begins(403, "IncompleteSignatureException", `{"message":"Invalid key=value pair`)
	w.send("GET /v1/orders").is401U().has("Access-Control-Allow-Origin", "*")
	w.send("GET /v1/orders", "Authorization: Basic x").is401U()
	w.send("GET /v1/orders", "Authorization: Bearer bad").is(404, "AccessDeniedException", `{"message":"nope not you"}`).has("Access-Control-Allow-Origin", "")
	w.send("OPTIONS /v1/files/a/b", "Origin: https://c.example.com").is(204, "", "").has("Access-Control-Allow-Origin", "https://c.example.com").
		has("Access-Control-Allow-Credentials", "true").has("Vary", "Origin").has("Access-Control-Max-Age", "3600")
	w.send("OPTIONS /v1", "Origin: https://x.example.com").is(204, "", "").has("Access-Control-Allow-Origin", "https://a.example.com")
}
