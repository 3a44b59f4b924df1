package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"accountapi/test/gateway"
)

// firstRoute is the route to show: the first GET, else the first. An API has at least
// one.
func firstRoute(routes []gateway.ServedRoute) gateway.ServedRoute {
	i := slices.IndexFunc(routes, func(r gateway.ServedRoute) bool { return r.Method == http.MethodGet })
	return routes[max(i, 0)]
}

var braces = strings.NewReplacer("{", "", "+}", "", "}", "")

// examplePath has the names of the path's variables as their values.
func examplePath(r gateway.ServedRoute) string { return braces.Replace(r.Path) }

// curl is a command that calls a route, with the token or the shell variable TOKEN.
func curl(url string, r gateway.ServedRoute, token string) string {
	command := "curl -i"
	switch r.Method {
	case http.MethodGet, "ANY":
	case http.MethodHead:
		command += " --head"
	default:
		command += " -X " + r.Method
	}
	command += " " + url + examplePath(r)
	if r.Authorizer == "" {
		return command
	}
	if token == "" {
		token = "$TOKEN"
	}
	if r.Header == "Authorization" {
		token = "Bearer " + token
	}
	return fmt.Sprintf(`%s -H "%s: %s"`, command, r.Header, token)
}

// list has a line for each route with its authorizer.
func list(routes []gateway.ServedRoute) string {
	var b strings.Builder
	for _, r := range routes {
		access := "public"
		if r.Authorizer != "" {
			access = "authorizer " + r.Authorizer + ", header " + r.Header
		}
		fmt.Fprintf(&b, "%-7s %s (%s)\n", r.Method, r.Path, access)
	}
	return b.String()
}
