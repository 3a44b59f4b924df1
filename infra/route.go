package main

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/jsii-runtime-go"
)

// route is one row of the table of routes.
type route struct {
	name     string // method and path, such as "GET /orders/{orderId}"; ANY is every method
	function awslambda.Function
	access   access
}

// access says who may call a route. The zero value is a mistake, so that nobody opens a
// route by forgetting it.
type access struct {
	kind   string // "scopes", "any caller" or "public"
	scopes []string
}

var (
	public    = access{kind: "public"}
	anyCaller = access{kind: "any caller"}
)

// scopes is access for tokens that have all of these scopes.
func scopes(names ...string) access { return access{"scopes", names} }

func (r route) method() string { method, _, _ := strings.Cut(r.name, " "); return method }
func (r route) path() string   { _, path, _ := strings.Cut(r.name, " "); return path }

// hasBody reports whether requests for the route may have a body.
func (r route) hasBody() bool {
	return slices.Contains([]string{"ANY", "PATCH", "POST", "PUT"}, r.method())
}

// routeName is a method and a path as API Gateway takes them. OPTIONS is missing: it is
// answered for every path (CORS).
var routeName = regexp.MustCompile(
	`^(ANY|DELETE|GET|HEAD|PATCH|POST|PUT) (/|(/([A-Za-z0-9._~:-]+|\{[A-Za-z0-9._-]+\+?\}))+)$`)

// checkRoutes reports every mistake in the table.
func checkRoutes(rows []route) error {
	var problems []error
	problem := func(r route, format string, args ...any) {
		problems = append(problems, fmt.Errorf("infra/routes.go: %s: "+format, append([]any{r.name}, args...)...))
	}
	seen := map[string]bool{}
	for _, r := range rows {
		if !routeName.MatchString(r.name) {
			problem(r, "want a method and a path, such as GET /orders/{orderId}; OPTIONS is answered for every path already")
		}
		if seen[r.name] {
			problem(r, "is there twice")
		}
		seen[r.name] = true
		if r.access.kind == "" {
			problem(r, "does not say who may call it: add scopes(…), anyCaller or public")
		}
		if r.access.kind == "scopes" && len(r.access.scopes) == 0 {
			problem(r, "scopes() names none: write anyCaller, if every valid token may call it")
		}
		for _, scope := range r.access.scopes {
			if !scopeToken.MatchString(scope) {
				problem(r, "%q is not a scope that a challenge can contain: leave out spaces, quotes, backslash and $; "+
					"two scopes are two arguments", scope)
			}
		}
	}
	return errors.Join(problems...)
}

// table returns the value of the variable ROUTES, from which a function reads who may
// call its routes (see lambdas/internal/api), in the order of the rows.
func table(rows []route) string {
	members := make([]string, len(rows))
	for i, r := range rows {
		value := `["` + strings.Join(r.access.scopes, `","`) + `"]` // checkRoutes allows no character to escape
		switch r.access.kind {
		case "any caller":
			value = "[]"
		case "public":
			value = `"public"`
		}
		members[i] = `"` + r.name + `":` + value
	}
	return "{" + strings.Join(members, ",") + "}"
}

// addRoutes adds a method for every row, and sets ROUTES of each function to its rows.
func addRoutes(api awsapigateway.RestApi, f *functions, rows []route) {
	for _, r := range rows {
		integration := awsapigateway.NewLambdaIntegration(r.function, &awsapigateway.LambdaIntegrationOptions{
			// The console's test button would need a second permission to invoke.
			AllowTestInvoke: jsii.Bool(false),
		})
		method := api.Root().ResourceForPath(jsii.String(r.path())).AddMethod(jsii.String(r.method()), integration, nil)
		accept(method, "Tokens come from any OpenID provider, not only Cognito, and are verified by the token authorizer.",
			"AwsSolutions-COG4")
		if r.access.kind == "public" {
			// The API's default is the authorizer, and the CDK has no option to leave it out.
			resource := method.Node().DefaultChild().(awsapigateway.CfnMethod)
			resource.SetAuthorizationType(jsii.String("NONE"))
			resource.AddPropertyDeletionOverride(jsii.String("AuthorizerId"))
			accept(method, "The table of routes declares this route public.", "AwsSolutions-APIG4")
		}
	}
	for _, function := range f.all {
		var own []route
		for _, r := range rows {
			if r.function == function {
				own = append(own, r)
			}
		}
		function.AddEnvironment(jsii.String("ROUTES"), jsii.String(table(own)), nil)
	}
	reason := "No route takes a body, and the functions check what they read of a path or a query."
	if slices.ContainsFunc(rows, route.hasBody) {
		reason = "The functions read bodies strictly (lambdas/internal/api) and say in a sentence what is wrong, " +
			"which a request validator cannot."
	}
	accept(api.Node().DefaultChild(), reason, "AwsSolutions-APIG2")
}

// methods returns the methods of the routes, for the answer to a preflight.
func methods(rows []route) []string {
	var all []string
	for _, r := range rows {
		if r.method() == "ANY" {
			return []string{"DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"}
		}
		all = append(all, r.method())
	}
	slices.Sort(all)
	return slices.Compact(all)
}
