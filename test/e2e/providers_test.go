package e2e

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"accountapi/test/internal/routes"
)

// The tests in this file use tokens of real OpenID providers, not tokens that imitate
// them. The providers are processes from a module of their own: their dependencies (gRPC,
// tracing exporters) are not to be in the go.mod of this module.

const (
	accountAPI = "https://account-api.example"
	anotherAPI = "https://another-api.example"
)

func TestOnlyAccessTokensOfRealProvidersForThisAPIAreAccepted(t *testing.T) {
	skipIfDeployed(t, needsIssuer)
	route, ok := routes.Protected(table)
	if !ok {
		t.Skip("skipped: no route of the API needs a token")
	}
	scope := strings.Join(route.Scopes, " ")
	providers := buildProviders(t)
	// A client credentials request has no parameter for the audience (RFC 6749 section
	// 4.4.2), so each provider has a way of its own.
	for name, forAPI := range map[string]func(api, scope string) url.Values{
		"zitadel": func(api, scope string) url.Values {
			return url.Values{"scope": {scope + " urn:zitadel:iam:org:project:id:" + api + ":aud"}}
		},
		"fosite": func(api, scope string) url.Values {
			return url.Values{"scope": {scope}, "audience": {api}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := startProvider(t, filepath.Join(providers, name), route.Scopes)
			a := serveWith(t, assembly, map[string]string{
				"TOKEN_ISSUER":    p.Issuer,
				"JWKS_URI":        p.JWKSURI,
				"REQUIRED_SCOPES": "", // those of the route are enough
				// The client is an audience too: its ID token must be refused for what it
				// is.
				"AUDIENCE": accountAPI + " app",
			})
			asClient := func(api, scope string) string {
				form := forAPI(api, scope)
				form.Set("grant_type", "client_credentials")
				return p.request(t, form).AccessToken
			}
			user := p.logIn(t, url.Values{"audience": {"app"}, "scope": {"openid " + scope}})
			if user.IDToken == "" {
				t.Fatal("the provider gave no ID token")
			}

			for name, token := range map[string]string{
				"of a client": asClient(accountAPI, scope), "of a user": user.AccessToken,
			} {
				t.Run(name, func(t *testing.T) { a.expectAnswered(t, a.call(t, token)) })
			}
			if scope != "" {
				t.Run("without the scope", func(t *testing.T) {
					a.expectForbidden(t, a.call(t, asClient(accountAPI, "openid")), route, nil)
				})
			}
			for name, token := range map[string]string{
				"for another API":                asClient(anotherAPI, scope),
				"an ID token":                    user.IDToken,
				"with another token's signature": withSignature(user.AccessToken, user.IDToken),
			} {
				t.Run(name, func(t *testing.T) { a.expectUnauthorized(t, a.call(t, token)) })
			}
			for _, reason := range []string{"audience", "token_kind", "bad_signature"} {
				if log := a.log.String(); strings.Count(log, `"reason":"`+reason+`"`) != 1 {
					t.Errorf("want one refusal for the reason %s\n%s", reason, log)
				}
			}
		})
	}
}

// withSignature returns token with the signature of another token.
func withSignature(token, other string) string {
	return token[:strings.LastIndexByte(token, '.')] + other[strings.LastIndexByte(other, '.'):]
}

// provider is a running provider, as its discovery document describes it (OpenID Connect
// Discovery 1.0 section 3).
type provider struct {
	Issuer                string `json:"issuer"`
	AuthorizationEndpoint string `json:"authorization_endpoint"`
	TokenEndpoint         string `json:"token_endpoint"`
	JWKSURI               string `json:"jwks_uri"`
}

// tokens is an answer of the token endpoint (RFC 6749 section 5.1).
type tokens struct {
	AccessToken string `json:"access_token"`
	IDToken     string `json:"id_token"`
}

// buildProviders builds the providers and returns the folder they are in.
func buildProviders(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	build := exec.Command("go", "build", "-o", folder+string(filepath.Separator), "./...")
	build.Dir = filepath.Join("testdata", "providers")
	build.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=readonly")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the providers: %v\n%s", err, output)
	}
	return folder
}

// startProvider starts a provider that grants these scopes, and reads its discovery
// document. The provider serves until its standard input ends, so it ends with the test
// or with this process.
func startProvider(t *testing.T, path string, scopes []string) provider {
	t.Helper()
	command := exec.Command(path, scopes...)
	command.Stderr = os.Stderr
	stdin, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stdin.Close()
		command.Wait()
	})
	issuer, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("%s did not print its issuer: %v", path, err)
	}
	issuer = strings.TrimSpace(issuer)

	var p provider
	response, err := http.Get(strings.TrimSuffix(issuer, "/") + "/.well-known/openid-configuration")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(&p); err != nil || p.Issuer != issuer {
		t.Fatalf("the discovery document of %s is of %q: %v", issuer, p.Issuer, err)
	}
	return p
}

// request gets tokens from the token endpoint, as the client app.
func (p provider) request(t *testing.T, form url.Values) tokens {
	t.Helper()
	request, err := http.NewRequest(http.MethodPost, p.TokenEndpoint, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth("app", "secret")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var answer struct {
		tokens
		Error, Error_description string
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil || answer.AccessToken == "" {
		t.Fatalf("the token endpoint answered %s %v, error %q %q",
			response.Status, err, answer.Error, answer.Error_description)
	}
	return answer.tokens
}

// logIn goes through the authorization code flow (OpenID Connect Core 1.0 section 3.1),
// as a browser and the client app do.
func (p provider) logIn(t *testing.T, parameters url.Values) tokens {
	t.Helper()
	const redirectURI = "http://127.0.0.1/callback"
	parameters.Set("response_type", "code")
	parameters.Set("client_id", "app")
	parameters.Set("redirect_uri", redirectURI)
	parameters.Set("state", "a state of some length")
	jar, _ := cookiejar.New(nil)
	arrived := errors.New("redirected to the client")
	var code string
	browser := http.Client{Jar: jar, CheckRedirect: func(next *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(next.URL.String(), redirectURI) {
			code = next.URL.Query().Get("code")
			return fmt.Errorf("%w: %s", arrived, next.URL.RawQuery)
		}
		return nil
	}}
	response, err := browser.Get(p.AuthorizationEndpoint + "?" + parameters.Encode())
	if response != nil {
		response.Body.Close()
	}
	if !errors.Is(err, arrived) || code == "" {
		t.Fatalf("the provider sent no code: %v", err)
	}
	return p.request(t, url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {redirectURI},
	})
}
