package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"accountapi/test/issuer"
)

func TestPagesOfOtherOriginsCanCallTheAPI(t *testing.T) {
	skipIfDeployed(t, needsIssuer)
	a := serve(t, editedAssembly(t, openToAll), startIssuer(t))
	r := a.route(t)
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "<!doctype html><title>A page of another origin</title>")
	}))
	t.Cleanup(elsewhere.Close)
	page := openPage(t, elsewhere.URL)

	refused := fetched{Status: 401, Body: unauthorized, Challenge: "Bearer"}
	for name, token := range map[string]string{"a bad token": a.issuer.Token(issuer.Expired), "no token": ""} {
		t.Run(name, func(t *testing.T) {
			if got := fetch(t, page, a, r, token); got != refused {
				t.Errorf("the script sees %+v, want %+v", got, refused)
			}
		})
	}
	// The script sees what curl sees.
	for name, token := range map[string]string{"a good token": a.token, "no scope": a.issuer.Token(issuer.Scopes())} {
		t.Run(name, func(t *testing.T) {
			want := a.call(t, token)
			if got := fetch(t, page, a, r, token); got != (fetched{Status: want.status, Body: want.body}) {
				t.Errorf("the script sees %+v, want %d %s", got, want.status, want.body)
			}
		})
	}
}
