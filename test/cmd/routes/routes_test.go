package main

import (
	"strings"
	"testing"

	"accountapi/test/internal/routes"

	"github.com/google/go-cmp/cmp"
)

func TestEachRouteIsPrintedWithItsCallersAndItsFunction(t *testing.T) {
	var got strings.Builder
	write(&got, []routes.Function{
		{Name: "Health", Routes: []routes.Route{{Method: "GET", Path: "/health", Public: true}}},
		{Name: "Orders", Routes: []routes.Route{
			{Method: "ANY", Path: "/me"},
			{Method: "GET", Path: "/orders/{orderId}", Scopes: []string{"read:orders"}},
			{Method: "POST", Path: "/orders", Scopes: []string{"read:orders", "write:orders"}},
		}},
	})
	want := `
ROUTE                   WHO MAY CALL IT                             FUNCTION
GET /health             public                                      Health
ANY /me                 any token                                   Orders
GET /orders/{orderId}   a token with read:orders                    Orders
POST /orders            a token with read:orders and write:orders   Orders
`
	if diff := cmp.Diff(want[1:], got.String()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
