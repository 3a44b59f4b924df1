package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"accountapi/test/issuer"
)

// ordersTable is the table of routes of the API with testdata/orders.
const ordersTable = `{"GET /orders/{orderId}":["read:orders"],"POST /orders":["read:orders","write:orders"],
	"DELETE /orders/{orderId}":["write:orders"],"ANY /me":[],"GET /stock":["read:orders"],"GET /health":"public"}`

// What is tested of this project's routes follows from their table. So the same must hold
// for an API with other routes, other scopes and another function.
func TestOtherRoutesAreOpenToThoseWhomTheirTableNames(t *testing.T) {
	a := serveOrders(t)
	a.checkRoutes(t)
	const needsRead = `{"message":"Forbidden","info":"scope \"read:orders\" is required"}`
	const needsWrite = `{"message":"Forbidden","info":"scope \"write:orders\" is required"}`
	for _, test := range []struct {
		request, body, scopes string
		status                int
		want                  string
	}{
		{"GET /orders/7", "", "read:orders", 200, `{"id":"7"}`},
		{"GET /orders/7", "", "write:orders", 403, needsRead},
		{"POST /orders", `{"id":"7"}`, "read:orders write:orders", 201, `{"id":"7"}`},
		{"POST /orders", `{"id":"7"}`, "write:orders", 403, needsRead},
		{"POST /orders", `{"id":"7"}`, "read:orders", 403, needsWrite},
		{"DELETE /orders/7", "", "write:orders", 204, ""},
		{"PUT /me", `{}`, "", 200, `"ada"`},
		{"GET /stock", "", "read:orders", 500, `{"message":"Internal Server Error"}`},
	} {
		t.Run(test.request+" with "+test.scopes, func(t *testing.T) {
			method, path, _ := strings.Cut(test.request, " ")
			token := a.issuer.Token(issuer.Subject("ada"), issuer.Scopes(strings.Fields(test.scopes)...))
			a.do(t, method, path, test.body, "Authorization: Bearer "+token).expect(t, test.status, test.want)
			a.expectUnauthorized(t, a.do(t, method, path, test.body))
		})
	}
	a.do(t, "GET", "/health", "").expect(t, 200, `"well"`)
}

// serveOrders serves an API with the routes of ordersTable.
func serveOrders(t *testing.T, settings ...string) *api {
	t.Helper()
	skipIfDeployed(t, needsIssuer)
	assembly := ordersAssembly(t)
	return serve(t, assembly, startIssuerFor(t, read(t, assembly).routes), settings...)
}

// ordersAssembly returns a copy of the cloud assembly of this project with the routes of
// ordersTable. One function is behind all of them: the first that had routes, with other
// code.
func ordersAssembly(t *testing.T) (folder string) {
	t.Helper()
	var code string
	folder = editedAssembly(t, func(resources cfn) {
		openToAll(resources)
		code = replaceRoutes(t, resources)
	})
	bootstrap, err := compileOrders()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "asset."+code, "bootstrap"), bootstrap, 0o755); err != nil {
		t.Fatal(err)
	}
	return folder
}

// replaceRoutes replaces the routes in the resources of a template. It returns the hash
// of the asset with the code of the function behind the new ones.
func replaceRoutes(t *testing.T, resources cfn) (code string) {
	t.Helper()
	var api, authorizer, function string // logical IDs
	var preflight cfn                    // the integration and the responses
	for _, id := range slices.Sorted(maps.Keys(resources)) {
		p, _ := resources[id].(cfn)["Properties"].(cfn)
		switch resources[id].(cfn)["Type"] {
		case "AWS::ApiGateway::RestApi":
			api = id
		case "AWS::ApiGateway::Authorizer":
			authorizer = id
		case "AWS::ApiGateway::Deployment":
			delete(resources[id].(cfn), "DependsOn") // the methods
		case "AWS::Lambda::Function":
			if v := variables(p); v["ROUTES"] != nil && function == "" {
				function = id
				code = strings.TrimSuffix(p["Code"].(cfn)["S3Key"].(string), ".zip")
				v["ROUTES"] = ordersTable
			} else {
				delete(v, "ROUTES")
			}
		case "AWS::ApiGateway::Method":
			if p["HttpMethod"] == "OPTIONS" {
				preflight = p
			}
			delete(resources, id)
		case "AWS::ApiGateway::Resource":
			delete(resources, id)
		}
	}
	if authorizer == "" {
		t.Skip("skipped: the API has no authorizer")
	}

	add := func(id, kind string, p cfn) { resources[id] = cfn{"Type": kind, "Properties": p} }
	ref := func(id string) cfn { return cfn{"Ref": id} }
	method := func(id, verb string, resource cfn, p cfn) {
		p = maps.Clone(p)
		p["RestApiId"], p["ResourceId"], p["HttpMethod"] = ref(api), resource, verb
		add(id+verb, "AWS::ApiGateway::Method", p)
	}
	open := cfn{"AuthorizationType": "NONE", "Integration": cfn{
		"Type": "AWS_PROXY", "IntegrationHttpMethod": "POST",
		"Uri": cfn{"Fn::Sub": "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${" +
			function + ".Arn}/invocations"},
	}}
	protected := maps.Clone(open)
	protected["AuthorizationType"], protected["AuthorizerId"] = "CUSTOM", ref(authorizer)
	answers := preflight["Integration"].(cfn)["IntegrationResponses"].([]any)
	answers[0].(cfn)["ResponseParameters"].(cfn)["method.response.header.Access-Control-Allow-Methods"] =
		"'DELETE,GET,POST'"

	root := cfn{"Fn::GetAtt": []any{api, "RootResourceId"}}
	for _, r := range []struct {
		id, part            string
		parent              cfn
		protected, isPublic []string
	}{
		{"Orders", "orders", root, []string{"POST"}, nil},
		{"Order", "{orderId}", ref("Orders"), []string{"GET", "DELETE"}, nil},
		{"Me", "me", root, []string{"ANY"}, nil},
		{"Stock", "stock", root, []string{"GET"}, nil},
		{"Health", "health", root, nil, []string{"GET"}},
	} {
		add(r.id, "AWS::ApiGateway::Resource", cfn{"RestApiId": ref(api), "ParentId": r.parent, "PathPart": r.part})
		method(r.id, "OPTIONS", ref(r.id), preflight)
		for _, verb := range r.protected {
			method(r.id, verb, ref(r.id), protected)
		}
		for _, verb := range r.isPublic {
			method(r.id, verb, ref(r.id), open)
		}
	}
	add("Permission", "AWS::Lambda::Permission", cfn{
		"Action": "lambda:InvokeFunction", "Principal": "apigateway.amazonaws.com",
		"FunctionName": cfn{"Fn::GetAtt": []any{function, "Arn"}},
		"SourceArn": cfn{"Fn::Sub": "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${" +
			api + "}/*/*/*"},
	})
	return code
}

// compileOrders compiles testdata/orders.go.txt for this machine, as if it were a folder
// of the module lambdas, and returns the program.
var compileOrders = sync.OnceValues(func() (bootstrap []byte, err error) {
	source, err := filepath.Abs(filepath.Join("testdata", "orders.go.txt"))
	if err != nil {
		return nil, err
	}
	module, err := filepath.Abs(filepath.Join(root, "lambdas"))
	if err != nil {
		return nil, err
	}
	out, err := os.MkdirTemp("", "orders")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(out)
	const folder = "orders-of-the-end-to-end-tests"
	overlay, err := json.Marshal(cfn{"Replace": cfn{filepath.Join(module, folder, "main.go"): source}})
	if err != nil {
		return nil, err
	}
	file, program := filepath.Join(out, "overlay.json"), filepath.Join(out, "bootstrap")
	if err := os.WriteFile(file, overlay, 0o600); err != nil {
		return nil, err
	}
	build := exec.Command("go", "build", "-overlay", file, "-tags", "lambda.norpc", "-o", program, "./"+folder)
	build.Dir = module
	if output, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("go build: %w\n%s", err, output)
	}
	return os.ReadFile(program)
})
