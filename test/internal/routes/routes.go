// Package routes reads the table of routes out of a cloud assembly: who may call what, as
// the stack tells its functions in their variable ROUTES.
package routes

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Route is one row of the table.
type Route struct {
	Method string // or ANY
	Path   string // of the resource, such as /orders/{orderId}
	Public bool
	Scopes []string // all of them are needed; none is any verified caller
}

// String returns the method and the path.
func (r Route) String() string { return r.Method + " " + r.Path }

// Call returns the method and the path of a request for the route: GET for ANY, and 1 for
// each variable of the path.
func (r Route) Call() (method, path string) {
	method = r.Method
	if method == "ANY" {
		method = "GET"
	}
	return method, variable.ReplaceAllString(r.Path, "1")
}

var variable = regexp.MustCompile(`\{[^}]*\}`)

// Read returns the routes in the templates of a cloud assembly, a cdk.out folder: first
// those that need a token, of these the GET routes first, then by path. There are none if
// the assembly is that of another app.
func Read(assembly string) ([]Route, error) {
	files, err := filepath.Glob(filepath.Join(assembly, "*.template.json"))
	if err != nil {
		return nil, err
	}
	var all []Route
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		var template struct {
			Resources map[string]struct {
				Type       string
				Properties struct {
					Environment struct{ Variables map[string]any }
				}
			}
		}
		// Other types of resources may have another Environment.
		_ = json.Unmarshal(text, &template)
		for _, id := range slices.Sorted(maps.Keys(template.Resources)) {
			table, ok := template.Resources[id].Properties.Environment.Variables["ROUTES"].(string)
			if !ok {
				continue
			}
			routes, err := parse(table)
			if err != nil {
				return nil, fmt.Errorf("%s: ROUTES of %s: %w", file, id, err)
			}
			all = append(all, routes...)
		}
	}
	slices.SortStableFunc(all, func(a, b Route) int { return strings.Compare(rank(a), rank(b)) })
	return all, nil
}

// rank sorts as Read promises.
func rank(r Route) string {
	rank := "b"
	switch {
	case r.Public:
		rank = "c"
	case r.Method == "GET":
		rank = "a"
	}
	return rank + r.Path + " " + r.Method
}

func parse(table string) (routes []Route, err error) {
	var rows map[string]any
	if err := json.Unmarshal([]byte(table), &rows); err != nil {
		return nil, err
	}
	for route, access := range rows {
		method, path, _ := strings.Cut(route, " ")
		r := Route{Method: method, Path: path}
		switch access := access.(type) {
		case string:
			r.Public = access == "public"
		case []any:
			for _, scope := range access {
				r.Scopes = append(r.Scopes, fmt.Sprint(scope))
			}
		default:
			return nil, fmt.Errorf("%s is neither public nor a list of scopes", route)
		}
		routes = append(routes, r)
	}
	return routes, nil
}

// Scopes returns every scope that a route needs, sorted.
func Scopes(routes []Route) []string {
	var all []string
	for _, r := range routes {
		all = append(all, r.Scopes...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
