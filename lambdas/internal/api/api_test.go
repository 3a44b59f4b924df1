package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"
)

var now = time.Unix(1_800_000_000, 0)

type (
	httpEvent = events.APIGatewayProxyRequest
	response  = events.APIGatewayProxyResponse
)

type order struct {
	ID    string `json:"id"`
	Count int    `json:"count"`
}

// testRoutes are handlers of every kind.
var testRoutes = Routes{
	"GET /orders/{orderId}": func(_ context.Context, _ Caller, r Request) (any, error) {
		return order{ID: r.Path("orderId")}, nil
	},
	"POST /orders": func(_ context.Context, _ Caller, r Request) (any, error) {
		var o order
		if err := r.Decode(&o); err != nil {
			return nil, err
		}
		return Response{Status: 201, Header: map[string]string{"Location": "/orders/" + o.ID}, Body: o}, nil
	},
	"GET /me":             func(_ context.Context, c Caller, _ Request) (any, error) { return c.Subject, nil },
	"GET /health":         func(_ context.Context, c Caller, _ Request) (any, error) { return c.Subject, nil },
	"ANY /files/{proxy+}": func(_ context.Context, _ Caller, r Request) (any, error) { return r.Path("proxy"), nil },
	"DELETE /orders":      func(context.Context, Caller, Request) (any, error) { return nil, nil },
	"GET /missing":        func(context.Context, Caller, Request) (any, error) { return nil, NotFound("no such order") },
	"GET /broken":         func(context.Context, Caller, Request) (any, error) { return nil, errors.New("a secret") },
	"GET /panic":          func(context.Context, Caller, Request) (any, error) { panic("a secret") },
	"GET /unwritable":     func(context.Context, Caller, Request) (any, error) { return make(chan int), nil },
}

const testAccess = `{"GET /orders/{orderId}":["read:orders"],"POST /orders":["read:orders","write:orders"],"GET /me":[],
	"GET /health":"public","ANY /files/{proxy+}":[],"DELETE /orders":[],"GET /missing":[],"GET /broken":[],
	"GET /panic":[],"GET /unwritable":[]}`

// call has the function answer an event, and returns its log lines too.
func call(t *testing.T, event httpEvent, settings ...string) (response, string) {
	t.Helper()
	env := map[string]string{"ROUTES": testAccess, "CORS_ORIGINS": "*"}
	for i := 0; i < len(settings); i += 2 {
		env[settings[i]] = settings[i+1]
	}
	var lines bytes.Buffer
	function, err := New(testRoutes, func(name string) string { return env[name] }, &lines,
		func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	response, err := function.Handle(t.Context(), event)
	if err != nil {
		t.Fatalf("%v, want none: API Gateway would answer 502", err)
	}
	return response, lines.String()
}

// to is the event of a request by a caller with these scopes.
func to(route string, scopes ...string) httpEvent {
	method, resource, _ := strings.Cut(route, " ")
	caller := Caller{
		Subject: "auth0|42", ClientID: "app", Scopes: scopes, Issuer: "https://t.example/",
		Expiry: now.Add(time.Hour), Until: now.Add(time.Hour),
	}
	return httpEvent{
		HTTPMethod: method, Resource: resource, Path: resource,
		PathParameters: map[string]string{"orderId": "7", "proxy": "a/b"},
		RequestContext: events.APIGatewayProxyRequestContext{Authorizer: caller.Context(), RequestID: "request-1"},
	}
}

// with changes an event.
func with(event httpEvent, edit func(*httpEvent)) httpEvent {
	edit(&event)
	return event
}

func TestRouteIsOpenToWhoHasAllItsScopes(t *testing.T) {
	const needs = `{"message":"Forbidden","info":"scope \"write:orders\" is required"}`
	expired := func(e *httpEvent) {
		e.RequestContext.Authorizer["until"] = "1800000000"
	}
	for name, test := range map[string]struct {
		event     httpEvent
		status    int
		body      string
		challenge string
	}{
		"the scope":              {to("GET /orders/{orderId}", "read:orders"), 200, `{"id":"7","count":0}`, ""},
		"the scope among others": {to("GET /orders/{orderId}", "a", "read:orders"), 200, `{"id":"7","count":0}`, ""},
		"a longer scope": {to("GET /orders/{orderId}", "read:orders2"), 403,
			`{"message":"Forbidden","info":"scope \"read:orders\" is required"}`,
			`Bearer error="insufficient_scope", scope="read:orders"`},
		"one of two scopes": {to("POST /orders", "read:orders"), 403, needs,
			`Bearer error="insufficient_scope", scope="read:orders write:orders"`},
		"no scope needed": {to("GET /me"), 200, `"auth0|42"`, ""},
		"a public route":  {to("GET /health"), 200, `""`, ""},
		"an expired token": {with(to("GET /me"), expired), 401,
			`{"message":"Unauthorized","info":"the token has expired"}`, `Bearer error="invalid_token"`},
	} {
		t.Run(name, func(t *testing.T) {
			got, _ := call(t, test.event)
			if got.StatusCode != test.status || got.Body != test.body || got.Headers["WWW-Authenticate"] != test.challenge {
				t.Errorf("got %d %s %q", got.StatusCode, got.Body, got.Headers["WWW-Authenticate"])
			}
		})
	}
}

func TestPublicRouteNeedsNoAuthorizer(t *testing.T) {
	event := with(to("GET /health"), func(e *httpEvent) { e.RequestContext.Authorizer = nil })
	if got, _ := call(t, event); got.StatusCode != 200 || got.Body != `""` {
		t.Errorf("got %d %s", got.StatusCode, got.Body)
	}
}

func TestMistakeInTheDeploymentKeepsARouteClosed(t *testing.T) {
	without := func(e *httpEvent) { e.RequestContext.Authorizer = nil }
	for name, event := range map[string]httpEvent{
		"a protected route without authorizer": with(to("GET /me"), without),
		"a route with scopes, without":         with(to("GET /orders/{orderId}"), without),
		"a route that ROUTES has not":          to("GET /other", "read:orders"),
		"a method that ROUTES has not":         to("PUT /orders", "read:orders", "write:orders"),
		"HEAD of a GET route":                  to("HEAD /orders/{orderId}", "read:orders"),
		"OPTIONS":                              to("OPTIONS /orders/{orderId}", "read:orders"),
	} {
		t.Run(name, func(t *testing.T) {
			got, lines := call(t, event)
			if got.StatusCode != 500 || got.Body != `{"message":"Internal Server Error"}` {
				t.Errorf("got %d %s, want 500 and no more", got.StatusCode, got.Body)
			}
			if !strings.Contains(lines, `"level":"ERROR"`) || !strings.Contains(lines, `"error":"`) {
				t.Errorf("the log does not say why: %s", lines)
			}
		})
	}
}

func TestANYServesEveryMethod(t *testing.T) {
	for _, method := range []string{"GET", "HEAD", "POST", "PUT", "DELETE"} {
		if got, _ := call(t, to(method+" /files/{proxy+}")); got.StatusCode != 200 || got.Body != `"a/b"` {
			t.Errorf("%s: got %d %s", method, got.StatusCode, got.Body)
		}
	}
}

func TestFunctionDoesNotStartUnlessItsHandlersAreThoseOfROUTES(t *testing.T) {
	handler := func(context.Context, Caller, Request) (any, error) { return nil, nil }
	for access, want := range map[string]string{
		`{"GET /a":[],"GET /b":["x"]}`:            "",
		`{"GET /a":[],"GET /b":"public"}`:         "",
		`{"GET /a":[]}`:                           "handler for GET /b",
		`{"GET /a":[],"GET /b":[],"GET /c":[]}`:   "table of routes has GET /c",
		`{"GET /a":[],"GET /b":null}`:             "GET /b is null",
		`{"GET /a":[],"GET /b":"Public"}`:         `GET /b is "Public"`,
		`{"GET /a":[],"GET /b":""}`:               `GET /b is ""`,
		`{"GET /a":[],"GET /b":true}`:             "GET /b is true",
		`{"GET /a":[],"GET /b":{}}`:               "GET /b is {}",
		`{"GET /a":[],"GET /b":["public",null]}`:  `GET /b is ["public",null]`,
		`{"GET /a":[],"GET /b":[""]}`:             `GET /b is [""]`,
		`{"GET /a":[],"GET /b":[["x"]]}`:          `GET /b is [["x"]]`,
		`{"GET /a":[],"GET /b":["x"],"GET /b":1}`: "not a JSON object",
		``:   "not a JSON object",
		`[]`: "not a JSON object",
	} {
		getenv := func(name string) string { return map[string]string{"ROUTES": access}[name] }
		_, err := New(Routes{"GET /a": handler, "GET /b": handler}, getenv, &bytes.Buffer{}, time.Now)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: got %v, want %q", access, err, want)
		}
	}
}

func TestEveryAnswerHasTheHeadersOfTheAPI(t *testing.T) {
	want := map[string]string{
		"Content-Type": "application/json", "Cache-Control": "no-store", "Access-Control-Allow-Origin": "*",
	}
	for _, route := range []string{"GET /me", "GET /missing", "GET /broken", "GET /panic", "GET /unwritable"} {
		got, _ := call(t, to(route))
		if diff := cmp.Diff(want, got.Headers); diff != "" {
			t.Errorf("%s: %s", route, diff)
		}
	}
	got, _ := call(t, to("DELETE /orders"))
	delete(want, "Content-Type")
	if diff := cmp.Diff(want, got.Headers); diff != "" || got.StatusCode != 204 || got.Body != "" {
		t.Errorf("got %d %q: %s", got.StatusCode, got.Body, diff)
	}
}

func TestHandlerDecidesStatusAndHeaders(t *testing.T) {
	got, _ := call(t, posted(`{"id":"7","count":2}`))
	if got.StatusCode != 201 || got.Headers["Location"] != "/orders/7" || got.Body != `{"id":"7","count":2}` {
		t.Errorf("got %+v", got)
	}
	got, _ = call(t, to("GET /missing"))
	if got.StatusCode != 404 || got.Body != `{"message":"Not Found","info":"no such order"}` {
		t.Errorf("got %d %s", got.StatusCode, got.Body)
	}
}

func TestFailureIsLoggedAndNotTold(t *testing.T) {
	for route, why := range map[string]string{
		"GET /broken":     "a secret",
		"GET /panic":      "panic: string",
		"GET /unwritable": "cannot be written",
	} {
		got, lines := call(t, to(route))
		if got.StatusCode != 500 || got.Body != `{"message":"Internal Server Error"}` {
			t.Errorf("%s: got %d %s", route, got.StatusCode, got.Body)
		}
		if !strings.Contains(lines, why) || strings.Count(lines, "\n") != 1 {
			t.Errorf("%s: the log has %s, want one line with %q", route, lines, why)
		}
		if route == "GET /panic" && strings.Contains(lines, "a secret") {
			t.Errorf("the text of the panic is in the log: %s", lines)
		}
	}
}

// posted is a request with this body.
func posted(body string, headers ...string) httpEvent {
	return with(to("POST /orders", "read:orders", "write:orders"), func(e *httpEvent) {
		e.Body, e.Headers = body, map[string]string{"content-type": "application/json; charset=utf-8"}
		for i := 0; i < len(headers); i += 2 {
			e.Headers[headers[i]] = headers[i+1]
		}
	})
}

func TestBodyIsReadStrictly(t *testing.T) {
	for name, test := range map[string]struct {
		event  httpEvent
		status int
		info   string
	}{
		"JSON":            {posted(`{"id":"7","count":2}`), 201, ""},
		"an unknown name": {posted(`{"id":"7","price":2}`), 400, `the body has the member /price, which is not known`},
		"another case":    {posted(`{"ID":"7"}`), 400, `the body has the member /ID, which is not known`},
		"a name twice":    {posted(`{"id":"7","id":"8"}`), 400, `the body has the member /id twice`},
		"a wrong type":    {posted(`{"id":7}`), 400, `the member /id of the body has a wrong type or value`},
		"a fraction":      {posted(`{"count":1.5}`), 400, `the member /count of the body has a wrong type or value`},
		"an array":        {posted(`[]`), 400, `the body has a wrong type or value`},
		"cut off":         {posted(`{"id":"7"`), 400, `the body is not valid JSON, as byte 9 shows`},
		"something after": {posted(`{"id":"7"} x`), 400, `the body is not valid JSON, as byte 11 shows`},
		"no body":         {posted(``), 400, `the body is empty, want a JSON object`},
		"a form": {posted(`id=7`, "content-type", "text/plain"), 415,
			`the content type is "text/plain", want application/json`},
		"no content type": {posted(`{"id":"7"}`, "content-type", ""), 415, `the content type is "", want application/json`},
		"text that is not": {posted(`{"id":"7"}`, "content-type", "application/jsonx"), 415,
			`the content type is "application/jsonx", want application/json`},
		"base64": {with(posted(`eyJpZCI6IjcifQ==`), func(e *httpEvent) {
			e.IsBase64Encoded = true
		}), 201, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, _ := call(t, test.event)
			var body struct{ Info string }
			if err := json.Unmarshal([]byte(got.Body), &body); err != nil {
				t.Fatal(err)
			}
			if got.StatusCode != test.status || body.Info != test.info {
				t.Errorf("got %d %s, want %d %q", got.StatusCode, got.Body, test.status, test.info)
			}
		})
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
			event := with(to("GET /me"), func(e *httpEvent) {
				e.Headers = map[string]string{"origin": test.origin}
			})
			got, _ := call(t, event, "CORS_ORIGINS", test.origins)
			if got.Headers["Access-Control-Allow-Origin"] != test.allowed || got.Headers["Vary"] != test.vary {
				t.Errorf("headers %v, want allowed %q, vary %q", got.Headers, test.allowed, test.vary)
			}
		})
	}
}

func TestOneLinePerRequestSaysWhoCalledWhatAndNothingSecret(t *testing.T) {
	event := with(posted(`{"id":"a secret","count":1}`), func(e *httpEvent) {
		maps.Copy(e.Headers, map[string]string{"Authorization": "Bearer a.secret.token", "X-Secret": "a secret"})
	})
	_, lines := call(t, event)
	var line map[string]any
	if err := json.Unmarshal([]byte(lines), &line); err != nil {
		t.Fatalf("not one line of JSON: %v: %s", err, lines)
	}
	for name, want := range map[string]any{
		"level": "INFO", "msg": "request", "route": "POST /orders", "status": 201., "subject": "auth0|42",
		"clientId": "app", "requestId": "request-1",
	} {
		if line[name] != want {
			t.Errorf("%s is %v, want %v", name, line[name], want)
		}
	}
	if strings.Contains(lines, "secret") {
		t.Errorf("a secret is in the log: %s", lines)
	}
}
