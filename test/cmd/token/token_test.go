package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
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
	program = compiled.Command(main)
	os.Exit(m.Run())
}

const secret = `s3cr3t+"/%$ä`

// command returns the program with a secret in the environment; "" for none.
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
	tenant, err := issuer.Start("127.0.0.1:0", issuer.Config{
		ClientID: "machine", ClientSecret: secret, Scopes: []string{"read:things", "write:things"},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tenant.Close() })
	return tenant
}

func TestOnlyTheTokenIsPrintedToStdout(t *testing.T) {
	tenant := start(t)
	stdout, stderr, code := run(t, command(secret, "-issuer", tenant.URL(), "-client-id", "machine",
		"-audience", tenant.Audience(), "-scope", "read:things"))
	if code != 0 || strings.Count(stdout, ".") != 2 || strings.Count(stdout, "\n") != 1 {
		t.Errorf("exit code %d, stdout %q, stderr %q", code, stdout, stderr)
	}
	if !strings.Contains(stderr, "valid for 24h") || !strings.Contains(stderr, `scope "read:things"`) {
		t.Errorf("stderr %q", stderr)
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
		t.Errorf("ended with %v, stdout %q, screen %q", err, stdout.String(), screen)
	}
	if strings.Contains(screen.String(), secret) {
		t.Errorf("the screen shows the secret: %q", screen)
	}
}

func TestPromptEndsWithoutASecret(t *testing.T) {
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
				t.Errorf("ended with %v, screen %q, want %q", err, screen, test.want)
			}
		})
	}
}

func TestSignalEndsThePrompt(t *testing.T) {
	c := command("", "-issuer", start(t).URL(), "-client-id", "machine")
	terminal, screen := ask(t, c)
	c.Process.Signal(syscall.SIGTERM)
	screen.ReadFrom(terminal)
	if err := c.Wait(); c.ProcessState.ExitCode() != 1 || !strings.Contains(screen.String(), "read the secret") {
		t.Errorf("ended with %v, screen %q", err, screen)
	}
}

// provider starts an issuer that answers every token request in this way.
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

func TestRefusalsAreExplained(t *testing.T) {
	tenant := start(t)
	refusal := func(status int, code, description string) (url string) {
		return provider(t, status, fmt.Sprintf(`{"error":%q,"error_description":%q}`, code, description))
	}
	const noAccess = `Client is not authorized to access "x".`
	for _, test := range []struct{ name, issuer, secret, args, want string }{
		// The local issuer answers as Auth0 does.
		{"Auth0: wrong secret", tenant.URL(), "wr0ng", "", "or its secret is wrong"},
		{"Auth0: unknown API", tenant.URL(), secret, "-audience https://x/", "AUDIENCE must be exactly"},
		{"Auth0: scope not granted", tenant.URL(), secret, "-scope get:all", "grant it at the issuer"},
		{"Auth0: no access", refusal(403, "access_denied", noAccess), secret, "", "authorize it at the issuer"},
		// The codes of RFC 6749 section 5.2 and RFC 8707 section 2.
		{"wrong secret", refusal(401, "invalid_client", ""), secret, "", "or its secret is wrong"},
		{"wrong type of client", refusal(403, "unauthorized_client", ""), secret, "", "client credentials grant"},
		{"unknown API", refusal(400, "invalid_target", ""), secret, "", "AUDIENCE must be exactly"},
		{"unknown scope", refusal(400, "invalid_scope", ""), secret, "", "leave SCOPE out"},
		{"unknown resource", refusal(400, "invalid_target", ""), secret, "-resource https://x/", "RESOURCE must be exactly"},
		{"no audience, no scope", refusal(400, "invalid_request", ""), secret, "", "add AUDIENCE=…"},
		{"another code", refusal(400, "invalid_grant", ""), secret, "", `"invalid_grant"`},
		{"encoded secret", refusal(400, "invalid_client", "no "+url.QueryEscape(secret)), secret, "", `("no …")`},
		{"secret repeated", refusal(400, "invalid_client", "unknown secret "+secret), secret, "", "unknown secret …"},
		// Other answers.
		{"status 503", provider(t, 503, "busy"), secret, "", "503 Service Unavailable: the issuer has an"},
		{"status 429", provider(t, 429, ""), secret, "", "too many requests: try again later"},
		{"redirect", provider(t, 307, ""), secret, "", "redirects are not followed"},
		{"answer without a token", provider(t, 200, "<html>"), secret, "", "cannot parse json"},
		{"missing slash", strings.TrimSuffix(tenant.URL(), "/"), secret, "", "use exactly ISSUER=" + tenant.URL()},
		{"issuer over http", "http://issuer.example/", secret, "", "must begin with https://"},
		{"no answer", "http://127.0.0.1:1/", secret, "", "connection refused\ncompare ISSUER"},
		{"no secret, no terminal", tenant.URL(), "", "", "CLIENT_SECRET=… make token"},
	} {
		t.Run(test.name, func(t *testing.T) {
			args := append([]string{"-issuer", test.issuer, "-client-id", "machine"}, strings.Fields(test.args)...)
			stdout, stderr, code := run(t, command(test.secret, args...))
			if code != 1 || stdout != "" || !strings.Contains(stderr, test.want) {
				t.Errorf("exit code %d, stdout %q, stderr %q; want 1, nothing, %q", code, stdout, stderr, test.want)
			}
			if test.secret != "" && strings.Contains(stderr, test.secret) {
				t.Errorf("stderr contains the secret: %q", stderr)
			}
		})
	}
}

func TestTokenThatIsNoJWTIsPointedOut(t *testing.T) {
	url := provider(t, 200, `{"access_token":"opaque","token_type":"Bearer"}`)
	stdout, stderr, code := run(t, command(secret, "-issuer", url, "-client-id", "machine"))
	if code != 0 || stdout != "opaque\n" || !strings.Contains(stderr, "add AUDIENCE=…") {
		t.Errorf("exit code %d, stdout %q, stderr %q", code, stdout, stderr)
	}
}

// oneEndpoint is a provider that answers every request for a token, and keeps its form.
func oneEndpoint(t *testing.T, form *url.Values) string {
	t.Helper()
	var server *httptest.Server
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/token" {
			fmt.Fprintf(w, `{"issuer":%q,"token_endpoint":"%[1]s/token","authorization_endpoint":"%[1]s/authorize"}`, server.URL)
			return
		}
		r.ParseForm()
		*form = r.PostForm
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"access_token":"opaque","token_type":"Bearer"}`)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestAPIIsNamedInTheParameterThatTheProviderKnows(t *testing.T) {
	const api = "https://api.example"
	for name, test := range map[string]struct{ flag, audience, resource, note string }{
		"none":              {"", "", "", "add AUDIENCE=…, or RESOURCE=…"},
		"Auth0":             {"-audience", api, "", "use RESOURCE=https://api.example in place of AUDIENCE"},
		"RFC 8707 resource": {"-resource", "", api, "the issuer signs no tokens for this API"},
	} {
		t.Run(name, func(t *testing.T) {
			var form url.Values
			flags := []string{"-issuer", oneEndpoint(t, &form), "-client-id", "machine"}
			if test.flag != "" {
				flags = append(flags, test.flag, api)
			}
			_, stderr, code := run(t, command(secret, flags...))
			if code != 0 || form.Get("audience") != test.audience || form.Get("resource") != test.resource {
				t.Errorf("exit code %d, form %v, want audience %q, resource %q", code, form, test.audience, test.resource)
			}
			if !strings.Contains(stderr, test.note) {
				t.Errorf("stderr does not contain %q: %s", test.note, stderr)
			}
		})
	}
}

func TestSecretIsSentOverHTTPSOnly(t *testing.T) {
	var document string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, document)
	}))
	defer server.Close()
	for endpoint, want := range map[string]string{
		"http://issuer.example/token": "is not an https URL",
		"":                            "has no token_endpoint",
		"https:issuer.example/token":  "is not a URL with a host",
		"https://issuer.example/t#x":  "without a fragment",
	} {
		document = fmt.Sprintf(`{"issuer":%q,"token_endpoint":%q}`, server.URL, endpoint)
		_, stderr, code := run(t, command(secret, "-issuer", server.URL, "-client-id", "machine"))
		if code != 1 || !strings.Contains(stderr, want) {
			t.Errorf("%q: exit code %d, stderr %q, want %q", endpoint, code, stderr, want)
		}
	}
}

// A terminal obeys control sequences, with which an answer could change what was printed.
func TestControlSequencesOfAnIssuerAreEscaped(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, `{"issuer":"https://issuer.example/\u001b[31m\u202e"}`)
	}))
	defer server.Close()
	_, stderr, code := run(t, command(secret, "-issuer", server.URL, "-client-id", "machine"))
	const want = `use exactly ISSUER=https://issuer.example/\x1b[31m\u202e`
	if code != 1 || !strings.Contains(stderr, want) || strings.ContainsAny(stderr, "\x1b\u202e") {
		t.Errorf("exit code %d, stderr %q; want 1, %q", code, stderr, want)
	}
}

func TestInvalidArgumentsAreReported(t *testing.T) {
	for name, test := range map[string]struct{ args, want string }{
		"no arguments, ISSUER":    {"", "ISSUER is missing"},
		"no arguments, CLIENT_ID": {"", "CLIENT_ID is missing"},
		"issuer without client":   {"-issuer https://t.example/", "CLIENT_ID is missing"},
		"secret as an argument":   {"-issuer https://t.example/ -client-id m hunter2", "secret in the environment"},
		"secret as a flag":        {"-client-secret=hunter2", "not defined"},
	} {
		t.Run(name, func(t *testing.T) {
			stdout, stderr, code := run(t, command("", strings.Fields(test.args)...))
			if code != 2 || stdout != "" || !strings.Contains(stderr, test.want) {
				t.Errorf("exit code %d, stdout %q, stderr %q, want %q", code, stdout, stderr, test.want)
			}
			if strings.Contains(stderr, "hunter2") {
				t.Errorf("stderr contains the secret: %q", stderr)
			}
		})
	}
}
