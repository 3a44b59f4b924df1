package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"accountapi/lambdas/internal/strictjson"
)

// Handler answers one request. It does not deal with scopes, expiry, headers and CORS.
// A result is sent as JSON with status 200; nil is 204 without a body; a [Response] has a
// status and headers of its own. An [Error] is sent as it is. Any other error is logged
// and answered with 500, without its text.
type Handler func(ctx context.Context, caller Caller, request Request) (any, error)

// Routes are the handlers of a function by route, a method and the path of the resource
// as API Gateway has it: "GET /orders/{orderId}", or "ANY /files/{proxy+}".
type Routes map[string]Handler

// access says who may call a route.
type access struct {
	public bool
	scopes []string // all of them are needed; none is any verified caller
}

// parseAccess reads ROUTES, a JSON object by route. The value is the string "public", or
// an array of scopes. A route with anything else is a mistake, so that a value that was
// forgotten never opens one.
func parseAccess(text string) (map[string]access, error) {
	object, ok := strictjson.ParseObject([]byte(text), nil)
	if !ok {
		return nil, errors.New("ROUTES is not a JSON object such as {\"GET /items\":[\"read:items\"]}")
	}
	routes := make(map[string]access, len(object))
	var problems []error
	for _, member := range object {
		route := string(member.Name)
		var scopes []string
		switch isArray := member.Value[0] == '['; {
		case string(member.Value) == `"public"`:
			routes[route] = access{public: true}
		case isArray && json.Unmarshal(member.Value, &scopes) == nil && !slices.Contains(scopes, ""):
			routes[route] = access{scopes: scopes}
		default:
			problems = append(problems, fmt.Errorf("ROUTES: %s is %s, want an array of scopes or \"public\"",
				route, member.Value))
		}
	}
	return routes, errors.Join(problems...)
}

// compare names the routes that only the handlers or only ROUTES have.
func compare(handlers Routes, routes map[string]access) error {
	var problems []error
	for _, route := range slices.Sorted(maps.Keys(handlers)) {
		if _, ok := routes[route]; !ok {
			problems = append(problems, fmt.Errorf("the function has a handler for %s, "+
				"but the table of routes has no such route: "+
				"add the row in infra/routes.go, or remove the handler", route))
		}
	}
	for _, route := range slices.Sorted(maps.Keys(routes)) {
		if handlers[route] == nil {
			problems = append(problems, fmt.Errorf("the table of routes has %s, but the function has no handler for it: "+
				"add it to api.Routes, or remove the row in infra/routes.go", route))
		}
	}
	return errors.Join(problems...)
}

// of returns the route of a request: its method's, or that of ANY. It is a route of the
// table only if the table has it.
func (r Routes) of(method, resource string) string {
	if route := method + " " + resource; r[route] != nil {
		return route
	}
	return "ANY " + resource
}
