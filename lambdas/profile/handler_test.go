package main

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"accountapi/lambdas/internal/principal"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"
)

var now = time.Unix(1_800_000_000, 0)

func call(t *testing.T, origins, origin string, authorizer map[string]any) (response, error) {
	t.Helper()
	getenv := func(name string) string { return map[string]string{"CORS_ORIGINS": origins}[name] }
	req := request{RequestContext: events.APIGatewayProxyRequestContext{Authorizer: authorizer}}
	if origin != "" {
		req.Headers = map[string]string{"origin": origin, "Host": "a", "Accept": "b", "User-Agent": "c", "Via": "d"}
	}
	return newHandler(getenv, func() time.Time { return now }).handle(context.Background(), req)
}

func caller(expiry time.Time, scopes ...string) map[string]any {
	return principal.Principal{
		Subject: "auth0|42", Scopes: scopes, Issuer: "https://t.example/", Expiry: expiry, Until: expiry,
	}.Context()
}

func TestProfileNeedsItsScopeAndATokenThatHasNotExpired(t *testing.T) {
	const (
		daniel       = `{"name":"Daniël"}`
		forbidden    = `{"message":"Forbidden","info":"scope \"get:profile\" is required"}`
		unauthorized = `{"message":"Unauthorized","info":"the token has expired"}`
		insufficient = `Bearer error="insufficient_scope", scope="get:profile"`
		invalid      = `Bearer error="invalid_token"`
	)
	later := now.Add(time.Hour)
	for name, test := range map[string]struct {
		authorizer map[string]any
		status     int
		body       string
		challenge  string
	}{
		"the scope":              {caller(later, "get:profile"), 200, daniel, ""},
		"the scope among others": {caller(later, "a", "get:profile", "b"), 200, daniel, ""},
		"no scope":               {caller(later), 403, forbidden, insufficient},
		"a longer scope":         {caller(later, "get:profiles"), 403, forbidden, insufficient},
		"an expired token":       {caller(now, "get:profile"), 401, unauthorized, invalid},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := call(t, "*", "", test.authorizer)
			if err != nil {
				t.Fatal(err)
			}
			want := response{StatusCode: test.status, Body: test.body, Headers: map[string]string{
				"Content-Type": "application/json", "Cache-Control": "no-store", "Access-Control-Allow-Origin": "*",
			}}
			if test.challenge != "" {
				want.Headers["WWW-Authenticate"] = test.challenge
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRouteWithoutTheAuthorizerIsAnErrorAndLogged(t *testing.T) {
	var log bytes.Buffer
	defer slog.SetDefault(slog.Default())
	slog.SetDefault(slog.New(slog.NewJSONHandler(&log, nil)))
	if got, err := call(t, "*", "", nil); err == nil || got.StatusCode != 0 {
		t.Errorf("answered %+v, want an error", got)
	}
	if text := log.String(); !strings.Contains(text, `"level":"ERROR"`) || !strings.Contains(text, "has no sub") {
		t.Errorf("the log is %q, want the error", text)
	}
}

func TestBrowserMayReadTheAnswerFromAConfiguredOriginOnly(t *testing.T) {
	for name, test := range map[string]struct{ origins, origin, allowed, vary string }{
		"any origin":             {"*", "https://a.example", "*", ""},
		"the first of a list":    {"https://a.example https://b.example", "https://a.example", "https://a.example", "Origin"},
		"the last of a list":     {"https://a.example https://b.example", "https://b.example", "https://b.example", "Origin"},
		"an origin not listed":   {"https://a.example", "https://evil.example", "", "Origin"},
		"a prefix of one listed": {"https://a.example", "https://a.example.evil", "", "Origin"},
		"no origin, as curl":     {"https://a.example", "", "", "Origin"},
		"none configured":        {"", "https://a.example", "", "Origin"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := call(t, test.origins, test.origin, caller(now.Add(time.Hour), requiredScope))
			if err != nil {
				t.Fatal(err)
			}
			if got.Headers["Access-Control-Allow-Origin"] != test.allowed || got.Headers["Vary"] != test.vary {
				t.Errorf("headers %v, want allowed %q, vary %q", got.Headers, test.allowed, test.vary)
			}
		})
	}
}
