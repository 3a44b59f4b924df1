package apitest_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"accountapi/lambdas/internal/api"
	"accountapi/lambdas/internal/api/apitest"
)

// called answers with what reached the handler.
func called(_ context.Context, caller api.Caller, request api.Request) (any, error) {
	return fmt.Sprintf("%s %s %s %s",
		caller.Subject, request.Event.Resource, request.Path("id"), request.Query("page")), nil
}

var routes = api.Routes{
	"GET /things/{id}": called,
	"ANY /files/{id+}": called,
	"POST /things": func(_ context.Context, _ api.Caller, request api.Request) (any, error) {
		var thing struct{ Name string }
		err := request.Decode(&thing)
		return thing.Name, err
	},
	"GET /missing": func(context.Context, api.Caller, api.Request) (any, error) {
		return nil, api.NotFound("no such thing")
	},
	"GET /broken": func(context.Context, api.Caller, api.Request) (any, error) {
		return nil, errors.New("the table cannot be read")
	},
}

func TestCallIsAnsweredByTheHandlerOfItsRoute(t *testing.T) {
	caller := api.Caller{Subject: "ann"}
	for _, test := range []struct {
		name, request, body string
		caller              api.Caller
		status              int
		answer              string
	}{
		{"variable of the path", "GET /things/7", "", caller, 200, `"ann /things/{id} 7 "`},
		{"encoded variable", "GET /things/a%2Fb", "", caller, 200, `"ann /things/{id} a/b "`},
		{"last value of a query parameter", "GET /things/7?page=1&page=2", "", caller, 200, `"ann /things/{id} 7 2"`},
		{"greedy variable", "DELETE /files/a/b", "", caller, 200, `"ann /files/{id+} a/b "`},
		{"public route", "GET /things/7", "", api.Caller{}, 200, `" /things/{id} 7 "`},
		{"body", "POST /things", `{"Name":"x"}`, caller, 200, `"x"`},
		{"no body", "POST /things", "", caller, 415,
			`{"message":"Unsupported Media Type","info":"the content type is \"\", want application/json"}`},
		{"error for the caller", "GET /missing", "", caller, 404, `{"message":"Not Found","info":"no such thing"}`},
		{"any other error", "GET /broken", "", caller, 500, `{"message":"Internal Server Error"}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			status, answer := apitest.Call(t, routes, test.caller, test.request, test.body)
			if status != test.status || answer != test.answer {
				t.Errorf("got %d %s, want %d %s", status, answer, test.status, test.answer)
			}
		})
	}
}

// As API Gateway chooses.
func TestMostSpecificRouteIsCalled(t *testing.T) {
	answers := func(text string) api.Handler {
		return func(context.Context, api.Caller, api.Request) (any, error) { return text, nil }
	}
	routes := api.Routes{}
	for _, route := range []string{"GET /a/b", "ANY /a/b", "GET /a/{x}", "GET /a/{x+}", "ANY /{x+}"} {
		routes[route] = answers(route)
	}
	for request, want := range map[string]string{
		"GET /a/b":   "GET /a/b",
		"PUT /a/b":   "ANY /a/b",
		"GET /a/c":   "GET /a/{x}",
		"GET /a/b/c": "GET /a/{x+}",
		"GET /b":     "ANY /{x+}",
	} {
		for range 10 { // because the order of a map differs
			if status, answer := apitest.Call(t, routes, api.Caller{Subject: "ann"}, request, ""); answer != `"`+want+`"` {
				t.Errorf("%s: got %d %s, want the answer of %s", request, status, answer, want)
			}
		}
	}
}

// Scopes are the table's business: a caller without any may call every route.
func TestCallerNeedsNoScope(t *testing.T) {
	for _, scopes := range [][]string{nil, {"other:scope"}} {
		caller := api.Caller{Subject: "ann", Scopes: scopes}
		if status, _ := apitest.Call(t, routes, caller, "GET /things/7", ""); status != 200 {
			t.Errorf("scopes %q: got %d, want 200", scopes, status)
		}
	}
}

// failure records a failed test, and ends its goroutine as testing.T does.
type failure struct {
	testing.TB
	text string
}

func (f *failure) Helper() {}

func (f *failure) Fatalf(format string, args ...any) {
	f.text = fmt.Sprintf(format, args...)
	panic(f)
}

func TestRequestForNoRouteFailsTheTest(t *testing.T) {
	for _, request := range []string{
		"GET /", "GET /nothing", "GET /things/", "GET /things/7/8", "PUT /things/7", "GET /files",
	} {
		f := &failure{}
		func() {
			defer func() { recover() }()
			apitest.Call(f, routes, api.Caller{Subject: "ann"}, request, "")
		}()
		if want := "no route is for " + request; f.text != want {
			t.Errorf("%s: got %q, want %q", request, f.text, want)
		}
	}
}
