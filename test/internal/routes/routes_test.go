package routes

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRoutesAreReadFromTheTemplates(t *testing.T) {
	folder := t.TempDir()
	template := `{"Resources":{
		"Orders":{"Type":"AWS::Lambda::Function","Properties":{"Environment":{"Variables":{
			"CORS_ORIGINS":"https://a.example https://b.example",
			"ROUTES":"{\"POST /orders\":[\"write:orders\",\"read:orders\"],\"GET /orders/{orderId}\":[\"read:orders\"]}"}}}},
		"Health":{"Type":"AWS::Lambda::Function","Properties":{"Environment":{"Variables":{
			"ROUTES":"{\"GET /health\":\"public\",\"ANY /me\":[]}"}}}},
		"Other":{"Type":"AWS::Lambda::Function","Properties":{"Environment":{"Variables":{"TABLE":{"Ref":"T"}}}}}},
		"Outputs":{"OrderingFunctionName":{"Value":{"Ref":"Orders"}},"ApiUrl":{"Value":"https://api.example"}}}`
	if err := os.WriteFile(filepath.Join(folder, "S.template.json"), []byte(template), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := Read(folder)
	if err != nil {
		t.Fatal(err)
	}
	origins := []string{"https://a.example", "https://b.example"}
	read, write := []string{"read:orders"}, []string{"write:orders", "read:orders"}
	want := []Route{
		{Method: "GET", Path: "/orders/{orderId}", Scopes: read, Function: "Ordering", Origins: origins},
		{Method: "ANY", Path: "/me", Function: "Health", Origins: []string{}},
		{Method: "POST", Path: "/orders", Scopes: write, Function: "Ordering", Origins: origins},
		{Method: "GET", Path: "/health", Public: true, Function: "Health", Origins: []string{}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"read:orders", "write:orders"}, Scopes(got)); diff != "" {
		t.Error(diff)
	}
	for i, want := range []struct{ method, path, body string }{
		{"GET", "/orders/1", ""}, {"GET", "/me", ""}, {"POST", "/orders", "{}"}, {"GET", "/health", ""},
	} {
		method, path := got[i].Call()
		if body := got[i].Body(); method != want.method || path != want.path || body != want.body {
			t.Errorf("the call of %s is %s %s %q, want %v", got[i], method, path, body, want)
		}
	}
	if first, ok := Protected(got); !ok || first.Path != "/orders/{orderId}" {
		t.Errorf("the first route that needs a token is %v %v", first, ok)
	}
	if first, ok := Protected(got[3:]); ok {
		t.Errorf("%s is taken for a route that needs a token", first)
	}
}

func TestARouteThatIsNeitherPublicNorHasScopesIsAnError(t *testing.T) {
	for _, access := range []string{`null`, `"Public"`, `""`, `true`, `{}`} {
		if routes, err := parse(`{"GET /orders":` + access + `}`); err == nil {
			t.Errorf("%s: got %v, want an error", access, routes)
		}
	}
}
