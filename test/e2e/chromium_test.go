package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// openPage starts the Chromium of this machine without a window and opens a page in it.
func openPage(t *testing.T, page string) context.Context {
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
		chromedp.NoSandbox, // Chromium's sandbox does not work for root, as in a container
		chromedp.WindowSize(1280, 900),
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true))
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	// The first call starts the browser, which ends with that call's context.
	if err := chromedp.Do(ctx, chromedp.Navigate(page)); err != nil {
		t.Fatal(err)
	}
	return ctx
}

// fetched is what a script in a page sees of a response.
type fetched struct {
	Status    int
	Body      string
	Challenge string
	Error     string // the browser's error if it does not let the script see the response
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

// value runs an action in the page and returns its result.
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

// until waits until a condition in the page is true. It polls from here because the
// page's content security policy forbids the script with which chromedp would wait.
func until(t *testing.T, page context.Context, condition string) {
	t.Helper()
	deadline := time.Now().Add(15 * time.Second)
	for !value(t, page, chromedp.Evaluate[bool](condition)) {
		if time.Now().After(deadline) {
			t.Fatalf("not in 15 s: %s", condition)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// keepScreenshot stores a picture of the page in .build/screenshots, to look at.
func keepScreenshot(t *testing.T, page context.Context, name string) {
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
