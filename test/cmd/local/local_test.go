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
	stderr *bytes.Buffer // to be read when it has ended
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

// value waits for the line NAME=VALUE on standard output.
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

func TestItPrintsHowToCallTheAPIAndStopsEverythingOnASignal(t *testing.T) {
	for name, signal := range map[string]os.Signal{"Ctrl-C": os.Interrupt, "SIGTERM": syscall.SIGTERM} {
		t.Run(name, func(t *testing.T) {
			p := start(t, "-port", "0", "-issuer-port", "0")
			url, token := p.value(t, "API_URL"), p.value(t, "TOKEN")
			if status, body := get(t, url+"/profile", token); status != 200 || body != `{"name":"Daniël"}` {
				t.Errorf("got %d %s", status, body)
			}
			if status, _ := get(t, url+"/profile", "garbage"); status != 401 {
				t.Errorf("garbage got %d", status)
			}
			children := childrenOf(t, p.Process.Pid)
			p.Process.Signal(signal)
			if err := p.Wait(); err != nil {
				t.Errorf("ended with %v\n%s", err, p.stderr)
			}
			for _, pid := range children {
				if syscall.Kill(pid, 0) == nil {
					t.Errorf("process %d is still there", pid)
				}
			}
			log := p.stderr.String()
			if !strings.Contains(log, `"decision":"refuse","reason":"malformed_token"`) || !strings.Contains(log, "GET /prod/profile 401 · authorizer refused") {
				t.Errorf("the decision or the request is not on stderr:\n%s", log)
			}
			if strings.Contains(log, strings.Split(token, ".")[2]) {
				t.Error("the token's signature is on stderr")
			}
		})
	}
}

// childrenOf lists the processes that pid has started.
func childrenOf(t *testing.T, pid int) (children []int) {
	t.Helper()
	output, err := exec.Command("pgrep", "-P", fmt.Sprint(pid)).Output()
	if err != nil {
		t.Logf("pgrep is missing or found nothing (%v): whether children end is not looked at", err)
	}
	for _, field := range strings.Fields(string(output)) {
		var child int
		fmt.Sscan(field, &child)
		children = append(children, child)
	}
	return children
}

func TestAnyCloudAssemblyIsServedAsItsTemplateSays(t *testing.T) {
	// This project's own, with an issuer in the template that is not there.
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

func TestAMistakeIsNamedWithItsFix(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, port, _ := net.SplitHostPort(taken.Addr().String())

	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"the port is taken":            {[]string{"-port", port}, "choose another with make run PORT="},
		"the issuer's port is taken":   {[]string{"-port", "0", "-issuer-port", port}, "choose another with make run ISSUER_PORT="},
		"an issuer without audience":   {[]string{"-port", "0", "-issuer", "https://t.example/"}, "ISSUER needs AUDIENCE"},
		"keys without an issuer":       {[]string{"-port", "0", "-jwks-uri", "https://t.example/jwks"}, "JWKS_URI needs ISSUER"},
		"an issuer over http":          {[]string{"-port", "0", "-issuer", "http://t.example/", "-audience", "x", "-jwks-uri", "https://t.example/"}, `TOKEN_ISSUER "http://t.example/" must begin with https://`},
		"an unknown algorithm":         {[]string{"-port", "0", "-issuer-port", "0", "-algorithms", "RS257"}, `"RS257"`},
		"an unknown provider":          {[]string{"-port", "0", "-issuer", "https://t.example/", "-audience", "x", "-jwks-uri", "https://t.example/", "-provider", "auth1"}, `PROVIDER "auth1" is unknown: use one of`},
		"an issuer that is not there":  {[]string{"-port", "0", "-issuer", "https://127.0.0.1:1/", "-audience", "x"}, "or say it: JWKS_URI="},
		"a folder that is no assembly": {[]string{"-port", "0", "-assembly", t.TempDir()}, "manifest.json"},
		"-env without a value":         {[]string{"-env", "X"}, "write it as NAME=VALUE"},
		"a word too many":              {[]string{"run"}, `unexpected "run"`},
	} {
		t.Run(name, func(t *testing.T) {
			p := start(t, test.args...)
			for p.stdout.Scan() {
			}
			err := p.Wait()
			if err == nil || p.ProcessState.ExitCode() == 0 {
				t.Errorf("ended well")
			}
			said := p.stderr.String()
			if !strings.Contains(said, test.want) || strings.Contains(said, "goroutine") {
				t.Errorf("said %q, want it to hold %q and no stack trace", said, test.want)
			}
		})
	}
}

func TestADiscoveryDocumentOfAnotherIssuerIsNotBelieved(t *testing.T) {
	var address string
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address = "http://" + listener.Addr().String()
	go http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"issuer":"%s/","jwks_uri":"%s/jwks"}`, address, address)
	}))
	defer listener.Close()
	if _, err := discover(t.Context(), address); err == nil || !strings.Contains(err.Error(), "use exactly ISSUER="+address+"/") {
		t.Errorf("got %v, want the exact issuer named", err)
	}
	if uri, err := discover(t.Context(), address+"/"); err != nil || uri != address+"/jwks" {
		t.Errorf("got %q, %v", uri, err)
	}
}

func TestAChangedSourceIsNoticed(t *testing.T) {
	root := t.TempDir()
	file := filepath.Join(root, "lambdas", "f", "main.go")
	os.MkdirAll(filepath.Dir(file), 0o755)
	write := func(file string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(time.Now().String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(file)
	noticed := make(chan bool, 10)
	noticing := func(change func()) {
		t.Helper()
		for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); {
			change()
			select {
			case <-noticed:
				return
			case <-time.After(200 * time.Millisecond):
			}
		}
		t.Fatal("nobody noticed")
	}
	go watch(t.Context(), root, func() { noticed <- true })
	noticing(func() { write(file) })
	noticing(func() { os.Remove(file) })
	write(filepath.Join(root, "lambdas", "main_test.go")) // no part of what runs
	select {
	case <-noticed:
		t.Error("a test file was taken for a source")
	case <-time.After(1200 * time.Millisecond):
	}
}
