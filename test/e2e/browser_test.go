package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"accountapi/test/issuer"

	"github.com/chromedp/chromedp"
)

// browser starts the Chromium of this machine, without a window and without a network of
// its own, and opens a page in it.
func browser(t *testing.T, page string) context.Context {
	t.Helper()
	found := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if path, err := exec.LookPath(name); err == nil {
			found = path
			break
		}
	}
	if found == "" {
		t.Skip("skipped: there is no Chromium on the PATH (Debian: apt-get install chromium)")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(found),
		chromedp.NoSandbox, // root, as in a container, cannot have one
		chromedp.WindowSize(1280, 900),
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true))
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	// The first call starts the browser, which lives as long as that call's context.
	if err := chromedp.Do(ctx, chromedp.Navigate(page)); err != nil {
		t.Fatal(err)
	}
	return ctx
}

// fetched is what a script in a page gets to see of an answer.
type fetched struct {
	Status    int
	Body      string
	Challenge string
	Error     string // what the browser says if it keeps the answer from the script
}

// fetch calls the API from a script in the page.
func fetch(t *testing.T, page context.Context, url, token string) fetched {
	t.Helper()
	options := `{}`
	if token != "" {
		options = fmt.Sprintf(`{headers: {Authorization: %q}}`, "Bearer "+token)
	}
	script := fmt.Sprintf(`fetch(%q, %s).then(async r => JSON.stringify(
		{status: r.status, body: await r.text(), challenge: r.headers.get("WWW-Authenticate") || ""}),
		e => JSON.stringify({error: String(e)}))`, url, options)
	text := value(t, page, chromedp.Evaluate[string](script, chromedp.EvalAwaitPromise))
	var got fetched
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	return got
}

// do runs actions in the page, one after the other.
func do(t *testing.T, page context.Context, actions ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	for _, action := range actions {
		value(t, page, action)
	}
}

// value runs an action in the page that has a result.
func value[T any](t *testing.T, page context.Context, action chromedp.Action[T]) T {
	t.Helper()
	limited, cancel := context.WithTimeout(page, 15*time.Second)
	defer cancel()
	v, err := chromedp.Run(limited, action)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// until waits for a condition in the page. It asks from outside: the page's own security
// policy forbids the script that chromedp would wait with.
func until(t *testing.T, page context.Context, condition string) {
	t.Helper()
	for deadline := time.Now().Add(15 * time.Second); !value(t, page, chromedp.Evaluate[bool](condition)); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("in vain waited for %s", condition)
		}
	}
}

func TestAPageOfAnotherOriginCanUseTheAPI(t *testing.T) {
	a := local(t)
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "<!doctype html><title>A page of another origin</title>")
	}))
	t.Cleanup(elsewhere.Close)
	page := browser(t, elsewhere.URL)

	for name, test := range map[string]struct {
		path, token string
		want        fetched
	}{
		"the good call, after its preflight": {"/profile", a.token, fetched{Status: 200, Body: `{"name":"Daniël"}`}},
		"a refusal, with its challenge":      {"/profile", a.issuer.Token(issuer.Expired), fetched{Status: 401, Body: unauthorized, Challenge: "Bearer"}},
		"no token at all":                    {"/profile", "", fetched{Status: 401, Body: unauthorized, Challenge: "Bearer"}},
		"a missing scope":                    {"/profile", a.issuer.Token(issuer.Scopes()), fetched{Status: 403, Body: `{"message":"Forbidden","info":"scope \"get:profile\" is required"}`}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := fetch(t, page, a.url+test.path, test.token); got != test.want {
				t.Errorf("the script sees %+v, want %+v", got, test.want)
			}
		})
	}
}

func TestTheTestTabDoesWhatItsButtonsSay(t *testing.T) {
	a := local(t)
	if err := a.issuer.SetAPIURL(a.url); err != nil {
		t.Fatal(err)
	}
	page := browser(t, a.issuer.URL())

	// call chooses a fault, presses the button, and returns status line and body.
	call := func(t *testing.T, fault issuer.TokenFault) (status, body string) {
		t.Helper()
		do(t, page,
			chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`(() => { const f = document.getElementById("fault"); f.value = %q;
				f.dispatchEvent(new Event("input", {bubbles: true})); f.dispatchEvent(new Event("change", {bubbles: true}));
				document.getElementById("result-status").textContent = "" })()`, fault)),
			chromedp.Click("#call"))
		until(t, page, `document.getElementById("result").getAttribute("aria-busy") === "false" && document.getElementById("result-status").textContent !== ""`)
		return value(t, page, chromedp.Text("#result-status")), value(t, page, chromedp.Text("#result-body"))
	}

	t.Run("a good token shows the name", func(t *testing.T) {
		if status, body := call(t, ""); !strings.Contains(status, "200") || !strings.Contains(body, "Daniël") {
			t.Errorf("the page shows %q %q", status, body)
		}
		keep(t, page, "test-tab.png")
	})
	for _, fault := range []issuer.TokenFault{issuer.Expired, issuer.WrongAudience, issuer.UnknownKey, issuer.AlgNone, issuer.Tampered} {
		t.Run(string(fault), func(t *testing.T) {
			if status, body := call(t, fault); !strings.Contains(status, "401") || !strings.Contains(body, "Unauthorized") {
				t.Errorf("the page shows %q %q", status, body)
			}
		})
	}
	t.Run("a rotated key is at once in use", func(t *testing.T) {
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
	t.Run("an outage is one, and is not noticed", func(t *testing.T) {
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

// keep stores a screenshot of the page among the products of the build, to look at.
func keep(t *testing.T, page context.Context, name string) {
	t.Helper()
	picture := value(t, page, chromedp.FullScreenshot(100))
	folder := filepath.Join(root, ".build", "screenshots")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, name), picture, 0o644); err != nil {
		t.Fatal(err)
	}
	t.Log("a screenshot is in ", filepath.Join(".build", "screenshots", name))
}
