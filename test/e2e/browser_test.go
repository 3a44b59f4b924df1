package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"accountapi/test/issuer"
)

func TestPagesOfOtherOriginsCanCallTheAPI(t *testing.T) {
	a := local(t)
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "<!doctype html><title>A page of another origin</title>")
	}))
	t.Cleanup(elsewhere.Close)
	page := openPage(t, elsewhere.URL)

	refused := fetched{Status: 401, Body: unauthorized, Challenge: "Bearer"}
	for name, test := range map[string]struct {
		token string
		want  fetched
	}{
		"a good token":    {a.token, fetched{Status: 200, Body: `{"name":"Daniël"}`}},
		"a bad token":     {a.issuer.Token(issuer.Expired), refused},
		"no token":        {"", refused},
		"a missing scope": {a.issuer.Token(issuer.Scopes()), fetched{Status: 403, Body: scopeRequired}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := fetch(t, page, a.url+"/profile", test.token); got != test.want {
				t.Errorf("the script sees %+v, want %+v", got, test.want)
			}
		})
	}
}
