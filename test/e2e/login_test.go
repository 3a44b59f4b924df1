package e2e

import (
	"bufio"
	"bytes"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"accountapi/test/internal/routes"
)

// The tests get the token of a user with the command behind make token USER=1.

func TestUsersTokenOfRealProvidersIsAccepted(t *testing.T) {
	skipIfDeployed(t, needsIssuer)
	route, ok := routes.Protected(table)
	if !ok {
		t.Skip("skipped: no route of the API needs a token")
	}
	scope := strings.Join(route.Scopes, " ")
	providers, command := buildProviders(t), buildToken(t)
	for name, audience := range map[string]string{"zitadel": "", "fosite": accountAPI} {
		t.Run(name, func(t *testing.T) {
			p := startProvider(t, filepath.Join(providers, name), route.Scopes)
			a := serveWith(t, assembly, map[string]string{
				"TOKEN_ISSUER": p.Issuer, "JWKS_URI": p.JWKSURI, "AUDIENCE": accountAPI + " native", "REQUIRED_SCOPES": "",
			})
			jar, _ := cookiejar.New(nil)
			token := logIn(t, func(page string) {
				response, err := (&http.Client{Jar: jar}).Get(page)
				if err != nil {
					t.Fatal(err)
				}
				response.Body.Close()
			}, command, "-issuer", p.Issuer, "-client-id", "native", "-audience", audience, "-scope", "openid "+scope)
			a.expectAnswered(t, a.call(t, token))
		})
	}
}

func TestBrowserLogsAUserInAtTheLocalIssuer(t *testing.T) {
	a := local(t)
	a.route(t)
	token := logIn(t, func(page string) {
		window := openPage(t, page)
		until(t, window, `document.body.innerText.trim() === "You have logged in. You can close this window."`)
	}, buildToken(t), "-issuer", a.issuer.URL(), "-client-id", a.issuer.ClientID(), "-audience", a.issuer.Audience())
	a.expectAnswered(t, a.call(t, token))
}

// buildToken builds the command and returns its path.
func buildToken(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "token")
	if output, err := exec.Command("go", "build", "-o", program, "../cmd/token").CombinedOutput(); err != nil {
		t.Fatalf("build the command: %v\n%s", err, output)
	}
	return program
}

// logIn runs the command, opens the page that it prints, and returns the token.
func logIn(t *testing.T, open func(page string), program string, args ...string) (token string) {
	t.Helper()
	args = append([]string{"-user", "-callback-url", "http://127.0.0.1:0/callback"}, args...)
	command := exec.Command(program, args...)
	command.Env = append(os.Environ(), "CLIENT_SECRET=", "DISPLAY=", "WAYLAND_DISPLAY=") // it opens no browser itself
	var stdout bytes.Buffer
	command.Stdout = &stdout
	stderr, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	defer command.Process.Kill()
	written := ""
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		written += lines.Text() + "\n"
		if strings.HasPrefix(lines.Text(), "http") {
			open(lines.Text())
		}
	}
	if err := command.Wait(); err != nil || stdout.Len() == 0 {
		t.Fatalf("no token: %v\n%s", err, written)
	}
	return strings.TrimSpace(stdout.String())
}
