// Package routes reads the table of routes, which says who may call what, from a cloud
// assembly: it is in the variable ROUTES of the functions.
package routes

import (
	"cmp"
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

// Body returns the body of that request: an empty JSON object where the method has one.
func (r Route) Body() string {
	switch r.Method {
	case "POST", "PUT", "PATCH":
		return "{}"
	}
	return ""
}

var variable = regexp.MustCompile(`\{[^}]*\}`)

// Curl returns a command that calls the route of the API with this URL. The token may be
// a variable of the shell.
func (r Route) Curl(url, token string) string {
	method, path := r.Call()
	command := "curl -i "
	if method != "GET" {
		command += "-X " + method + " "
	}
	command += url + path
	if !r.Public {
		command += ` -H "Authorization: Bearer ` + token + `"`
	}
	if r.Body() != "" {
		command += ` -H "Content-Type: application/json" -d '` + r.Body() + `'`
	}
	return command
}

// Function is a function with routes, as the template describes it.
type Function struct {
	// Name is the name in the stack's outputs, such as Orders for OrdersFunctionName. It
	// is the logical ID if there is no such output.
	Name    string
	Routes  []Route
	Origins []string // from which a browser may call it, or "*" for any
}

// Read returns the routes in the templates of a cloud assembly, a cdk.out folder: first
// those that need a token, of these the GET routes first, then by path. It returns none
// for the assembly of another app.
func Read(assembly string) ([]Route, error) {
	functions, err := ReadFunctions(assembly)
	if err != nil {
		return nil, err
	}
	var all []Route
	for _, f := range functions {
		all = append(all, f.Routes...)
	}
	sort(all)
	return all, nil
}

// ReadFunctions returns the functions that have routes.
func ReadFunctions(assembly string) ([]Function, error) {
	templates, err := readTemplates(assembly)
	if err != nil {
		return nil, err
	}
	var all []Function
	for _, t := range templates {
		names := map[string]string{} // by logical ID
		for output, o := range t.Outputs {
			value, _ := o.Value.(map[string]any)
			id, _ := value["Ref"].(string)
			if name, ok := strings.CutSuffix(output, "FunctionName"); ok {
				names[id] = name
			}
		}
		for _, id := range slices.Sorted(maps.Keys(t.Resources)) {
			variables := t.Resources[id].Properties.Environment.Variables
			table, ok := variables["ROUTES"].(string)
			if !ok {
				continue
			}
			routes, err := parse(table)
			if err != nil {
				return nil, fmt.Errorf("%s: ROUTES of %s: %w", assembly, id, err)
			}
			origins, _ := variables["CORS_ORIGINS"].(string)
			all = append(all, Function{cmp.Or(names[id], id), routes, strings.Fields(origins)})
		}
	}
	return all, nil
}

// template is what is read of a template.
type template struct {
	Resources map[string]resource
	Outputs   map[string]struct{ Value any }
}

// resource is what is read of a function.
type resource struct {
	Properties struct {
		Environment struct{ Variables map[string]any }
		Code        struct{ S3Key any }
	}
}

// readResources returns the resources of all templates.
func readResources(assembly string) (all []resource, err error) {
	templates, err := readTemplates(assembly)
	for _, t := range templates {
		all = slices.AppendSeq(all, maps.Values(t.Resources))
	}
	return all, err
}

func readTemplates(assembly string) ([]template, error) {
	files, err := filepath.Glob(filepath.Join(assembly, "*.template.json"))
	if err != nil {
		return nil, err
	}
	templates := make([]template, len(files))
	for i, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		// Other types of resources may have another Environment.
		_ = json.Unmarshal(text, &templates[i])
	}
	return templates, nil
}

func sort(routes []Route) {
	slices.SortStableFunc(routes, func(a, b Route) int { return strings.Compare(rank(a), rank(b)) })
}

// rank returns the key by which Read sorts.
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
		case []any:
			for _, scope := range access {
				r.Scopes = append(r.Scopes, fmt.Sprint(scope))
			}
		default:
			if r.Public = access == "public"; !r.Public {
				return nil, fmt.Errorf("%s is neither public nor a list of scopes", route)
			}
		}
		routes = append(routes, r)
	}
	sort(routes)
	return routes, nil
}

// Protected returns the first route that needs a token; false if there is none.
func Protected(routes []Route) (Route, bool) {
	if len(routes) == 0 || routes[0].Public {
		return Route{}, false
	}
	return routes[0], true
}

// Scopes returns every scope that a route needs, sorted; it is never nil.
func Scopes(routes []Route) []string {
	all := []string{}
	for _, r := range routes {
		all = append(all, r.Scopes...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
