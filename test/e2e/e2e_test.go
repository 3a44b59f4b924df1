// Package e2e tests the API over HTTP, as curl would call it.
//
// By default it serves the synthesized template and the compiled functions on this
// machine. With API_URL and TOKEN in the environment it tests a deployed stage; tests
// that need an issuer they control are then skipped, and so are calls that could change
// data.
//
// What is expected of a route follows from the table of routes: who may call it. What it
// answers is tested beside its function.
package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"accountapi/test/gateway"
	"accountapi/test/internal/project"
	"accountapi/test/internal/routes"
	"accountapi/test/issuer"
)

const root = "../.."

// assembly is the cloud assembly of this project, with functions for this machine, and
// table its routes. The tests follow from them, those of a deployed stage too.
var (
	assembly string
	table    []routes.Route
)

func TestMain(m *testing.M) {
	var err error
	address, token := os.Getenv("API_URL"), os.Getenv("TOKEN")
	if address != "" {
		err = checkArguments(address, token, time.Now())
	}
	if err == nil {
		assembly, err = project.Assembly(context.Background(), os.Stderr)
	}
	if err == nil {
		table, err = routes.Read(assembly)
	}
	if err == nil && len(table) == 0 {
		err = errors.New("the assembly has no routes")
	}
	if err == nil && address != "" {
		err = checkStage(address, token, table)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// api is the API under test.
type api struct {
	url     string
	routes  []routes.Route
	origins []string // from which a browser may call it, or "*" for any
	token   string   // that it accepts, with every scope of the routes
	issuer  *issuer.Server
	log     *output // of the functions, and why the gateway refused requests
}

// read returns what a cloud assembly says about the API.
func read(t *testing.T, assembly string) *api {
	t.Helper()
	table, err := routes.Read(assembly)
	if err != nil {
		t.Fatal(err)
	}
	functions, err := routes.ReadFunctions(assembly)
	if err != nil {
		t.Fatal(err)
	}
	return &api{routes: table, origins: functions[0].Origins} // the setting is one for all
}

// open returns the deployed stage that API_URL names, or else serves one here.
func open(t *testing.T) *api {
	t.Helper()
	if url := os.Getenv("API_URL"); url != "" {
		a := read(t, assembly)
		a.url, a.token = strings.TrimSuffix(url, "/"), os.Getenv("TOKEN")
		return a
	}
	return serve(t, assembly, startIssuer(t))
}

// local serves the API on this machine, with an issuer that the test controls.
func local(t *testing.T) *api {
	t.Helper()
	skipIfDeployed(t, needsIssuer)
	return open(t)
}

// Why a test is skipped when the suite runs against a deployed stage.
const (
	needsIssuer = "the test needs an issuer that it controls"
	needsBinary = "the test is about the binary on this machine"
)

func skipIfDeployed(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("API_URL") != "" {
		t.Skip("skipped: API_URL names a deployed stage, and " + why)
	}
}

// serve serves a cloud assembly whose functions trust a local issuer. The settings are
// those of trust.
func serve(t *testing.T, assembly string, i *issuer.Server, settings ...string) *api {
	t.Helper()
	a := serveWith(t, assembly, trust(i, settings...))
	a.issuer, a.token = i, i.Token()
	return a
}

// serveWith serves a cloud assembly. The variables of env replace those in the template.
func serveWith(t *testing.T, assembly string, env map[string]string) *api {
	t.Helper()
	log := &output{}
	served, err := gateway.Load(assembly, gateway.Options{
		Env: env, Output: log,
		Freeze: true, // between invocations, as on AWS: no work goes on after an answer
		Log: func(r gateway.Record) {
			if r.Reason != "" {
				fmt.Fprintf(log, "%s %s: %s: %s\n", r.Method, r.Path, r.ResponseType, r.Reason)
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(served)
	t.Cleanup(func() {
		server.Close()
		served.Close()
		if t.Failed() {
			t.Logf("the functions have written:\n%s", log)
		}
	})
	a := read(t, assembly)
	a.url, a.log = server.URL+"/"+served.Stage(), log
	return a
}

// answer is an HTTP response that has been read.
type answer struct {
	status int
	header http.Header
	body   string
}

// do sends a request with these headers, written "Name: value", as a page of an origin
// that may call the API does.
func (a *api) do(t *testing.T, method, path, body string, headers ...string) answer {
	t.Helper()
	request, err := http.NewRequest(method, a.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Origin", "https://app.example")
	if origin := a.allowedOrigin(); origin != "*" {
		request.Header.Set("Origin", origin)
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		request.Header.Add(name, value)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{response.StatusCode, response.Header, string(text)}
}

// send sends a request for a route.
func (a *api) send(t *testing.T, r routes.Route, headers ...string) answer {
	t.Helper()
	method, path := r.Call()
	return a.do(t, method, path, r.Body(), headers...)
}

// call calls the first route that needs a token, with a token.
func (a *api) call(t *testing.T, token string) answer {
	t.Helper()
	return a.send(t, a.route(t), "Authorization: Bearer "+token)
}

// route returns the first route that needs a token. The tests about tokens call it.
func (a *api) route(t *testing.T) routes.Route {
	t.Helper()
	r, ok := routes.Protected(a.routes)
	if !ok {
		t.Skip("skipped: no route of the API needs a token")
	}
	return r
}

// expect compares status, body and headers, which are written "Name: value". A header
// with an empty value must be absent.
func (got answer) expect(t *testing.T, status int, body string, headers ...string) {
	t.Helper()
	if got.status != status || got.body != body {
		t.Errorf("got %d %s\nwant %d %s", got.status, got.body, status, body)
	}
	for _, h := range headers {
		name, want, _ := strings.Cut(h, ": ")
		if value := strings.Join(got.header.Values(name), " | "); value != want {
			t.Errorf("%s is %q, want %q", name, value, want)
		}
	}
}

// output collects what functions write to stdout and stderr.
type output struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buffer.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buffer.String()
}
