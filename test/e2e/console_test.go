package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"accountapi/test/gateway"
	"accountapi/test/internal/explain"
	"accountapi/test/internal/routes"
	"accountapi/test/issuer"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// The tests drive the API console, the page of the local issuer, in Chromium.

// consoleOfTheAPI serves the API on this machine and opens its console, as make run does.
// The first route is one that needs a token and no body.
func consoleOfTheAPI(t *testing.T) (page context.Context, i *issuer.Server, table []routes.Route) {
	t.Helper()
	skipIfDeployed(t, needsIssuer)
	assembly := editedAssembly(t, openToAll)
	table = read(t, assembly).routes
	if table[0].Public || table[0].Method != "GET" && table[0].Method != "ANY" {
		t.Skip("skipped: the API has no GET route that needs a token")
	}
	var last explain.Last
	page, i = openConsole(t, table, last.Explanation, func(i *issuer.Server) (http.Handler, string) {
		served, err := gateway.Load(assembly, gateway.Options{Env: trust(i), Output: &last, Log: last.Record})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { served.Close() })
		return served, "/" + served.Stage()
	})
	return page, i, table
}

// consoleOfOrders opens the console of an API that answers 201 with what it was sent, 404
// for the order 404, and at /long with much.
func consoleOfOrders(t *testing.T) context.Context {
	t.Helper()
	table := []routes.Route{
		{Method: "GET", Path: "/orders/{orderId}", Scopes: []string{"read:orders"}},
		{Method: "POST", Path: "/orders", Scopes: []string{"read:orders", "write:orders"}},
		{Method: "GET", Path: "/health", Public: true},
		{Method: "ANY", Path: "/long/" + strings.Repeat("segment-of-a-long-path/", 12) + "{name+}",
			Scopes: []string{"a:scope-with-a-name-that-is-longer-than-a-phone-is-wide-by-far"}},
	}
	page, _ := openConsole(t, table, nil, func(*issuer.Server) (http.Handler, string) {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			for name, value := range map[string]string{
				"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Methods": "*",
				"Access-Control-Allow-Headers": "Authorization, Content-Type", "Content-Type": "application/json",
			} {
				w.Header().Set(name, value)
			}
			body, _ := io.ReadAll(r.Body)
			sent := map[string]any{
				"method": r.Method, "path": r.URL.RequestURI(), "token": r.Header.Get("Authorization") != "",
				"contentType": r.Header.Get("Content-Type"), "body": string(body),
			}
			switch {
			case r.Method == http.MethodOptions:
				w.WriteHeader(204)
				return
			case r.URL.Path == "/orders/404":
				w.WriteHeader(404)
			case strings.HasPrefix(r.URL.Path, "/long/"):
				sent["long"] = strings.Repeat("abcdefghij", 300)
				sent["list"] = make([]int, 300)
			default:
				w.WriteHeader(201)
			}
			json.NewEncoder(w).Encode(sent)
		}), ""
	})
	return page
}

// openConsole opens the console of an issuer and of an API, which has the base path that
// serve returns.
func openConsole(
	t *testing.T, table []routes.Route, log func() issuer.Explanation, serve func(*issuer.Server) (http.Handler, string),
) (context.Context, *issuer.Server) {
	t.Helper()
	i, err := issuer.Start("127.0.0.1:0", issuer.Config{
		Scopes: routes.Scopes(table), Explain: log,
		Routes: func() (all []issuer.Route) {
			for _, r := range table {
				all = append(all, issuer.Route(r))
			}
			return all
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { i.Close() })
	api, base := serve(i)
	server := httptest.NewServer(api)
	t.Cleanup(server.Close)
	if err := i.SetAPIURL(server.URL + base); err != nil {
		t.Fatal(err)
	}
	page := openPage(t, i.URL())
	until(t, page, `document.getElementById("expectation").textContent !== ""`)
	return page, i
}

// enter gives a field of the page a value, as a user does.
func enter(t *testing.T, page context.Context, id, text string) {
	t.Helper()
	do(t, page, chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`(() => {
		const field = document.getElementById(%q);
		if (field.type === "checkbox") field.checked = %[2]q === "true"; else field.value = %[2]q;
		for (const event of ["input", "change"]) field.dispatchEvent(new Event(event, {bubbles: true}));
	})()`, id, text)))
}

// shown returns the text of an element, "" if it is hidden.
func shown(t *testing.T, page context.Context, id string) string {
	t.Helper()
	return value(t, page, chromedp.Evaluate[string](fmt.Sprintf(
		`(e => e.checkVisibility() ? e.innerText.trim() : "")(document.getElementById(%q))`, id)))
}

// call clicks a button and waits for the answer.
func call(t *testing.T, page context.Context, button string) {
	t.Helper()
	do(t, page,
		chromedp.Evaluate[chromedp.Void](`document.getElementById("verdict").textContent = ""`),
		chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`document.getElementById(%q).click()`, button)))
	until(t, page, `document.getElementById("answer").getAttribute("aria-busy") === "false" &&
		document.getElementById("verdict").textContent !== ""`)
}

func TestBrowserConsoleShowsExpectedAndActualAndWhy(t *testing.T) {
	page, _, table := consoleOfTheAPI(t)
	const asExpected = "✓ As expected"
	refused := func(reason string) []string {
		return []string{asExpected, "401", "401 Unauthorized", "The authorizer refused the token: " + reason, ""}
	}
	for _, test := range []struct {
		name, fault, button string
		want                []string // verdict, expected, actual, why, hint
	}{
		{"unknown key", "unknown-key", "call", []string{asExpected, "401 or 503", "401 Unauthorized",
			"The authorizer refused the token: kid_unknown", ""}},
		{"expired", "expired", "call", refused("expired")},
		{"the same expired token", "expired", "again", refused("expired")}, // refusals are not cached
		{"not yet valid", "not-yet-valid", "call", refused("not_yet_valid")},
		{"wrong audience", "wrong-audience", "call", refused("audience")},
		{"wrong issuer", "wrong-issuer", "call", refused("issuer")},
		{"wrong key", "wrong-key", "call", refused("bad_signature")},
		{"unsigned", "alg-none", "call", refused("malformed_token")},
		{"tampered", "tampered", "call", refused("bad_signature")},
		{"HMAC with the public key", "hs256-with-public-key", "call", refused("alg_not_allowed")},
		{"no token", "no-token", "call", []string{asExpected, "401", "401 Unauthorized",
			"The gateway itself has answered: the header Authorization is missing or empty.", ""}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.button == "call" {
				enter(t, page, "fault", test.fault)
			}
			call(t, page, test.button)
			if got := answerShown(t, page); !slices.Equal(got, test.want) {
				t.Errorf("the page shows\n%q, want\n%q", got, test.want)
			}
		})
	}
	enter(t, page, "fault", "")
	for _, test := range []struct{ name, button, why string }{
		{"a good token", "call", "The authorizer allowed the token."},
		{"the same token", "again", "The authorizer was not asked: the gateway's cache has its answer for this token."},
		{"another good token", "call", "The authorizer allowed the token."},
	} {
		t.Run(test.name, func(t *testing.T) {
			call(t, page, test.button)
			if got := answerShown(t, page); got[1] != "2xx" || got[3] != test.why {
				t.Errorf("the page shows %q, want %q", got, test.why)
			}
		})
	}
	keepScreenshot(t, page, "console.png")

	t.Run("an ID token", func(t *testing.T) {
		enter(t, page, "kind", "id")
		call(t, page, "call")
		if got, want := answerShown(t, page), refused("token_kind"); !slices.Equal(got, want) {
			t.Errorf("the page shows\n%q, want\n%q", got, want)
		}
		if got := shown(t, page, "expectation"); got != "Expect 401: it is an ID token." {
			t.Errorf("the page shows %q", got)
		}
		enter(t, page, "kind", "client")
	})
	t.Run("a missing scope", func(t *testing.T) {
		if len(table[0].Scopes) == 0 {
			t.Skip("skipped: the first route needs no scope")
		}
		do(t, page, chromedp.Evaluate[chromedp.Void](
			`document.querySelectorAll("[name=scope]").forEach(box => box.click())`))
		call(t, page, "call")
		got := answerShown(t, page)
		want := []string{asExpected, "403", "403 Forbidden",
			"The authorizer allowed the token.", "The function answered 403."}
		if !slices.Equal(got, want) {
			t.Errorf("the page shows\n%q, want\n%q", got, want)
		}
	})
	t.Run("a method that the browser does not send", func(t *testing.T) {
		if slices.ContainsFunc(table, func(r routes.Route) bool { return r.Method == "PUT" || r.Method == "ANY" }) {
			t.Skip("skipped: the API has a PUT route, so browsers send PUT")
		}
		enter(t, page, "method", "PUT")
		call(t, page, "call")
		want := []string{"No answer to compare", "403", "Not sent", "",
			"The browser first asked whether it may send PUT (OPTIONS, CORS), and it may not. curl sends it."}
		if got := answerShown(t, page); !slices.Equal(got, want) {
			t.Errorf("the page shows\n%q, want\n%q", got, want)
		}
		enter(t, page, "method", "GET")
	})
	t.Run("a route that does not exist", func(t *testing.T) {
		enter(t, page, "path", "/no/such/route")
		call(t, page, "call")
		if got := answerShown(t, page); got[0] != asExpected || got[1] != "403" || got[2] != "403 to OPTIONS" {
			t.Errorf("the page shows %q", got)
		}
	})
}

func TestBrowserConsoleControlsTheIssuer(t *testing.T) {
	page, i, _ := consoleOfTheAPI(t)
	allowed := func(t *testing.T) {
		t.Helper()
		call(t, page, "call")
		if got := answerShown(t, page); got[3] != "The authorizer allowed the token." {
			t.Errorf("the page shows %q", got)
		}
	}
	rotate := func(t *testing.T) {
		t.Helper()
		before := i.KeyID()
		do(t, page, chromedp.Click("#rotate"))
		until(t, page, fmt.Sprintf(`document.querySelector("#keys li[data-kid]").dataset.kid !== %q`, before))
		if i.KeyID() == before {
			t.Error("the issuer signs with the same key")
		}
	}
	allowed(t)
	t.Run("a rotated key is used and accepted at once", func(t *testing.T) {
		rotate(t)
		allowed(t)
	})
	t.Run("good tokens are accepted during an outage", func(t *testing.T) {
		do(t, page, chromedp.Click("#outage"))
		until(t, page, `document.getElementById("outage").getAttribute("aria-pressed") === "true"`)
		if i.Fault() != issuer.Outage {
			t.Errorf("the issuer's fault is %q", i.Fault())
		}
		allowed(t)
	})
	t.Run("a new key during an outage is expected to be 503", func(t *testing.T) {
		rotate(t)
		call(t, page, "call")
		got := answerShown(t, page)
		if got[0] != "✓ As expected" || got[1] != "2xx or 503" || got[2] != "503 Service Unavailable" ||
			!strings.HasPrefix(got[3], "The authorizer could not check the token: ") {
			t.Errorf("the page shows %q", got)
		}
	})
}

func TestBrowserConsoleSendsTheRequestThatIsChosen(t *testing.T) {
	page := consoleOfOrders(t)
	for _, test := range []struct {
		name   string
		enter  []string // pairs of field and text
		status string
		answer []string // what it contains
	}{
		{"the first route", nil, "201 Created", []string{`"method": "GET"`, `"path": "/orders/1"`, `"token": true`}},
		{"another variable", []string{"path", "orders/7?a=b"}, "201 Created", []string{`"path": "/orders/7?a=b"`}},
		{"a method with a body", []string{"route", "1", "body", `{"count":12345678901234567890}`}, "201 Created",
			[]string{`"method": "POST"`, `"path": "/orders"`, `"contentType": "application/json"`,
				`"body": "{\"count\":12345678901234567890}"`}},
		{"the last variable is kept", []string{"route", "0"}, "201 Created", []string{`"path": "/orders/7"`, `"body": ""`}},
		{"without a token", []string{"route", "2", "fault", "no-token"}, "201 Created",
			[]string{`"path": "/health"`, `"token": false`}},
		{"a method that no route has", []string{"method", "DELETE", "fault", ""}, "201 Created",
			[]string{`"method": "DELETE"`}},
		{"an answer of the function", []string{"method", "GET", "path", "/orders/404"}, "404 Not Found", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			for pair := range slices.Chunk(test.enter, 2) {
				enter(t, page, pair[0], pair[1])
			}
			call(t, page, "call")
			if got := shown(t, page, "actual"); got != test.status {
				t.Errorf("the page shows %q, want %q", got, test.status)
			}
			for _, want := range test.answer {
				if body := shown(t, page, "response-body"); !strings.Contains(body, want) {
					t.Errorf("the answer has no %s:\n%s", want, body)
				}
			}
		})
	}
	if got := shown(t, page, "verdict"); got != "The caller was let in, but the request got 404" {
		t.Errorf("the verdict is %q", got)
	}
	enter(t, page, "route", "1")
	if got := shown(t, page, "expectation"); got != "Expect 2xx: the token is good and has the scopes." {
		t.Errorf("the page expects %q", got)
	}
	if got := shown(t, page, "curl"); !strings.Contains(got, `--data-raw '{"count":12345678901234567890}'`) {
		t.Errorf("the curl command is %s", got)
	}
}

func TestBrowserConsoleMarksAnAnswerToAnotherRequestAsStale(t *testing.T) {
	page := consoleOfOrders(t)
	stale := func(want bool) {
		t.Helper()
		until(t, page, fmt.Sprintf(`document.getElementById("stale").checkVisibility() === %t`, want))
	}
	stale(false)
	call(t, page, "call")
	stale(false)
	for _, change := range []struct{ field, text, undo string }{
		{"path", "/orders/2", "/orders/1"}, {"method", "POST", "GET"},
	} {
		enter(t, page, change.field, change.text)
		stale(true)
		enter(t, page, change.field, change.undo)
		stale(false)
	}
	for _, change := range []struct{ field, text string }{
		{"fault", "expired"}, {"subject", "somebody"}, {"lifetime", "60"}, {"other-scopes", "a:b"},
	} {
		enter(t, page, change.field, change.text)
		stale(true)
		call(t, page, "call")
		stale(false)
	}
	do(t, page, chromedp.Click("#rotate"))
	stale(true)
}

func TestBrowserConsoleShowsErrorsAtTheirFields(t *testing.T) {
	page := consoleOfOrders(t)
	for _, test := range []struct{ name, field, text, errorID, want string }{
		{"a variable without a value", "path", "/orders/{orderId}", "path-error", "Replace {orderId} with a value."},
		{"a fragment", "path", "/orders/1#a", "path-error",
			"A browser does not send what follows #. Write %23 for the character itself."},
		{"a URL", "path", "https://api.example.com/", "path-error",
			"Only the path, such as /orders/1: the API's address is known."},
		{"a scope that cannot be one", "other-scopes", `a"b`, "scopes-error",
			"No token: scope a'b: want printable ASCII without space, quote or backslash"},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := value(t, page, chromedp.Evaluate[string](fmt.Sprintf(`document.getElementById(%q).value`, test.field)))
			enter(t, page, test.field, test.text)
			do(t, page, chromedp.Evaluate[chromedp.Void](`document.getElementById("call").click()`))
			until(t, page, fmt.Sprintf(`document.getElementById(%q).innerText === %q`, test.errorID, test.want))
			state := fmt.Sprintf(`[document.getElementById(%[1]q).ariaInvalid,
				document.getElementById(%[1]q).getAttribute("aria-describedby")].join()`, test.field)
			if got := value(t, page, chromedp.Evaluate[string](state)); got != "true,"+test.errorID {
				t.Errorf("aria-invalid and aria-describedby are %s", got)
			}
			if got := shown(t, page, "answered"); got != "" {
				t.Errorf("there was a call: %s", got)
			}
			enter(t, page, test.field, before)
			until(t, page, fmt.Sprintf(`document.getElementById(%q).hidden`, test.errorID))
		})
	}
	enter(t, page, "method", "POST")
	enter(t, page, "body", "{")
	if got := shown(t, page, "body-note"); !strings.HasPrefix(got, "This is not JSON, and is sent as it is: ") {
		t.Errorf("the note at the body is %q", got)
	}
}

func TestBrowserConsoleFitsTheScreenInBothColourSchemes(t *testing.T) {
	page := consoleOfOrders(t)
	for _, screen := range []struct{ width, height int64 }{{320, 640}, {360, 740}, {1280, 720}} {
		for _, scheme := range []string{"light", "dark"} {
			t.Run(fmt.Sprintf("%d px, %s", screen.width, scheme), func(t *testing.T) {
				do(t, page, chromedp.EmulateViewport(screen.width, screen.height), colourScheme(scheme),
					chromedp.Reload())
				until(t, page, `document.getElementById("expectation").textContent !== ""`)
				for _, route := range []string{"0", "1", "3"} {
					enter(t, page, "route", route)
					enter(t, page, "fault", map[string]string{"0": "", "1": "wrong-key", "3": ""}[route])
					enter(t, page, "subject", strings.Repeat("subject", 30))
					until(t, page, `JSON.parse(document.getElementById("payload").textContent).sub.length === 210`)
					bottom := `window.scrollTo(0, 0), document.getElementById("call").getBoundingClientRect().bottom`
					if got := value(t, page, chromedp.Evaluate[float64](bottom)); got > float64(screen.height) {
						t.Errorf("route %s: the main button ends at %.0f px, below the screen", route, got)
					}
					do(t, page, chromedp.Evaluate[chromedp.Void](`document.querySelectorAll("details").forEach(d => d.open = true)`))
					call(t, page, "call")
					if got := value(t, page, chromedp.Evaluate[int](`document.documentElement.scrollWidth`)); got > int(screen.width) {
						t.Errorf("route %s: the page is %d px wide", route, got)
					}
					if got := value(t, page, chromedp.Evaluate[string](tooWide)); got != "" {
						t.Errorf("route %s: wider than its box: %s", route, got)
					}
					if got := value(t, page, chromedp.Evaluate[string](lowContrast)); got != "" {
						t.Errorf("route %s: contrast below 4.5: %s", route, got)
					}
					keepScreenshot(t, page, fmt.Sprintf("console-%d-%s-%s.png", screen.width, scheme, route))
					enter(t, page, "method", "PATCH")
					if got := value(t, page, chromedp.Evaluate[string](lowContrast)); got != "" {
						t.Errorf("stale: contrast below 4.5: %s", got)
					}
				}
			})
		}
	}
}

func TestBrowserConsoleIsUsedWithTheKeyboardAlone(t *testing.T) {
	page := consoleOfOrders(t)
	focused := func() string {
		return value(t, page, chromedp.Evaluate[string](`document.activeElement.id || document.activeElement.tagName`))
	}
	tabTo := func(id string) {
		t.Helper()
		for range 60 {
			do(t, page, chromedp.KeyEvent("\t"))
			outline := `(e => e === document.body || getComputedStyle(e).outlineStyle === "solid" &&
				parseFloat(getComputedStyle(e).outlineWidth) >= 2)(document.activeElement)`
			if !value(t, page, chromedp.Evaluate[bool](outline)) {
				t.Errorf("the focus on %s is not visible", focused())
			}
			if focused() == id {
				return
			}
		}
		t.Fatalf("the Tab key does not reach %s", id)
	}
	tabTo("route")
	do(t, page, chromedp.KeyEvent("P")) // the route that begins with P
	tabTo("body")
	do(t, page, chromedp.KeyEvent("{}"))
	tabTo("fault")
	do(t, page, chromedp.KeyEvent("T")) // Tampered payload
	until(t, page, `document.getElementById("expectation").textContent.startsWith("Expect 401")`)
	tabTo("call")
	do(t, page, chromedp.KeyEvent("\r"))
	// This API accepts every token.
	until(t, page, `document.getElementById("verdict").textContent === "✗ Not as expected"`)
	if got := shown(t, page, "response-body"); !strings.Contains(got, `"body": "{}"`) || focused() != "call" {
		t.Errorf("the focus is on %s, and the page shows %s", focused(), got)
	}
	for _, id := range []string{
		"again", "response-body", "copy-token", "token", "copy-curl", "curl", "outage", "endpoint-fault",
	} {
		tabTo(id)
	}
	unlabelled := `[...document.querySelectorAll("input, select, textarea")]
		.filter(e => !e.labels.length).map(e => e.id).join()`
	if got := value(t, page, chromedp.Evaluate[string](unlabelled)); got != "" {
		t.Errorf("fields without a label: %s", got)
	}
}

// answerShown returns verdict, expected, actual, why and hint.
func answerShown(t *testing.T, page context.Context) (texts []string) {
	t.Helper()
	for _, id := range []string{"verdict", "expected", "actual", "actual-why", "actual-hint"} {
		texts = append(texts, shown(t, page, id))
	}
	return texts
}

func colourScheme(scheme string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		})
		return err
	})
}

// tooWide names the elements whose content is wider than they are, unless they scroll.
const tooWide = `[...document.querySelectorAll("body *")].filter(e => e.checkVisibility() &&
	!["auto", "hidden"].includes(getComputedStyle(e).overflowX) && !["SELECT", "INPUT"].includes(e.tagName) &&
	getComputedStyle(e).display !== "inline" && e.scrollWidth > e.clientWidth + 1).map(e => e.id || e.tagName).join()`

// lowContrast names the texts whose contrast (WCAG 2.2, 1.4.3) is below 4.5, with it.
const lowContrast = `(() => {
	const colour = text => text.match(/[\d.]+/g).map(Number);
	const luminance = ([r, g, b]) => [r, g, b].map(c => c / 255)
		.map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
		.reduce((sum, c, n) => sum + c * [0.2126, 0.7152, 0.0722][n], 0);
	const background = e => {
		const c = colour(getComputedStyle(e).backgroundColor);
		return c.length === 4 && c[3] === 0 ? background(e.parentElement) : c;
	};
	return [...document.querySelectorAll("body *")].filter(e => e.checkVisibility() &&
		(e.value || [...e.childNodes].some(n => n.nodeType === Node.TEXT_NODE && n.data.trim()))).map(e => {
		const [a, b] = [colour(getComputedStyle(e).color), background(e)].map(luminance);
		return {e, ratio: (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)};
	}).filter(({ratio}) => ratio < 4.5).map(({e, ratio}) => (e.id || e.tagName) + " " + ratio.toFixed(2)).join();
})()`
