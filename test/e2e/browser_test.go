package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"accountapi/test/issuer"

	"github.com/chromedp/chromedp"
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

func TestTheTestTabCallsTheAPIAndControlsTheIssuer(t *testing.T) {
	a := local(t)
	if err := a.issuer.SetAPIURL(a.url); err != nil {
		t.Fatal(err)
	}
	page := openPage(t, a.issuer.URL())

	// call chooses a fault, clicks the button, and returns status line and body.
	call := func(t *testing.T, fault issuer.TokenFault) (status, body string) {
		t.Helper()
		do(t, page,
			chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`(() => {
				const f = document.getElementById("fault");
				f.value = %q;
				f.dispatchEvent(new Event("input", {bubbles: true}));
				f.dispatchEvent(new Event("change", {bubbles: true}));
				document.getElementById("result-status").textContent = "";
			})()`, fault)),
			chromedp.Click("#call"))
		until(t, page, `document.getElementById("result").getAttribute("aria-busy") === "false" &&
			document.getElementById("result-status").textContent !== ""`)
		return value(t, page, chromedp.Text("#result-status")), value(t, page, chromedp.Text("#result-body"))
	}

	t.Run("a good token shows the name", func(t *testing.T) {
		if status, body := call(t, ""); !strings.Contains(status, "200") || !strings.Contains(body, "Daniël") {
			t.Errorf("the page shows %q %q", status, body)
		}
		keepScreenshot(t, page, "test-tab.png")
	})
	for _, fault := range []issuer.TokenFault{
		issuer.Expired, issuer.WrongAudience, issuer.UnknownKey, issuer.AlgNone, issuer.Tampered,
	} {
		t.Run(string(fault), func(t *testing.T) {
			status, body := call(t, fault)
			if !strings.Contains(status, "401") || !strings.Contains(body, "Unauthorized") {
				t.Errorf("the page shows %q %q", status, body)
			}
		})
	}
	t.Run("a rotated key is used and accepted at once", func(t *testing.T) {
		before := a.issuer.KeyID()
		do(t, page, chromedp.Click("#rotate"))
		until(t, page, fmt.Sprintf(`document.querySelector("#keys li[data-kid]").dataset.kid !== %q`, before))
		if a.issuer.KeyID() == before {
			t.Error("the issuer signs with the same key")
		}
		if status, _ := call(t, ""); !strings.Contains(status, "200") {
			t.Errorf("the page shows %q", status)
		}
	})
	t.Run("good tokens are accepted during an outage", func(t *testing.T) {
		do(t, page, chromedp.Click("#outage"))
		until(t, page, `document.getElementById("outage").getAttribute("aria-pressed") === "true"`)
		if a.issuer.Fault() != issuer.Outage {
			t.Errorf("the issuer's fault is %q", a.issuer.Fault())
		}
		if status, _ := call(t, ""); !strings.Contains(status, "200") {
			t.Errorf("the page shows %q", status)
		}
	})
}
