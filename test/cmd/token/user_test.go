package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"accountapi/test/issuer"
)

// login is a command that waits for the login of a user.
type login struct {
	*exec.Cmd
	stdout, stderr strings.Builder
	url            string // to log in at
	rest           chan struct{}
}

// startLogin starts the command for the token of a user, on any free port, and reads the
// URL that it prints.
func startLogin(t *testing.T, secret string, args ...string) *login {
	t.Helper()
	args = append([]string{"-user", "-client-id", "machine", "-callback-url", "http://127.0.0.1:0/callback"}, args...)
	l := &login{Cmd: command(secret, args...), rest: make(chan struct{})}
	l.Env = append(l.Env, "DISPLAY=", "WAYLAND_DISPLAY=") // no browser opens
	l.Stdout = &l.stdout
	stderr, err := l.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Process.Kill() })
	lines := bufio.NewScanner(stderr)
	for l.url == "" && lines.Scan() {
		l.stderr.WriteString(lines.Text() + "\n")
		if strings.HasPrefix(lines.Text(), "http") {
			l.url = lines.Text()
		}
	}
	go func() {
		defer close(l.rest)
		for lines.Scan() {
			l.stderr.WriteString(lines.Text() + "\n")
		}
	}()
	return l
}

// request returns the parameters of the authorization request.
func (l *login) request(t *testing.T) url.Values {
	t.Helper()
	u, err := url.Parse(l.url)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query()
}

// end waits for the command, and returns its exit code.
func (l *login) end() (code int) {
	<-l.rest
	l.Wait()
	return l.ProcessState.ExitCode()
}

// visit opens a page as a browser does, and returns what it shows.
func visit(t *testing.T, page string) (shown string) {
	t.Helper()
	response, err := http.Get(page)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if got := response.Header.Get("Content-Type"); got != "text/plain; charset=utf-8" {
		t.Errorf("the page has the type %s", got)
	}
	return string(text)
}

func TestUserLogsInInTheBrowser(t *testing.T) {
	tenant := start(t)
	for name, client := range map[string]string{"a public client": "", "a client with a secret": secret} {
		t.Run(name, func(t *testing.T) {
			l := startLogin(t, client, "-issuer", tenant.URL(), "-audience", tenant.Audience(), "-scope", "openid read:things")
			request := l.request(t)
			for name, want := range map[string]string{
				"response_type": "code", "client_id": "machine", "code_challenge_method": "S256",
				"audience": tenant.Audience(), "scope": "openid read:things",
			} {
				if got := request.Get(name); got != want {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
			if shown := visit(t, l.url); shown != "You have logged in. You can close this window.\n" {
				t.Errorf("the page shows %q", shown)
			}
			if code := l.end(); code != 0 || strings.Count(l.stdout.String(), ".") != 2 {
				t.Errorf("exit code %d, stdout %q, stderr %q", code, &l.stdout, &l.stderr)
			}
			for _, want := range []string{
				"The issuer must know " + request.Get("redirect_uri") + " as a callback URL", `scope "read:things"`,
			} {
				if !strings.Contains(l.stderr.String(), want) {
					t.Errorf("stderr does not contain %q: %s", want, &l.stderr)
				}
			}
		})
	}
}

// RFC 8707 section 2.2: the request with the code names the resource, too.
func TestResourceIsInBothRequestsOfALogin(t *testing.T) {
	const api = "https://api.example"
	var form url.Values
	l := startLogin(t, "", "-issuer", oneEndpoint(t, &form), "-resource", api)
	request := l.request(t)
	if got := request.Get("resource"); got != api {
		t.Errorf("the authorization request has the resource %q, want %q", got, api)
	}
	visit(t, request.Get("redirect_uri")+"?code=c&state="+request.Get("state"))
	if code := l.end(); code != 0 || form.Get("resource") != api {
		t.Errorf("exit code %d, the token request has the resource %q, want %q", code, form.Get("resource"), api)
	}
}

func TestBrowserIsOpenedIfThereIsOne(t *testing.T) {
	folder := t.TempDir()
	script := "#!/bin/sh\necho \"$1\" >" + folder + "/opened.new && mv " + folder + "/opened.new " + folder + "/opened\n"
	if err := os.WriteFile(filepath.Join(folder, "xdg-open"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	tenant := start(t)
	c := command("", "-user", "-issuer", tenant.URL(), "-client-id", "machine", "-callback-url", "http://localhost:0/cb")
	c.Env = append(c.Env, "DISPLAY=:1", "PATH="+folder+":"+os.Getenv("PATH"))
	done := make(chan string)
	go func() {
		output, err := c.CombinedOutput()
		done <- fmt.Sprint(string(output), err)
	}()
	for {
		select {
		case output := <-done:
			t.Fatalf("ended before the login: %s", output)
		default:
		}
		if page, err := os.ReadFile(filepath.Join(folder, "opened")); err == nil {
			visit(t, strings.TrimSpace(string(page)))
			break
		}
	}
	if output := <-done; !strings.Contains(output, "http://localhost:") || !strings.Contains(output, "\neyJ") {
		t.Errorf("output %s", output)
	}
}

// The answers that a browser sends, and what the command says about each. Rows with a
// want of "" are not an answer: the command continues to wait.
func TestAnswersWithoutATokenAreExplained(t *testing.T) {
	tenant := start(t)
	const window = "There is no token: the terminal says why. You can close this window.\n"
	for _, test := range []struct{ name, answer, want string }{
		{"refused", "error=access_denied&state=STATE", "the user or the issuer has refused"},
		{"unknown API", "error=access_denied&error_description=Service+not+found:+x&state=STATE", "AUDIENCE must be exactly"},
		{"unknown scope", "error=invalid_scope&state=STATE", "compare SCOPE"},
		{"unknown target", "error=invalid_target&state=STATE", "AUDIENCE must be exactly"},
		{"another error", "error=login_required&state=STATE", "ask the operator of the issuer"},
		{"wrong type of client", "error=unauthorized_client&state=STATE", "allow it at the issuer (Auth0: make it a Native"},
		{"callback URL", "error=invalid_request&error_description=Bad+redirect_uri&state=STATE", "register exactly http://"},
		{"internal error", "error=server_error&state=STATE", "try again later"},
		{"control characters", "error=x%1b[31m&state=STATE", `"x\x1b[31m"`},
		{"wrong state", "code=c&state=other", "its state differs"},
		{"no state", "code=c", "its state differs"},
		{"error with a wrong state", "error=access_denied&state=other", "its state differs"},
		{"another issuer", "code=c&state=STATE&iss=https://attacker.example.com/", `of the issuer "https://attacker`},
		{"two codes", "code=c&code=d&state=STATE", `has the parameter "code" 2 times`},
		{"two states", "code=c&state=STATE&state=other", `has the parameter "state" 2 times`},
		{"empty code", "code=&state=STATE", "has no code"},
		{"unknown code", "code=c&state=STATE", "the code is used, or too old"},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := startLogin(t, "", "-issuer", tenant.URL())
			request := l.request(t)
			page := request.Get("redirect_uri") + "?" + strings.ReplaceAll(test.answer, "STATE", request.Get("state"))
			if shown := visit(t, page); shown != window && test.name != "unknown code" {
				t.Errorf("the page shows %q", shown)
			}
			if code := l.end(); code != 1 || l.stdout.Len() > 0 || !strings.Contains(l.stderr.String(), test.want) {
				t.Errorf("exit code %d, stdout %q, stderr %q; want 1, nothing, %q", code, &l.stdout, &l.stderr, test.want)
			}
		})
	}
}

func TestOtherRequestsDoNotEndTheWait(t *testing.T) {
	tenant := start(t)
	l := startLogin(t, "", "-issuer", tenant.URL())
	callback := l.request(t).Get("redirect_uri")
	root := strings.TrimSuffix(callback, "callback")
	for _, page := range []string{callback, root, callback + "/x?code=c", callback + "?a=b"} {
		if shown := visit(t, page); !strings.Contains(shown, "make token waits") {
			t.Errorf("%s shows %q", page, shown)
		}
	}
	visit(t, l.url)
	if code := l.end(); code != 0 {
		t.Errorf("exit code %d, stderr %q", code, &l.stderr)
	}
}

func TestEndWithoutALoginSaysHowToRegisterTheCallbackURL(t *testing.T) {
	tenant := start(t)
	l := startLogin(t, "", "-issuer", tenant.URL(), "-timeout", "50ms")
	want := "register exactly " + l.request(t).Get("redirect_uri")
	if code := l.end(); code != 1 || !strings.Contains(l.stderr.String(), "nobody has logged in within 50ms") ||
		!strings.Contains(l.stderr.String(), want) {
		t.Errorf("exit code %d, stderr %q, want %q", code, &l.stderr, want)
	}
	l = startLogin(t, "", "-issuer", tenant.URL())
	l.Process.Signal(os.Interrupt)
	if code := l.end(); code != 1 || !strings.Contains(l.stderr.String(), "interrupted before the login") {
		t.Errorf("exit code %d, stderr %q", code, &l.stderr)
	}
}

func TestRefusedCodesAreExplained(t *testing.T) {
	for _, test := range []struct {
		name, secret string
		status       int
		answer, want string
	}{
		{"confidential client", "", 401, `{"error":"invalid_client"}`, "CLIENT_SECRET=… make token USER=1"},
		{"Auth0: confidential client", "", 401, `{"error":"access_denied","error_description":"Unauthorized"}`,
			"CLIENT_SECRET=… make token USER=1"},
		{"wrong secret", secret, 401, `{"error":"invalid_client","error_description":"not ` + `s3cr3t+\"/%$ä` + `"}`,
			"or its secret is wrong"},
		{"Entra: single-page application", "", 400, `{"error":"invalid_request","error_description":"AADSTS9002327: x"}`,
			"register the callback URL for a desktop application"},
		{"escapes in the token", "", 200, `{"access_token":"\u001b[31mx"}`, "has characters that no token has"},
		{"used code", "", 400, `{"error":"invalid_grant"}`, "the code is used, or too old"},
		{"redirect", "", 307, ``, "redirects are not followed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			mux := http.NewServeMux()
			server := httptest.NewServer(mux)
			defer server.Close()
			mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
				fmt.Fprintf(w, `{"issuer":%q,"token_endpoint":"%[1]s/token","authorization_endpoint":"%[1]s/login"}`, server.URL)
			})
			mux.HandleFunc("/token", func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				w.Header().Set("Location", "/elsewhere")
				w.WriteHeader(test.status)
				io.WriteString(w, test.answer)
			})
			l := startLogin(t, test.secret, "-issuer", server.URL)
			request := l.request(t)
			visit(t, request.Get("redirect_uri")+"?code=the-code&state="+request.Get("state"))
			if code := l.end(); code != 1 || !strings.Contains(l.stderr.String(), test.want) {
				t.Errorf("exit code %d, stderr %q, want %q", code, &l.stderr, test.want)
			}
			if text := l.stderr.String(); strings.Contains(text, "the-code") || strings.Contains(text, secret) {
				t.Errorf("stderr contains the code or the secret: %q", text)
			}
		})
	}
}

func TestMistakesInTheSettingsOfALoginAreReported(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	tenant := start(t)
	noLogin := provider(t, 200, "")
	inUse := "http://" + taken.Addr().String() + "/callback"
	for _, test := range []struct {
		name, args string
		code       int
		want       string
	}{
		{"port in use", "-user -callback-url " + inUse, 1, "add it: CALLBACK_URL=http://127.0.0.1:"},
		{"another machine", "-user -callback-url http://app.example.com:3002/callback", 2, "use an http URL of this machine"},
		{"https", "-user -callback-url https://127.0.0.1:3002/callback", 2, "use an http URL of this machine"},
		{"no port", "-user -callback-url http://127.0.0.1/callback", 2, "with a port and a path"},
		{"no path", "-user -callback-url http://127.0.0.1:3002", 2, "with a port and a path"},
		{"without USER=1", "-callback-url http://127.0.0.1:3002/callback", 2, "add USER=1"},
		{"issuer without a login", "-user -issuer " + noLogin, 1, "has no authorization_endpoint"},
	} {
		t.Run(test.name, func(t *testing.T) {
			args := append([]string{"-issuer", tenant.URL(), "-client-id", "machine"}, strings.Fields(test.args)...)
			if _, stderr, code := run(t, command("", args...)); code != test.code || !strings.Contains(stderr, test.want) {
				t.Errorf("exit code %d, stderr %q; want %d, %q", code, stderr, test.code, test.want)
			}
		})
	}
}

// The local issuer of make run has this client.
func TestUserOfEveryProviderLogsInAtTheLocalIssuer(t *testing.T) {
	for _, provider := range issuer.Providers() {
		t.Run(provider, func(t *testing.T) {
			tenant, err := issuer.Start("127.0.0.1:0", issuer.Config{Provider: provider, ClientID: "machine"})
			if err != nil {
				t.Fatal(err)
			}
			defer tenant.Close()
			l := startLogin(t, "", "-issuer", tenant.URL())
			visit(t, l.url)
			if code := l.end(); code != 0 || strings.Count(l.stdout.String(), ".") != 2 {
				t.Errorf("exit code %d, stdout %q, stderr %q", code, &l.stdout, &l.stderr)
			}
		})
	}
}
