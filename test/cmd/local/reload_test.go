package main

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// A loop is a copy of testdata/project that the command serves while the test edits it.
type loop struct {
	*process
	folder, url, issuer string
	output              string // a file with what the command has written to stderr
}

func startLoop(t *testing.T) *loop {
	t.Helper()
	l := &loop{folder: t.TempDir()}
	if err := os.CopyFS(l.folder, os.DirFS(filepath.Join("testdata", "project"))); err != nil {
		t.Fatal(err)
	}
	l.output = filepath.Join(t.TempDir(), "stderr")
	output, err := os.Create(l.output)
	if err != nil {
		t.Fatal(err)
	}
	defer output.Close()
	p := command(t, "-port", "0", "-issuer-port", "0")
	p.Dir, p.Stderr = l.folder, output
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Process.Signal(os.Interrupt)
		p.Wait()
		if t.Failed() {
			t.Logf("the command has written:\n%s", l.written(t))
		}
	})
	l.process, l.url = p, p.value(t, "API_URL")
	for l.issuer == "" && p.stdout.Scan() {
		if _, rest, ok := strings.Cut(p.stdout.Text(), "The API console is at "); ok {
			l.issuer, _, _ = strings.Cut(rest, "/. ")
		}
	}
	return l
}

// replace edits a file of the project.
func (l *loop) replace(t *testing.T, file, old, new string) {
	t.Helper()
	path := filepath.Join(l.folder, filepath.FromSlash(file))
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	after := strings.Replace(string(before), old, new, 1)
	if after == string(before) {
		t.Fatalf("%s does not contain %q", file, old)
	}
	if err := os.WriteFile(path, []byte(after), 0o644); err != nil {
		t.Fatal(err)
	}
}

func (l *loop) written(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(l.output)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// waitFor waits until a text has been written to stderr that often.
func (l *loop) waitFor(t *testing.T, text string, count int) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for ; strings.Count(l.written(t), text) < count; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%q was not written %d times", text, count)
		}
	}
}

func (l *loop) get(t *testing.T, url string) string {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func (l *loop) expectAnswer(t *testing.T, want string) {
	t.Helper()
	if got := l.get(t, l.url+"/orders"); got != want {
		t.Errorf("GET /orders answers %q, want %q", got, want)
	}
}

// expectSynthesized counts how often the stack was synthesized.
func (l *loop) expectSynthesized(t *testing.T, want int) {
	t.Helper()
	if got := strings.Count(l.written(t), "synthesizing the stack"); got != want {
		t.Errorf("the stack was synthesized %d times, want %d", got, want)
	}
}

func TestChangedFunctionIsServedWithoutASynth(t *testing.T) {
	l := startLoop(t)
	l.expectAnswer(t, "first")

	l.replace(t, "lambdas/orders/main.go", `"first"`, `"second"`)
	l.waitFor(t, "reloaded in", 1)
	l.expectAnswer(t, "second")

	l.replace(t, "lambdas/orders/main.go", `"second"`, `third"`)
	l.waitFor(t, "the previous version continues to serve", 1)
	log := l.written(t)
	if !strings.Contains(log, "main.go:10") || !strings.Contains(log, "the build failed, its errors are above") {
		t.Error("the line of the mistake is not named")
	}
	l.expectAnswer(t, "second")

	l.replace(t, "lambdas/orders/main.go", `third"`, `"third"`)
	l.waitFor(t, "reloaded in", 2)
	l.expectAnswer(t, "third")
	l.expectSynthesized(t, 1)
}

func TestChangedStackIsServedWithItsRoutesAndScopes(t *testing.T) {
	l := startLoop(t)
	l.replace(t, "lambdas/orders/main.go", `"first"`, `"second"`)
	l.waitFor(t, "reloaded in", 1)

	l.replace(t, "infra/Project.template.json", `[\"read:orders\"]`, `[\"read:orders\",\"refund:orders\"]`)
	l.replace(t, "infra/routes.go", "Package infra", "Package infra, changed,")
	l.waitFor(t, "reloaded in", 2)
	l.expectSynthesized(t, 2)
	l.expectAnswer(t, "second")

	var state struct {
		Scopes []string
		Routes []struct {
			Path   string
			Scopes []string
		}
	}
	if err := json.Unmarshal([]byte(l.get(t, l.issuer+"/console/state")), &state); err != nil {
		t.Fatal(err)
	}
	want := []string{"read:orders", "refund:orders"}
	if len(state.Routes) != 1 || !slices.Equal(state.Routes[0].Scopes, want) {
		t.Errorf("the console has the routes %v, want one with %q", state.Routes, want)
	}
	if !slices.Equal(state.Scopes, want) {
		t.Errorf("the issuer grants %q, want %q", state.Scopes, want)
	}

	_, claims, _ := strings.Cut(l.value(t, "TOKEN"), ".")
	claims, _, _ = strings.Cut(claims, ".")
	if text, err := base64.RawURLEncoding.DecodeString(claims); !strings.Contains(string(text), "refund:orders") {
		t.Errorf("the claims of the new token are %s (%v), want the new scope in them", text, err)
	}

	// What is built without a synth goes into the new assembly.
	l.replace(t, "lambdas/orders/main.go", `"second"`, `"third"`)
	l.waitFor(t, "reloaded in", 3)
	l.expectAnswer(t, "third")
	l.expectSynthesized(t, 2)
}

func TestStackThatCannotBeServedKeepsThePreviousVersion(t *testing.T) {
	l := startLoop(t)
	l.replace(t, "infra/Project.template.json", `"AuthorizationType": "NONE"`, `"AuthorizationType": "AWS_IAM"`)
	l.replace(t, "infra/routes.go", "Package infra", "Package infra, changed,")
	l.waitFor(t, "the previous version continues to serve", 1)
	l.expectAnswer(t, "first")

	l.replace(t, "infra/Project.template.json", `"AuthorizationType": "AWS_IAM"`, `"AuthorizationType": "NONE"`)
	l.replace(t, "lambdas/orders/main.go", `"first"`, `"second"`)
	l.replace(t, "infra/routes.go", "changed,", "repaired,")
	l.waitFor(t, "reloaded in", 1)
	l.expectAnswer(t, "second")
}
