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
			"ROUTES":"{\"POST /orders\":[\"write:orders\",\"read:orders\"],\"GET /orders/{orderId}\":[\"read:orders\"]}"}}}},
		"Health":{"Type":"AWS::Lambda::Function","Properties":{"Environment":{"Variables":{
			"ROUTES":"{\"GET /health\":\"public\",\"ANY /me\":[]}"}}}},
		"Other":{"Type":"AWS::Lambda::Function","Properties":{"Environment":{"Variables":{"TABLE":{"Ref":"T"}}}}}}}`
	if err := os.WriteFile(filepath.Join(folder, "S.template.json"), []byte(template), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := Read(folder)
	if err != nil {
		t.Fatal(err)
	}
	want := []Route{
		{Method: "GET", Path: "/orders/{orderId}", Scopes: []string{"read:orders"}},
		{Method: "ANY", Path: "/me"},
		{Method: "POST", Path: "/orders", Scopes: []string{"write:orders", "read:orders"}},
		{Method: "GET", Path: "/health", Public: true},
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

func TestTheCommandCallsTheRoute(t *testing.T) {
	const url = "http://127.0.0.1:3000/prod"
	for _, test := range []struct {
		route Route
		want  string
	}{
		{Route{Method: "GET", Path: "/orders/{orderId}", Scopes: []string{"read:orders"}},
			`curl -i http://127.0.0.1:3000/prod/orders/1 -H "Authorization: Bearer t.o.k"`},
		{Route{Method: "ANY", Path: "/me"},
			`curl -i http://127.0.0.1:3000/prod/me -H "Authorization: Bearer t.o.k"`},
		{Route{Method: "POST", Path: "/orders"},
			`curl -i -X POST http://127.0.0.1:3000/prod/orders -H "Authorization: Bearer t.o.k" ` +
				`-H "Content-Type: application/json" -d '{}'`},
		{Route{Method: "DELETE", Path: "/orders/{orderId}"},
			`curl -i -X DELETE http://127.0.0.1:3000/prod/orders/1 -H "Authorization: Bearer t.o.k"`},
		{Route{Method: "GET", Path: "/health", Public: true}, `curl -i http://127.0.0.1:3000/prod/health`},
	} {
		if got := test.route.Curl(url, "t.o.k"); got != test.want {
			t.Errorf("%s:\n%s\nwant\n%s", test.route, got, test.want)
		}
	}
}

func TestFunctionsAreNamedAsInTheOutputs(t *testing.T) {
	folder := t.TempDir()
	template := `{"Resources":{
		"Orders1A2B":{"Properties":{"Environment":{"Variables":{"CORS_ORIGINS":"https://a.example https://b.example",
			"ROUTES":"{\"POST /orders\":[],\"GET /orders\":[]}"}}}},
		"Health":{"Properties":{"Environment":{"Variables":{"ROUTES":"{\"GET /health\":\"public\"}"}}}}},
		"Outputs":{"OrdersFunctionName":{"Value":{"Ref":"Orders1A2B"}},"ApiUrl":{"Value":"https://api.example"}}}`
	if err := os.WriteFile(filepath.Join(folder, "S.template.json"), []byte(template), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := ReadFunctions(folder)
	if err != nil {
		t.Fatal(err)
	}
	want := []Function{
		{"Health", []Route{{Method: "GET", Path: "/health", Public: true}}, []string{}},
		{"Orders", []Route{{Method: "GET", Path: "/orders"}, {Method: "POST", Path: "/orders"}},
			[]string{"https://a.example", "https://b.example"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestScopesOfEveryRouteAreRead(t *testing.T) {
	folder := t.TempDir()
	template := `{"Resources":{"Other":{"Properties":{"Environment":{"Variables":{"ROUTES":"{}"}}}},
		"Authorizer":{"Properties":{"Environment":{"Variables":{"REQUIRED_SCOPES":"use:api,read:any"}}}}}}`
	if err := os.WriteFile(filepath.Join(folder, "S.template.json"), []byte(template), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := RequiredScopes(folder)
	if diff := cmp.Diff([]string{"use:api", "read:any"}, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

func TestARouteThatIsNeitherPublicNorHasScopesIsAnError(t *testing.T) {
	for _, access := range []string{`null`, `"Public"`, `""`, `true`, `{}`} {
		if routes, err := parse(`{"GET /orders":` + access + `}`); err == nil {
			t.Errorf("%s: got %v, want an error", access, routes)
		}
	}
}
