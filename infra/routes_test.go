package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestMistakesInTheTableOfRoutesAreNamed(t *testing.T) {
	for name, test := range map[string]struct {
		row  route
		want string
	}{
		"no method":              {route{"/orders", nil, anyCaller}, "want a method and a path"},
		"a method in lower case": {route{"get /orders", nil, anyCaller}, "want a method and a path"},
		"OPTIONS":                {route{"OPTIONS /orders", nil, public}, "OPTIONS is answered for every path"},
		"no slash":               {route{"GET orders", nil, anyCaller}, "want a method and a path"},
		"a slash at the end":     {route{"GET /orders/", nil, anyCaller}, "want a method and a path"},
		"a query":                {route{"GET /orders?x=1", nil, anyCaller}, "want a method and a path"},
		"half a variable":        {route{"GET /orders/x{id}", nil, anyCaller}, "want a method and a path"},
		"nobody named":           {route{"GET /orders", nil, access{}}, "add scopes(…), anyCaller or public"},
		"scopes without one":     {route{"GET /orders", nil, scopes()}, "write anyCaller"},
		"a quote in a scope":     {route{"GET /orders", nil, scopes(`read"orders`)}, "is not a scope"},
		"an empty scope":         {route{"GET /orders", nil, scopes("")}, "is not a scope"},
		"a space in a scope":     {route{"GET /orders", nil, scopes("a b")}, "is not a scope"},
	} {
		t.Run(name, func(t *testing.T) {
			err := checkRoutes([]route{test.row})
			place := "infra/routes.go: " + test.row.name
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), place) {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
		})
	}
	twice := []route{{"GET /a", nil, public}, {"GET /a", nil, anyCaller}}
	if err := checkRoutes(twice); err == nil || !strings.Contains(err.Error(), "GET /a: is there twice") {
		t.Errorf("got %v", err)
	}
}

func TestFunctionsGetTheRowsOfTheirRoutesInROUTES(t *testing.T) {
	rows := []route{
		{"GET /orders/{orderId}", nil, scopes("read:orders")},
		{"POST /orders", nil, scopes("read:orders", "write:orders")},
		{"ANY /files/{proxy+}", nil, anyCaller},
		{"GET /health", nil, public},
	}
	if err := checkRoutes(rows); err != nil {
		t.Fatal(err)
	}
	want := `{"GET /orders/{orderId}":["read:orders"],"POST /orders":["read:orders","write:orders"],` +
		`"ANY /files/{proxy+}":[],"GET /health":"public"}`
	if got := table(rows); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestFunctionsThatAreNotAddedAreFound(t *testing.T) {
	lambdas := t.TempDir()
	for _, file := range []string{"authorizer/main.go", "orders/main.go", "health/main.go", "internal/api/api.go"} {
		path := filepath.Join(lambdas, file)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	f := functions{folders: []string{"health"}}
	if got := f.unused(lambdas); !slices.Equal(got, []string{"orders"}) {
		t.Errorf("got %v, want orders", got)
	}
}

func TestNameOfTheAPIBeginsTheNameOfAStack(t *testing.T) {
	for name, valid := range map[string]bool{
		"AccountApi": true, "shop-api2": true, "": false, "2shop": false, "shop_api": false, "Shop API": false,
	} {
		if err := checkName(name); (err == nil) != valid {
			t.Errorf("%q: got %v, want it to be valid: %t", name, err, valid)
		}
	}
}

func TestFunctionWithoutAFolderIsReportedWithItsFile(t *testing.T) {
	defer func() {
		const want = `infra/routes.go: f.add("healt") needs lambdas/healt/main.go: `
		if got := fmt.Sprint(recover()); !strings.HasPrefix(got, want) || !strings.Contains(got, "run make lambdas") {
			t.Errorf("got %s, want %s…", got, want)
		}
	}()
	(&functions{cfg: config(t, nil)}).add("healt")
}
