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
	if method, path := got[0].Call(); method != "GET" || path != "/orders/1" {
		t.Errorf("the call is %s %s", method, path)
	}
	if method, path := got[1].Call(); method != "GET" || path != "/me" {
		t.Errorf("the call is %s %s", method, path)
	}
}
