package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"accountapi/test/internal/compiled"
)

// The tests run the compiled command, as make run does.

var program string

func TestMain(m *testing.M) {
	os.Exit(compiled.Tests{M: m, Source: ".", Program: &program}.Run())
}

// process is a running command.
type process struct {
	*exec.Cmd
	stdout *bufio.Scanner
	stderr *bytes.Buffer // to be read after it has ended
}

func start(t *testing.T, args ...string) *process {
	t.Helper()
	p := &process{Cmd: exec.Command(program, args...), stderr: &bytes.Buffer{}}
	stdout, err := p.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.stdout = bufio.NewScanner(stdout)
	p.Stderr = p.stderr
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Process.Kill() })
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

func get(t *testing.T, url, token string) (status int, body string) {
	t.Helper()
	request, _ := http.NewRequest(http.MethodGet, url, nil)
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, _ := io.ReadAll(response.Body)
	return response.StatusCode, string(text)
}

func TestServesUntilASignalAndStopsEveryChild(t *testing.T) {
	for name, signal := range map[string]os.Signal{"Ctrl-C": os.Interrupt, "SIGTERM": syscall.SIGTERM} {
		t.Run(name, func(t *testing.T) {
			p := start(t, "-port", "0", "-issuer-port", "0")
			url, token := p.value(t, "API_URL"), p.value(t, "TOKEN")
			if status, body := get(t, url+"/profile", token); status != 200 || body != `{"name":"Daniël"}` {
				t.Errorf("got %d %s", status, body)
			}
			if status, _ := get(t, url+"/profile", "garbage"); status != 401 {
				t.Errorf("a malformed token got %d, want 401", status)
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
			for _, want := range []string{
				`"decision":"refuse","reason":"malformed_token"`, "GET /prod/profile 401 · authorizer refused",
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
	// This project's own assembly, whose template has an issuer that does not exist.
	assembly := filepath.Join("..", "..", "..", ".build", "local", "assembly")
	start(t, "-port", "0", "-issuer-port", "0").value(t, "API_URL") // builds it

	p := start(t, "-assembly", assembly, "-port", "0")
	url := p.value(t, "API_URL")
	if status, _ := get(t, url+"/profile", "garbage"); status != 401 {
		t.Errorf("got %d, want 401", status)
	}

	p = start(t, "-assembly", assembly, "-port", "0", "-issuer-port", "0")
	url, token := p.value(t, "API_URL"), p.value(t, "TOKEN")
	if status, body := get(t, url+"/profile", token); status != 200 {
		t.Errorf("with a local issuer: got %d %s", status, body)
	}

	p = start(t, "-assembly", assembly, "-port", "0", "-issuer-port", "0", "-env", "REQUIRED_SCOPES=other:scope")
	url, token = p.value(t, "API_URL"), p.value(t, "TOKEN")
	if status, body := get(t, url+"/profile", token); status != 403 {
		t.Errorf("with -env: got %d %s, want 403", status, body)
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
		{"issuer over http", "-issuer http://t.example/ -audience x -jwks-uri https://t.example/",
			`TOKEN_ISSUER "http://t.example/" must begin with https://`},
		{"unknown algorithm", "-issuer-port 0 -algorithms RS257", `"RS257"`},
		{"unknown provider", "-issuer https://t.example/ -audience x -jwks-uri https://t.example/ -provider auth1",
			`PROVIDER "auth1" is unknown: use one of`},
		{"issuer that does not answer", "-issuer https://127.0.0.1:1/ -audience x", "or set it: JWKS_URI="},
		{"folder without an assembly", "-assembly " + t.TempDir(), "manifest.json"},
		{"-env without a value", "-env X", "write it as NAME=VALUE"},
		{"argument that is no flag", "run", `unexpected "run"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := start(t, append([]string{"-port", "0"}, strings.Fields(test.args)...)...)
			for p.stdout.Scan() {
			}
			err := p.Wait()
			if err == nil || p.ProcessState.ExitCode() == 0 {
				t.Errorf("exit code 0")
			}
			stderr := p.stderr.String()
			if !strings.Contains(stderr, test.want) || strings.Contains(stderr, "goroutine") {
				t.Errorf("stderr is %q, want it to contain %q and no stack trace", stderr, test.want)
			}
		})
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
	go watch(t.Context(), root, func(parts []string) { noticed <- parts })
	time.Sleep(300 * time.Millisecond) // until it has looked once
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
