package main

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"accountapi/test/internal/compiled"
	"accountapi/test/internal/project"
	"accountapi/test/internal/routes"
)

// The tests run the compiled command, as make run does.

var program string

func TestMain(m *testing.M) {
	program = compiled.Command(main)
	os.Exit(m.Run())
}

// process is a running command.
type process struct {
	*exec.Cmd
	stdout *bufio.Scanner
	stderr *bytes.Buffer // to be read after it has ended
}

func start(t *testing.T, args ...string) *process {
	t.Helper()
	p := command(t, args...)
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Process.Kill() })
	return p
}

// command returns a command that has not been started.
func command(t *testing.T, args ...string) *process {
	t.Helper()
	p := &process{Cmd: exec.Command(program, args...), stderr: &bytes.Buffer{}}
	stdout, err := p.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.stdout = bufio.NewScanner(stdout)
	p.Stderr = p.stderr
	return p
}

// value waits for a line NAME=VALUE on standard output.
func (p *process) value(t *testing.T, name string) string {
	t.Helper()
	for p.stdout.Scan() {
		if value, ok := strings.CutPrefix(p.stdout.Text(), name+"="); ok {
			return value
		}
	}
	p.Wait()
	t.Fatalf("no line %s=\n%s", name, p.stderr)
	return ""
}

// route returns the first route of this project that needs a token.
func route(t *testing.T) routes.Route {
	t.Helper()
	assembly, err := project.Assembly(t.Context(), os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	table, err := routes.Read(assembly)
	if err != nil {
		t.Fatal(err)
	}
	r, ok := routes.Protected(table)
	if !ok {
		t.Skip("skipped: no route of the API needs a token")
	}
	return r
}

// call calls a route and returns the status, and the type of the error if it is the
// gateway that answers.
func call(t *testing.T, url string, r routes.Route, token string) (status int, errorType string) {
	t.Helper()
	method, path := r.Call()
	request, err := http.NewRequest(method, url+path, strings.NewReader(r.Body()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	return response.StatusCode, response.Header.Get("X-Amzn-Errortype")
}

// expectLetIn fails the test unless the authorizer lets a call of the route with this
// token through, and the function finds every scope of the route in it.
func expectLetIn(t *testing.T, url string, r routes.Route, token string) {
	t.Helper()
	switch status, errorType := call(t, url, r, token); {
	case status == 401, status == 403, errorType != "" && errorType != "BadRequestException":
		t.Errorf("%s answers %d %s to a good token", r, status, errorType)
	}
}

func TestServesUntilASignalAndStopsEveryChild(t *testing.T) {
	r := route(t)
	for name, signal := range map[string]os.Signal{"Ctrl-C": os.Interrupt, "SIGTERM": syscall.SIGTERM} {
		t.Run(name, func(t *testing.T) {
			p := start(t, "-port", "0", "-issuer-port", "0")
			address, token := p.value(t, "API_URL"), p.value(t, "TOKEN")
			expectLetIn(t, address, r, token)
			if status, _ := call(t, address, r, "garbage"); status != 401 {
				t.Errorf("a malformed token got %d, want 401", status)
			}
			for p.stdout.Scan() && !strings.HasPrefix(p.stdout.Text(), "curl ") {
			}
			if want := r.Curl(address, token); p.stdout.Text() != want {
				t.Errorf("printed %q, want %q", p.stdout.Text(), want)
			}
			children := childrenOf(t, p.Process.Pid)
			p.Process.Signal(signal)
			if err := p.Wait(); err != nil {
				t.Errorf("ended with %v\n%s", err, p.stderr)
			}
			for _, pid := range children {
				if syscall.Kill(pid, 0) == nil {
					t.Errorf("process %d is still running", pid)
				}
			}
			log := p.stderr.String()
			method, path := r.Call()
			u, err := url.Parse(address + path)
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range []string{
				`"decision":"refuse","reason":"malformed_token"`, method + " " + u.Path + " 401 · authorizer refused",
			} {
				if !strings.Contains(log, want) {
					t.Errorf("stderr does not contain %s:\n%s", want, log)
				}
			}
			if strings.Contains(log, strings.Split(token, ".")[2]) {
				t.Error("stderr contains the signature of the token")
			}
		})
	}
}

// childrenOf returns the IDs of the processes that pid has started.
func childrenOf(t *testing.T, pid int) (children []int) {
	t.Helper()
	output, err := exec.Command("pgrep", "-P", fmt.Sprint(pid)).Output()
	if err != nil {
		t.Logf("pgrep is missing or found nothing (%v): this test does not check whether children end", err)
	}
	for _, field := range strings.Fields(string(output)) {
		var child int
		fmt.Sscan(field, &child)
		children = append(children, child)
	}
	return children
}

func TestAnotherCloudAssemblyIsServedAsItsTemplateSays(t *testing.T) {
	r := route(t) // builds the assembly
	// This project's own assembly, whose template has an issuer that does not exist.
	assembly := filepath.Join("..", "..", "..", ".build", "local", "assembly")

	p := start(t, "-assembly", assembly, "-port", "0")
	url := p.value(t, "API_URL")
	if status, _ := call(t, url, r, "garbage"); status != 401 {
		t.Errorf("got %d, want 401", status)
	}

	p = start(t, "-assembly", assembly, "-port", "0", "-issuer-port", "0")
	url, token := p.value(t, "API_URL"), p.value(t, "TOKEN")
	expectLetIn(t, url, r, token)

	p = start(t, "-assembly", assembly, "-port", "0", "-issuer-port", "0", "-env", "REQUIRED_SCOPES=other:scope")
	url, token = p.value(t, "API_URL"), p.value(t, "TOKEN")
	if status, errorType := call(t, url, r, token); status != 403 || errorType != "AccessDeniedException" {
		t.Errorf("with -env: got %d %s, want 403 AccessDeniedException", status, errorType)
	}
}

func TestAFunctionThatDoesNotStartIsAWarning(t *testing.T) {
	r := route(t)
	if method, _ := r.Call(); method != http.MethodGet {
		t.Skip("skipped: no GET route needs a token, and no other is called at the start")
	}
	p := start(t, "-port", "0", "-issuer-port", "0", "-env", "ROUTES={}")
	p.value(t, "API_URL")
	p.Process.Signal(os.Interrupt)
	if err := p.Wait(); err != nil {
		t.Errorf("ended with %v", err)
	}
	for _, want := range []string{"warning: GET ", " answers 502 Bad Gateway", "the table of routes has no such route"} {
		if !strings.Contains(p.stderr.String(), want) {
			t.Errorf("stderr does not contain %q:\n%s", want, p.stderr)
		}
	}
}

func TestMistakesAreReportedWithTheirFix(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, port, _ := net.SplitHostPort(taken.Addr().String())

	for _, test := range []struct{ name, args, want string }{
		{"port in use", "-port " + port, "choose another with make run PORT="},
		{"issuer's port in use", "-issuer-port " + port, "choose another with make run ISSUER_PORT="},
		{"issuer without audience", "-issuer https://t.example/", "ISSUER needs AUDIENCE"},
		{"jwks-uri without issuer", "-jwks-uri https://t.example/jwks", "JWKS_URI needs ISSUER"},
		{"unknown provider", "-issuer-port 0 -provider adfs", "PROVIDER=adfs is unknown: use one of auth0, rfc9068"},
		{"one issuer and several", "-env ISSUERS=[] -issuer https://t.example/ -audience x", "ENV has ISSUERS, so leave out"},
		{"scopes for another issuer", "-issuer https://t.example/ -audience x -scopes a", "make token SCOPE="},
		{"unknown algorithm", "-issuer-port 0 -algorithms RS257", `"RS257"`},
		{"issuer that does not answer", "-issuer https://127.0.0.1:1/ -audience x", "or set it: JWKS_URI="},
		{"folder without an assembly", "-assembly " + t.TempDir(), "manifest.json"},
		{"PORT is a word", "-port abc", "PORT=abc is not a port: use a number from 1 to 65535"},
		{"PORT is too large", "-port 99999", "PORT=99999 is not a port: use a number from 1 to 65535"},
		{"PORT is negative", "-port -1", "PORT=-1 is not a port: use a number from 1 to 65535"},
		{"ISSUER_PORT is a word", "-issuer-port abc", "for example make run ISSUER_PORT=3001"},
		{"both are wrong", "-port a -issuer-port b", "PORT=a is not a port"},
		{"both are wrong", "-port a -issuer-port b", "ISSUER_PORT=b is not a port"},
		{"both are the same", "-port 3001 -issuer-port 3001", "PORT and ISSUER_PORT are both 3001"},
		{"-env without a value", "-env X", "ENV=X: write it as NAME=VALUE, and without spaces"},
		{"argument that is no flag", "run", `unexpected "run"`},
	} {
		t.Run(test.name, func(t *testing.T) { expectMistake(t, test.args, test.want) })
	}
}

func TestMistakesThatOnlyTheAuthorizerFindsEndTheStart(t *testing.T) {
	route(t) // without a route that needs a token, no authorizer starts
	for _, test := range []struct{ name, args, want string }{
		{"keys over http", "-issuer https://t.example/ -audience x -jwks-uri http://t.example/",
			`JWKS_URI "http://t.example/" must begin with https://`},
		{"list that is no JSON", "-env ISSUERS=x", "ISSUERS is not a JSON array"},
		{"unknown provider", "-issuer https://t.example/ -audience x -jwks-uri https://t.example/ -provider auth1",
			`PROVIDER "auth1" is unknown: use one of`},
	} {
		t.Run(test.name, func(t *testing.T) { expectMistake(t, test.args, test.want) })
	}
}

// expectMistake fails the test unless the command ends by itself, with this on stderr.
func expectMistake(t *testing.T, args, want string) {
	t.Helper()
	p := start(t, append([]string{"-port", "0"}, strings.Fields(args)...)...)
	for p.stdout.Scan() {
	}
	err := p.Wait()
	if err == nil || p.ProcessState.ExitCode() == 0 {
		t.Errorf("exit code 0")
	}
	stderr := p.stderr.String()
	if !strings.Contains(stderr, want) || strings.Contains(stderr, "goroutine") || strings.Contains(stderr, "Usage") {
		t.Errorf("stderr is %q, want it to contain %q, no stack trace and no list of flags", stderr, want)
	}
}

func TestDiscoveryDocumentOfAnotherIssuerIsRefused(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := "http://" + listener.Addr().String()
	go http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"issuer":"%s/","jwks_uri":"%s/jwks"}`, address, address)
	}))
	defer listener.Close()
	_, err = discover(t.Context(), address)
	if err == nil || !strings.Contains(err.Error(), "use exactly ISSUER="+address+"/") {
		t.Errorf("got %v, want the exact issuer in the error", err)
	}
	if uri, err := discover(t.Context(), address+"/"); err != nil || uri != address+"/jwks" {
		t.Errorf("got %q, %v", uri, err)
	}
}

func TestChangedPartsAreNoticed(t *testing.T) {
	root := t.TempDir()
	write := func(file string) {
		t.Helper()
		path := filepath.Join(root, filepath.FromSlash(file))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(time.Now().String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range []string{"lambdas/orders/main.go", "lambdas/internal/api/api.go", "infra/routes.go", "cdk.json"} {
		write(file)
	}
	noticed := make(chan []string, 100)
	go watch(t.Context(), root, sources(root), func(parts []string) { noticed <- parts })
	for _, test := range []struct{ file, part string }{
		{"lambdas/orders/main.go", "lambdas/orders"},
		{"lambdas/orders/handler.go", "lambdas/orders"},
		{"lambdas/internal/api/api.go", "lambdas"},
		{"lambdas/go.mod", "lambdas"},
		{"lambdas/refunds/main.go", "lambdas/refunds"},
		{"infra/routes.go", "infra"},
		{"cdk.json", "infra"},
	} {
		write(test.file)
		select {
		case parts := <-noticed:
			if len(parts) != 1 || filepath.ToSlash(parts[0]) != test.part {
				t.Errorf("%s: noticed %v, want %s", test.file, parts, test.part)
			}
		case <-time.After(5 * time.Second):
			t.Errorf("%s: the change was not noticed", test.file)
		}
	}
	os.Remove(filepath.Join(root, "lambdas", "orders", "handler.go"))
	if parts := <-noticed; len(parts) != 1 || filepath.ToSlash(parts[0]) != "lambdas/orders" {
		t.Errorf("a removed file: noticed %v", parts)
	}
	write("lambdas/orders/main_test.go") // not part of the program
	write("infra/README.md")
	select {
	case parts := <-noticed:
		t.Errorf("files that are not sources were taken for changes of %v", parts)
	case <-time.After(time.Second):
	}
}
