package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"accountapi/test/internal/compiled"
	"accountapi/test/issuer"

	"github.com/creack/pty"
)

// The tests run the compiled command, as make token does.

var program string

func TestMain(m *testing.M) {
	os.Exit(compiled.Tests{M: m, Source: ".", Program: &program}.Run())
}

const secret = `s3cr3t+"/%$ä`

// command is the program with a secret in the environment; "" for none.
func command(secret string, args ...string) *exec.Cmd {
	c := exec.Command(program, args...)
	c.Env = append(os.Environ(), "CLIENT_SECRET="+secret)
	return c
}

// run returns what the command printed and its exit code.
func run(t *testing.T, c *exec.Cmd) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	if err := c.Run(); err != nil {
		if _, exited := errors.AsType[*exec.ExitError](err); !exited {
			t.Fatal(err)
		}
	}
	return out.String(), errs.String(), c.ProcessState.ExitCode()
}

func start(t *testing.T) *issuer.Server {
	t.Helper()
	tenant, err := issuer.Start("127.0.0.1:0", issuer.Config{ClientID: "machine", ClientSecret: secret, Scopes: []string{"get:profile", "update:profile"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tenant.Close() })
	return tenant
}

func TestOnlyTheTokenIsPrinted(t *testing.T) {
	tenant := start(t)
	stdout, stderr, code := run(t, command(secret, "-issuer", tenant.URL(), "-client-id", "machine", "-audience", tenant.Audience(), "-scope", "get:profile"))
	if code != 0 || strings.Count(stdout, ".") != 2 || strings.Count(stdout, "\n") != 1 {
		t.Errorf("exit code %d, printed %q, said %q", code, stdout, stderr)
	}
	if !strings.Contains(stderr, "good for 24h") || !strings.Contains(stderr, `scope "get:profile"`) {
		t.Errorf("said %q", stderr)
	}
}

// ask starts the command at a terminal and waits for its prompt.
func ask(t *testing.T, c *exec.Cmd) (terminal *os.File, screen *bytes.Buffer) {
	t.Helper()
	terminal, err := pty.Start(c) // standard input and error; output may be set already
	if err != nil {
		t.Skipf("skipped: this machine has no pseudo-terminal for the test: %v", err)
	}
	t.Cleanup(func() { terminal.Close() })
	screen = &bytes.Buffer{}
	for !strings.HasSuffix(screen.String(), "(it is not shown): ") {
		more := make([]byte, 256)
		n, err := terminal.Read(more)
		if screen.Write(more[:n]); err != nil {
			t.Fatalf("no prompt but %q: %v", screen, err)
		}
	}
	return terminal, screen
}

func TestThePromptDoesNotShowTheSecret(t *testing.T) {
	tenant := start(t)
	c := command("", "-issuer", tenant.URL(), "-client-id", "machine", "-audience", tenant.Audience())
	var stdout bytes.Buffer
	c.Stdout = &stdout
	terminal, screen := ask(t, c)
	fmt.Fprintf(terminal, "%s\r", secret)
	screen.ReadFrom(terminal) // ends with an error when the command does
	if err := c.Wait(); err != nil || strings.Count(stdout.String(), ".") != 2 {
		t.Errorf("ended with %v, printed %q, said %q", err, stdout.String(), screen)
	}
	if strings.Contains(screen.String(), secret) {
		t.Errorf("the secret is on the screen: %q", screen)
	}
}

func TestAnAnswerThatIsNoSecretEndsIt(t *testing.T) {
	for name, test := range map[string]struct{ key, want string }{
		"Ctrl-C":       {"\x03", "interrupted"},
		"Ctrl-D":       {"\x04", "interrupted"},
		"Enter, alone": {"\r", "nothing was entered"},
	} {
		t.Run(name, func(t *testing.T) {
			c := command("", "-issuer", start(t).URL(), "-client-id", "machine")
			terminal, screen := ask(t, c)
			io.WriteString(terminal, test.key)
			screen.ReadFrom(terminal)
			if err := c.Wait(); c.ProcessState.ExitCode() != 1 || !strings.Contains(screen.String(), test.want) {
				t.Errorf("ended with %v, said %q, want %q", err, screen, test.want)
			}
		})
	}
}

func TestASignalAtThePromptEndsItToo(t *testing.T) {
	c := command("", "-issuer", start(t).URL(), "-client-id", "machine")
	terminal, screen := ask(t, c)
	c.Process.Signal(syscall.SIGTERM)
	screen.ReadFrom(terminal)
	if err := c.Wait(); c.ProcessState.ExitCode() != 1 || !strings.Contains(screen.String(), "read the secret") {
		t.Errorf("ended with %v, said %q", err, screen)
	}
}

// provider is an issuer that answers every token request like this.
func provider(t *testing.T, status int, answer string) (url string) {
	t.Helper()
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"issuer":%q,"token_endpoint":"%[1]s/token"}`, server.URL)
	})
	mux.HandleFunc("/token", func(w http.ResponseWriter, r *http.Request) {
		if id, _, ok := r.BasicAuth(); !ok || id != "machine" {
			status, answer = http.StatusTeapot, `{"error":"no credentials"}`
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(status)
		io.WriteString(w, answer)
	})
	return server.URL
}

func TestARefusalIsExplained(t *testing.T) {
	tenant := start(t)
	for name, test := range map[string]struct {
		issuer, secret string
		args           []string
		want           string
	}{
		"a wrong secret at Auth0":          {tenant.URL(), "wr0ng", nil, "or its secret is wrong"},
		"an audience that Auth0 has not":   {tenant.URL(), secret, []string{"-audience", "https://nobody/"}, "AUDIENCE must be the API's identifier"},
		"a scope not granted at Auth0":     {tenant.URL(), secret, []string{"-scope", "get:everything"}, "grant it at the issuer"},
		"a wrong secret":                   {provider(t, 401, `{"error":"invalid_client"}`), secret, nil, "or its secret is wrong"},
		"a client without the API":         {provider(t, 403, `{"error":"access_denied","error_description":"Client is not authorized to access \"x\"."}`), secret, nil, "authorize it at the issuer"},
		"a client that logs people in":     {provider(t, 403, `{"error":"unauthorized_client"}`), secret, nil, "client credentials grant"},
		"a target unknown":                 {provider(t, 400, `{"error":"invalid_target"}`), secret, nil, "AUDIENCE must be the API's identifier"},
		"a scope unknown":                  {provider(t, 400, `{"error":"invalid_scope"}`), secret, nil, "leave SCOPE out"},
		"neither audience nor scope":       {provider(t, 400, `{"error":"invalid_request"}`), secret, nil, "add AUDIENCE=…"},
		"another refusal":                  {provider(t, 400, `{"error":"invalid_grant"}`), secret, nil, `"invalid_grant"`},
		"trouble at the issuer":            {provider(t, 503, `busy`), secret, nil, "503 Service Unavailable: it has trouble of its own"},
		"too many requests":                {provider(t, 429, ``), secret, nil, "wait a little"},
		"a redirect":                       {provider(t, 307, ``), secret, nil, "a redirect is not followed"},
		"an answer that is no token":       {provider(t, 200, `<html>`), secret, nil, "cannot parse json"},
		"the secret sent back":             {provider(t, 400, fmt.Sprintf(`{"error":"invalid_client","error_description":%q}`, "no such secret: "+secret)), secret, nil, "no such secret: …"},
		"a slash too few":                  {strings.TrimSuffix(tenant.URL(), "/"), secret, nil, "use exactly ISSUER=" + tenant.URL()},
		"an issuer over plain http":        {"http://issuer.example/", secret, nil, "must begin with https://"},
		"nobody there":                     {"http://127.0.0.1:1/", secret, nil, "connection refused"},
		"no secret, and nobody to ask for": {tenant.URL(), "", nil, "CLIENT_SECRET=… make token"},
	} {
		t.Run(name, func(t *testing.T) {
			stdout, stderr, code := run(t, command(test.secret, append([]string{"-issuer", test.issuer, "-client-id", "machine"}, test.args...)...))
			if code != 1 || stdout != "" || !strings.Contains(stderr, test.want) {
				t.Errorf("exit code %d, printed %q, said %q; want 1, nothing, %q", code, stdout, stderr, test.want)
			}
			if test.secret != "" && strings.Contains(stderr, test.secret) {
				t.Errorf("the secret is in %q", stderr)
			}
		})
	}
}

func TestATokenTheAPICannotCheckIsPointedOut(t *testing.T) {
	url := provider(t, 200, `{"access_token":"opaque","token_type":"Bearer"}`)
	stdout, stderr, code := run(t, command(secret, "-issuer", url, "-client-id", "machine"))
	if code != 0 || stdout != "opaque\n" || !strings.Contains(stderr, "add AUDIENCE=…") {
		t.Errorf("exit code %d, printed %q, said %q", code, stdout, stderr)
	}
}

func TestASecretIsNotSentWhereOthersCanReadIt(t *testing.T) {
	var document string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, document) }))
	defer server.Close()
	for endpoint, want := range map[string]string{
		"http://issuer.example/token": "is not an https URL",
		"":                            "names no token_endpoint",
	} {
		document = fmt.Sprintf(`{"issuer":%q,"token_endpoint":%q}`, server.URL, endpoint)
		_, stderr, code := run(t, command(secret, "-issuer", server.URL, "-client-id", "machine"))
		if code != 1 || !strings.Contains(stderr, want) {
			t.Errorf("%q: exit code %d, said %q, want %q", endpoint, code, stderr, want)
		}
	}
}

func TestAWrongCallSaysWhatIsMissing(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		want []string
	}{
		"nothing":                  {nil, []string{"ISSUER is missing", "CLIENT_ID is missing"}},
		"a secret as an argument":  {[]string{"-issuer", "https://t.example/", "-client-id", "machine", "hunter2"}, []string{"a secret belongs into the environment"}},
		"a secret as a flag":       {[]string{"-client-secret=hunter2"}, []string{"not defined"}},
		"an issuer without client": {[]string{"-issuer", "https://t.example/"}, []string{"CLIENT_ID is missing"}},
	} {
		t.Run(name, func(t *testing.T) {
			stdout, stderr, code := run(t, command("", test.args...))
			for _, want := range test.want {
				if code != 2 || stdout != "" || !strings.Contains(stderr, want) {
					t.Errorf("exit code %d, printed %q, said %q, want %q", code, stdout, stderr, want)
				}
			}
			if strings.Contains(stderr, "hunter2") {
				t.Errorf("the secret is in %q", stderr)
			}
		})
	}
}
