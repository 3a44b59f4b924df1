package e2e

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"accountapi/test/internal/pasted"
	"accountapi/test/internal/routes"
	"accountapi/test/issuer"
)

// A mistake in API_URL or TOKEN would fail nearly every test of a deployed stage, so it
// is looked for before the tests.

const (
	getToken = "get a new token: make token ISSUER=… CLIENT_ID=… AUDIENCE=…"
	askWhy   = "make doctor ISSUER=… AUDIENCE=… TOKEN=… says why"
)

// checkArguments returns the mistakes that can be seen without a call.
func checkArguments(address, token string, now time.Time) error {
	var mistakes []error
	mistake := func(format string, args ...any) { mistakes = append(mistakes, fmt.Errorf(format, args...)) }
	if u, err := url.Parse(address); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		mistake("API_URL is not a URL: use the one that make deploy prints, "+
			"such as API_URL=https://….execute-api.eu-west-1.amazonaws.com/prod, not %q", address)
	}
	if token == "" {
		mistake("TOKEN is missing: %s", getToken)
	} else if why, fix := pasted.Form(token); why != "" {
		mistake("TOKEN is not a token: %s; %s", why, fix)
	} else if exp, ok := pasted.Expiry(token); ok && exp.Before(now) {
		mistake("TOKEN expired at %s UTC: %s", exp.UTC().Format(time.DateTime), getToken)
	}
	return errors.Join(mistakes...)
}

// checkStage calls the first route that needs a token, if that is a GET, which changes
// nothing. Its error says why the stage does not take the token.
func checkStage(address, token string, table []routes.Route) error {
	r, ok := routes.Protected(table)
	method, path := r.Call()
	if !ok || method != http.MethodGet {
		return nil
	}
	request, err := http.NewRequest(method, strings.TrimSuffix(address, "/")+path, nil)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("API_URL does not answer: %w", err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1000))
	if err != nil {
		return fmt.Errorf("API_URL: %w", err)
	}
	switch answer := fmt.Sprintf("%s answers %s %s", r, response.Status, body); {
	case response.StatusCode == http.StatusUnauthorized:
		return fmt.Errorf("TOKEN is refused: %s; %s", answer, askWhy)
	case response.StatusCode == http.StatusForbidden && strings.Contains(string(body), "Missing Authentication Token"):
		return fmt.Errorf("API_URL has no such route: %s; use the URL that make deploy prints, with its stage", answer)
	case response.StatusCode == http.StatusForbidden:
		return fmt.Errorf("TOKEN is not enough: %s; get a token with the scopes %q: make token … SCOPE=…",
			answer, strings.Join(routes.Scopes(table), " "))
	}
	return nil
}

// The test runs this package again, as make smoke does.
func TestMistakesInTheArgumentsOfSmokeAreReportedBeforeTheTests(t *testing.T) {
	skipIfDeployed(t, "nothing is deployed for that")
	r, ok := routes.Protected(table)
	if method, _ := r.Call(); !ok || method != http.MethodGet {
		t.Skip("skipped: no GET route needs a token, and no other is called before the tests")
	}
	i := startIssuer(t)
	good := i.Token()
	answers := func(status int, body string) string {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			io.WriteString(w, body)
		}))
		t.Cleanup(server.Close)
		return server.URL + "/prod"
	}
	const stage = "https://api.invalid/prod"
	for _, test := range []struct{ name, url, token, want string }{
		{"no token", stage, "", "TOKEN is missing: get a new token: make token ISSUER=…"},
		{"quotes", stage, `"` + good + `"`, "TOKEN is not a token: it has quotation marks; pass the token without them"},
		{"scheme", stage, "Bearer " + good, "TOKEN is not a token: it begins with the scheme Bearer; pass the token alone"},
		{"newline", stage, good[:50] + "\n" + good[50:], "TOKEN is not a token: it has a line break; copy the token again"},
		{"expired", stage, i.Token(issuer.Expired), " UTC: get a new token: make token ISSUER=…"},
		{"no URL", "prod", good, "API_URL is not a URL: use the one that make deploy prints"},
		{"no URL and no token", "prod", "", "TOKEN is missing"},
		{"stage that does not answer", "http://127.0.0.1:1/prod", good, "API_URL does not answer"},
		{"refused token", answers(401, unauthorized), good, "TOKEN is refused: " + r.String() + " answers 401 Unauthorized"},
		{"scope", answers(403, `{"message":"Forbidden"}`), good, "get a token with the scopes"},
		{"wrong path", answers(403, `{"message":"Missing Authentication Token"}`), good, "API_URL has no such route"},
	} {
		t.Run(test.name, func(t *testing.T) {
			run := exec.Command(os.Args[0], "-test.run=^$")
			run.Env = append(os.Environ(), "API_URL="+test.url, "TOKEN="+test.token)
			output, err := run.CombinedOutput()
			text := string(output)
			if err == nil || !strings.Contains(text, test.want) || strings.Count(text, "\n") > 2 {
				t.Errorf("got %v\n%s\nwant it to fail with %q", err, text, test.want)
			}
			for part := range strings.SplitSeq(test.token, ".") {
				if len(part) > 20 && strings.Contains(text, part) {
					t.Error("a part of the token is in the output")
				}
			}
		})
	}
}
