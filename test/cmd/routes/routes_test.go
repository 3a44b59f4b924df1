package main

import (
	"strings"
	"testing"

	"accountapi/test/internal/routes"

	"github.com/google/go-cmp/cmp"
)

func TestEachRouteIsPrintedWithItsCallersAndItsFunction(t *testing.T) {
	var got strings.Builder
	write(&got, []routes.Route{
		{Method: "GET", Path: "/orders/{orderId}", Scopes: []string{"read:orders"}, Function: "Orders"},
		{Method: "ANY", Path: "/me", Function: "Me"},
		{Method: "POST", Path: "/orders", Scopes: []string{"read:orders", "write:orders"}, Function: "Orders"},
		{Method: "GET", Path: "/health", Public: true, Function: "Health"},
	})
	want := `
ROUTE                   WHO MAY CALL IT                             FUNCTION
GET /orders/{orderId}   a token with read:orders                    Orders
ANY /me                 any token                                   Me
POST /orders            a token with read:orders and write:orders   Orders
GET /health             public                                      Health
`
	if diff := cmp.Diff(want[1:], got.String()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
