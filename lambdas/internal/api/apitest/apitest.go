// Package apitest calls the handlers of a function in tests.
package apitest

import (
	"context"
	"io"
	"net/url"
	"strings"
	"testing"
	"time"

	"accountapi/lambdas/internal/api"

	"github.com/aws/aws-lambda-go/events"
	"github.com/go-json-experiment/json"
)

// Call has the function with these routes answer a request such as "GET /orders/7", and
// returns the status and the body of the answer. A body is sent as application/json. The
// caller may call every route; without a subject and a client it calls a public one. Who
// may call a route is not part of a function: the table of routes says it.
func Call(t testing.TB, routes api.Routes, caller api.Caller, request, body string) (status int, answer string) {
	t.Helper()
	method, target, _ := strings.Cut(request, " ")
	path, query, _ := strings.Cut(target, "?")
	event := events.APIGatewayProxyRequest{HTTPMethod: method, Path: path, Body: body}
	if body != "" {
		event.Headers = map[string]string{"Content-Type": "application/json"}
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		t.Fatalf("%s: %v", request, err)
	}
	event.QueryStringParameters = map[string]string{}
	for name, all := range values {
		event.QueryStringParameters[name] = all[len(all)-1]
	}

	access := map[string]any{}
	best := ""
	for route := range routes {
		access[route] = []string{}
		if caller.Subject == "" && caller.ClientID == "" {
			access[route] = "public"
		}
		verb, resource, _ := strings.Cut(route, " ")
		variables, rank := match(resource, path)
		switch {
		case rank == "" || verb != method && verb != "ANY":
			continue
		case verb == "ANY":
			rank += "2" // its own method comes first
		}
		if best == "" || rank < best {
			best, event.Resource, event.PathParameters = rank, resource, variables
		}
	}
	if event.Resource == "" {
		t.Fatalf("no route is for %s", request)
	}
	if caller.Until.IsZero() {
		caller.Until = time.Now().Add(time.Hour)
	}
	event.RequestContext.Authorizer = caller.Context()
	table, err := json.Marshal(access)
	if err != nil {
		t.Fatal(err)
	}
	getenv := func(name string) string { return map[string]string{"ROUTES": string(table)}[name] }
	function, err := api.New(routes, getenv, io.Discard, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	response, err := function.Handle(context.Background(), event)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, response.Body
}

// match returns the variables of a path if it is one of the resource's. Of several
// resources API Gateway takes the one whose rank is the lowest: a part without a variable
// comes before one with, and this before a greedy one. The rank is "" if none matches.
func match(resource, path string) (variables map[string]string, rank string) {
	variables = map[string]string{}
	parts, values := strings.Split(resource, "/"), strings.Split(path, "/")
	for i, part := range parts {
		name, isVariable := strings.CutPrefix(strings.TrimSuffix(part, "}"), "{")
		greedy := strings.HasSuffix(name, "+")
		switch {
		case i >= len(values):
			return nil, ""
		case isVariable && greedy:
			variables[strings.TrimSuffix(name, "+")] = strings.Join(values[i:], "/")
			return variables, rank + "2"
		case isVariable:
			value, err := url.PathUnescape(values[i])
			if err != nil || value == "" {
				return nil, ""
			}
			variables[name] = value
			rank += "1"
		case part != values[i]:
			return nil, ""
		default:
			rank += "0"
		}
	}
	if len(parts) != len(values) {
		return nil, ""
	}
	return variables, rank
}
