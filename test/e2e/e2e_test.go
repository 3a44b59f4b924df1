// Package e2e tests the API over HTTP, as curl would call it.
//
// By default it serves the synthesized template and the compiled functions on this
// machine. With API_URL and TOKEN in the environment it tests a deployed stage; tests
// that need an issuer they control are then skipped.
package e2e

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"

	"accountapi/test/gateway"
	"accountapi/test/internal/project"
	"accountapi/test/issuer"
)

const root = "../.."

// assembly is the cloud assembly of this project, with functions for this machine.
var assembly string

func TestMain(m *testing.M) {
	if os.Getenv("API_URL") == "" {
		var err error
		if assembly, err = project.Assembly(context.Background(), os.Stderr); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	} else if os.Getenv("TOKEN") == "" {
		fmt.Fprintln(os.Stderr,
			"API_URL names a deployed stage: set TOKEN to a token for it with the scope get:profile")
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// api is the API under test.
type api struct {
	url    string
	token  string // that it accepts, with the scope get:profile
	issuer *issuer.Server
	log    *output // of the functions
}

// open returns the deployed stage that API_URL names, or else serves one here.
func open(t *testing.T) *api {
	t.Helper()
	if url := os.Getenv("API_URL"); url != "" {
		return &api{url: strings.TrimSuffix(url, "/"), token: os.Getenv("TOKEN")}
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

// serve serves a cloud assembly whose functions trust a local issuer.
func serve(t *testing.T, assembly string, i *issuer.Server) *api {
	t.Helper()
	a := serveWith(t, assembly, trust(i))
	a.issuer, a.token = i, i.Token()
	return a
}

// serveWith serves a cloud assembly. The variables of env replace those in the template.
func serveWith(t *testing.T, assembly string, env map[string]string) *api {
	t.Helper()
	log := &output{}
	// Frozen between invocations, as on AWS: no work goes on after an answer.
	served, err := gateway.Load(assembly, gateway.Options{Env: env, Output: log, Freeze: true})
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
	return &api{url: server.URL + "/" + served.Stage(), log: log}
}

// answer is an HTTP response that has been read.
type answer struct {
	status int
	header http.Header
	body   string
}

// do sends a request with these headers, written "Name: value".
func (a *api) do(t *testing.T, method, path string, headers ...string) answer {
	t.Helper()
	request, err := http.NewRequest(method, a.url+path, nil)
	if err != nil {
		t.Fatal(err)
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
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{response.StatusCode, response.Header, string(body)}
}

// profile calls GET /profile with a token.
func (a *api) profile(t *testing.T, token string) answer {
	t.Helper()
	return a.do(t, http.MethodGet, "/profile", "Authorization: Bearer "+token)
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
