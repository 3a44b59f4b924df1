package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdklabs/cdk-nag-go/cdknag/v2"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing with them")

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

// run prepares the jsii kernel. The first kernel has the environment of the time when the
// packages were initialised. It is closed unused, and the next one starts with the
// environment that is set here. That one is not closed: jsii.Close has a data race, which
// -race would report.
func run(m *testing.M) int {
	jsii.Close()
	folder, err := os.MkdirTemp("", "infra-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(folder) // also removes the files of the kernel
	os.Setenv("TMPDIR", folder)
	// Without validation a synth takes 1 s instead of 5 s; make synth validates.
	os.Setenv("CDK_VALIDATION", "false")
	return m.Run()
}

// template is the part of a CloudFormation template that the tests read.
type template struct {
	Resources map[string]resource
	Outputs   map[string]any
	text      []byte
	folder    string // the cloud assembly
}

type resource struct {
	Type                string
	Properties          map[string]any
	DependsOn           []string
	DeletionPolicy      string
	UpdateReplacePolicy string
}

// ofType returns the resources of one type by logical ID.
func (tpl template) ofType(name string) map[string]resource {
	found := map[string]resource{}
	for id, r := range tpl.Resources {
		if r.Type == name {
			found[id] = r
		}
	}
	return found
}

// synth returns the template of a stage, synthesized with the feature flags of cdk.json.
// Rule packs write their reports to its folder.
func synth(t *testing.T, cfg Config, packs ...rulePack) template {
	t.Helper()
	return synthRoutes(t, cfg, routes, packs...)
}

// synthRoutes is synth with another table of routes.
func synthRoutes(
	t *testing.T, cfg Config, table func(awscdk.Stack, *functions) []route, packs ...rulePack,
) template {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "cdk.json"))
	if err != nil {
		t.Fatal(err)
	}
	var project struct{ Context map[string]any }
	if err := json.Unmarshal(text, &project); err != nil {
		t.Fatal(err)
	}
	// With this flag the findings of a rule pack end the synth; the tests list them.
	delete(project.Context, "@aws-cdk/core:annotationsInValidationReport")
	outdir, err := os.MkdirTemp("", "assembly-") // removed by run
	if err != nil {
		t.Fatal(err)
	}
	app := awscdk.NewApp(&awscdk.AppProps{Outdir: jsii.String(outdir), Context: &project.Context})
	defer func() { // jsii's way to report an error
		if refused := recover(); refused != nil {
			t.Fatalf("synthesize: %v", refused)
		}
	}()
	newStack(app, cfg, table)
	for _, pack := range packs {
		awscdk.Aspects_Of(app).Add(pack(&cdknag.NagPackProps{Reports: jsii.Bool(true)}), nil)
	}
	app.Synth(nil)

	tpl := template{folder: outdir}
	if tpl.text, err = os.ReadFile(filepath.Join(outdir, apiName+"-"+cfg.Stage+".template.json")); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(tpl.text, &tpl); err != nil {
		t.Fatal(err)
	}
	return tpl
}

// config parses the settings of a test as the app does.
func config(t *testing.T, settings map[string]any) Config {
	t.Helper()
	context := map[string]any{
		"issuer":   "https://tenant.eu.auth0.com/",
		"audience": "https://api.example.com",
		"lambdas":  builtFunctions(t),
	}
	for key, value := range settings {
		context[key] = value
	}
	if network, ok := context["network"].(object); ok && network["caBundle"] == "CA_BUNDLE" {
		context["network"] = plus(maps.Clone(network), object{"caBundle": pemFile(t, certificate(t, time.Hour))})
	}
	cfg, err := parseConfig(context)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// builtFunctions returns a folder with the files that make lambdas writes, and those of
// more functions.
func builtFunctions(t *testing.T, more ...string) string {
	t.Helper()
	folder := t.TempDir()
	sources, err := filepath.Glob(filepath.Join("..", "lambdas", "*", "main.go"))
	if err != nil || len(sources) < 2 {
		t.Fatalf("found the functions %v, %v", sources, err)
	}
	for _, source := range sources {
		more = append(more, filepath.Base(filepath.Dir(source)))
	}
	for _, name := range more {
		if err := os.MkdirAll(filepath.Join(folder, name), 0o755); err != nil { // may be one of the project, too
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, name, "bootstrap"), []byte(name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// stages are the settings that most tests use, by name.
var stages = map[string]map[string]any{
	"default": nil,
	"everything": {
		"stage":                 "test",
		"audience":              "https://api.example.com https://old-api.example.com",
		"requiredScopes":        "use:api <b>&",
		"corsOrigins":           "https://app.example.com http://localhost:3000",
		"authorizerConcurrency": "100",
		"throttleRate":          "10",
		"throttleBurst":         "5",
		"logRetentionDays":      "365",
		"executionLogs":         "info",
		"xray":                  "true",
		"alarmEmail":            "ops@example.com",
		"domainName":            "api.example.com",
		"certificateArn":        "arn:aws:acm:eu-west-1:111122223333:certificate/11112222-3333-4444-5555-666677778888",
		"basePath":              "account",
		"hostedZoneId":          "Z0123456789ABCDEFGHIJ",
		"waf":                   "true",
		"wafRateLimit":          "500",
		"tags":                  "team=accounts,cost-center=42",
		"permissionsBoundary":   apiName + "Boundary",
		"network": object{
			"vpcId": "vpc-0a1b2c3d4e5f60718", "subnetIds": []any{"subnet-0a1b2c3d4e5f60718", "subnet-1b2c3d4e5f607180a"},
			"caBundle": "CA_BUNDLE", // see config
		},
	},
	"managed": {
		"cloudWatchRole":      "existing",
		"executionLogs":       "off",
		"alarmTopicArn":       "arn:aws:sns:eu-west-1:111122223333:alarms",
		"permissionsBoundary": "arn:aws:iam::111122223333:policy/Boundary",
		"network": object{
			"subnetIds": "subnet-0a1b2c3d,subnet-1b2c3d4e", "securityGroupIds": "sg-0a1b2c3d4e5f60718",
		},
	},
	"without logs": {"cloudWatchRole": "none"},
	"several issuers": {
		"issuer": nil, "audience": nil,
		"issuers": []any{
			object{"issuer": "https://tenant.eu.auth0.com/", "audience": "https://api.example.com"},
			object{
				"issuer": "https://login.example.com/", "audience": "https://api.example.com", "algorithms": "RS256 PS256",
				"jwksUri":     "https://tenant.eu.auth0.com/.well-known/jwks.json",
				"scopeClaims": "permissions", "refusedClaims": object{"sub": []any{"auth0|1", "auth0|2"}, "azp": "lost"},
			},
			object{
				"issuer": "https://id.example.com/realms/shop", "audience": []any{"shop", "<b>&"}, "provider": "keycloak",
				"scopeClaims": []any{"/realm_access/roles", "scope"}, "requiredClaims": object{"tenant": "acme"},
			},
		},
		"contextClaims": "email roles=/realm_access/roles",
	},
	"protected": {"protected": "true", "waf": "true", "account": "111122223333", "region": "eu-west-1"},
}

// synthesized holds the results of stage, because a synth is slow.
var synthesized = map[string]template{}

// stage returns the template of one of the stages, checked by the rule packs.
func stage(t *testing.T, name string) template {
	t.Helper()
	tpl, ok := synthesized[name]
	if !ok {
		tpl = synth(t, config(t, stages[name]), rulePacks...)
		synthesized[name] = tpl
	}
	return tpl
}

func TestTemplatesEqualTheGoldenFiles(t *testing.T) {
	golden(t, "default", stage(t, "default"))
	golden(t, "everything", stage(t, "everything"))
}

var assetHash = regexp.MustCompile(`[0-9a-f]{64}`)

// deploymentHash is in the logical ID of the deployment, and changes with every route.
var deploymentHash = regexp.MustCompile(`(ApiDeployment[0-9A-F]{8})[0-9a-f]{32}`)

// golden compares a template with the golden file in testdata.
func golden(t *testing.T, name string, tpl template) {
	t.Helper()
	file := filepath.Join("testdata", name+".golden.json")
	got := assetHash.ReplaceAll(tpl.text, []byte("ASSET"))
	got = append(bytes.TrimSpace(deploymentHash.ReplaceAll(got, []byte("${1}HASH"))), '\n')
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v: create it with go test ./infra/... -update", err)
	}
	gotLines, wantLines := strings.Split(string(got), "\n"), strings.Split(string(want), "\n")
	for i := range max(len(gotLines), len(wantLines)) {
		gotLine, wantLine := line(gotLines, i), line(wantLines, i)
		if gotLine != wantLine {
			t.Fatalf("the template differs from %s at line %d:\n  want %s\n  got  %s\n"+
				"review the whole change with: go test ./infra/... -update && git diff infra/testdata",
				file, i+1, wantLine, gotLine)
		}
	}
}

func line(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "(end of file)"
}

// rows returns the table of routes, by row, with the function of each as it is named in
// templates.
func rows(t *testing.T, tpl template) map[string]access {
	t.Helper()
	table := map[string]access{}
	for id, function := range tpl.ofType("AWS::Lambda::Function") {
		environment, _ := function.Properties["Environment"].(map[string]any)
		variables, _ := environment["Variables"].(map[string]any)
		routes, ok := variables["ROUTES"].(string)
		if !ok {
			continue
		}
		var access map[string]any
		if err := json.Unmarshal([]byte(routes), &access); err != nil {
			t.Fatalf("%s: ROUTES is not JSON: %v: %s", id, err, routes)
		}
		for route, who := range access {
			table[route] = anyCaller
			if who == "public" {
				table[route] = public
			}
		}
	}
	return table
}

// routeOf returns the row that a method is for.
func routeOf(tpl template, method resource) string {
	path := ""
	id := render(method.Properties["ResourceId"])
	for ref, _ := method.Properties["ResourceId"].(map[string]any); ref["Ref"] != nil; {
		parent := tpl.Resources[ref["Ref"].(string)]
		path = "/" + fmt.Sprint(parent.Properties["PathPart"]) + path
		ref, _ = parent.Properties["ParentId"].(map[string]any)
	}
	if path == "" && strings.Contains(id, "RootResourceId") {
		path = "/"
	}
	return fmt.Sprint(method.Properties["HttpMethod"]) + " " + path
}

// tables are the tables of routes that the rules about any routes are tested with.
func tables(t *testing.T) map[string]template {
	return map[string]template{"of the project": stage(t, "default"), "with everything": synthEverything(t)}
}

var synthEverything = func() func(t *testing.T) template {
	var tpl *template
	return func(t *testing.T) template {
		t.Helper()
		if tpl == nil {
			cfg := config(t, nil)
			cfg.Lambdas = builtFunctions(t, "orders", "health-check")
			synthesized := synthRoutes(t, cfg, everyKindOfRoute, rulePacks...)
			tpl = &synthesized
		}
		return *tpl
	}
}()

func everyKindOfRoute(_ awscdk.Stack, f *functions) []route {
	orders, health := f.add("orders"), f.add("health-check")
	return []route{
		{"GET /orders/{orderId}", orders, scopes("read:orders")},
		{"POST /orders", orders, scopes("read:orders", "write:orders")},
		{"ANY /files/{proxy+}", orders, anyCaller},
		{"GET /health", health, public},
		{"GET /", health, public},
	}
}

func TestEveryMethodIsAuthorizedUnlessItsRowIsPublic(t *testing.T) {
	for name, tpl := range tables(t) {
		t.Run(name, func(t *testing.T) { everyMethodIsAuthorized(t, tpl) })
	}
}

func everyMethodIsAuthorized(t *testing.T, tpl template) {
	table := rows(t, tpl)
	authorizers := tpl.ofType("AWS::ApiGateway::Authorizer")
	if len(authorizers) != 1 {
		t.Fatalf("got %d authorizers, want one", len(authorizers))
	}
	served := map[string]bool{}
	for id, method := range tpl.ofType("AWS::ApiGateway::Method") {
		kind := method.Properties["AuthorizationType"]
		if method.Properties["HttpMethod"] == "OPTIONS" {
			if kind != "NONE" {
				t.Errorf("%s: got authorization %v, want NONE: browsers send no token with a preflight", id, kind)
			}
			continue
		}
		route := routeOf(tpl, method)
		row, ok := table[route]
		if !ok {
			t.Errorf("%s serves %s, which no function has in ROUTES: add the row in infra/routes.go", id, route)
			continue
		}
		served[route] = true
		if row.kind == "public" {
			if kind != "NONE" || method.Properties["AuthorizerId"] != nil {
				t.Errorf("%s: %s is public, got authorization %v", id, route, kind)
			}
			continue
		}
		authorizer, _ := method.Properties["AuthorizerId"].(map[string]any)
		ref, _ := authorizer["Ref"].(string)
		if _, ok := authorizers[ref]; kind != "CUSTOM" || !ok {
			t.Errorf("%s: got authorization %v by %v, want CUSTOM by the token authorizer. "+
				"If everybody may call %s, write public in its row of infra/routes.go", id, kind, ref, route)
		}
	}
	for route := range table {
		if !served[route] {
			t.Errorf("no method serves %s", route)
		}
	}
}

func TestEachFunctionMayBeInvokedByItsOwnRoutesOnly(t *testing.T) {
	for name, tpl := range tables(t) {
		t.Run(name, func(t *testing.T) { invokedByItsOwnRoutes(t, tpl) })
	}
}

func invokedByItsOwnRoutes(t *testing.T, tpl template) {
	methods := map[string]string{} // end of an ARN → function
	for _, method := range tpl.ofType("AWS::ApiGateway::Method") {
		if integration, _ := method.Properties["Integration"].(map[string]any); integration["Type"] == "AWS_PROXY" {
			verb, path, _ := strings.Cut(routeOf(tpl, method), " ")
			path = variable.ReplaceAllString(path, "*")
			if verb == "ANY" {
				verb = "*"
			}
			methods["/${ApiDeploymentStageprod}/"+verb+path] = render(integration["Uri"])
		}
	}
	methods["/authorizers/${TokenAuthorizer}"] = "${Authorizer.Arn}"
	permissions := tpl.ofType("AWS::Lambda::Permission")
	if len(permissions) != len(methods) {
		t.Errorf("got %d permissions, want one for each of %d methods and the authorizer", len(permissions), len(methods)-1)
	}
	for id, permission := range permissions {
		target := render(permission.Properties["FunctionName"])
		arn := render(permission.Properties["SourceArn"])
		const thisAPI = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}"
		suffix, ok := strings.CutPrefix(arn, thisAPI)
		if uri := methods[suffix]; !ok || uri == "" || !strings.Contains(uri, target[:len(target)-1]) {
			t.Errorf("%s: %s may be invoked by %s, which is not a method of its own", id, target, arn)
		}
		if permission.Properties["Principal"] != "apigateway.amazonaws.com" {
			t.Errorf("%s: %v may invoke, want API Gateway", id, permission.Properties["Principal"])
		}
	}
}

var variable = regexp.MustCompile(`\{[^}]*\}`)

// render writes an intrinsic function in the syntax of Fn::Sub, with logical IDs without
// the hash that the CDK appends.
func render(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case []any:
		var all strings.Builder
		for _, part := range v {
			all.WriteString(render(part))
		}
		return all.String()
	case map[string]any:
		if ref, ok := v["Ref"].(string); ok {
			return "${" + logicalIDHash.ReplaceAllString(ref, "") + "}"
		}
		if join, ok := v["Fn::Join"].([]any); ok {
			return render(join[1]) // CDK joins with the empty string
		}
		if attribute, ok := v["Fn::GetAtt"].([]any); ok {
			return "${" + logicalIDHash.ReplaceAllString(render(attribute[0]), "") + "." + render(attribute[1]) + "}"
		}
	}
	return fmt.Sprint(value)
}

var logicalIDHash = regexp.MustCompile(`[0-9A-F]{8}$`)

// Lambda refuses 0, and API Gateway waits up to 29 s (AWS: "Amazon API Gateway quotas").
func TestEveryFunctionHasATimeoutThatAPIGatewayWaitsFor(t *testing.T) {
	for name, tpl := range tables(t) {
		for id, function := range tpl.ofType("AWS::Lambda::Function") {
			if timeout, _ := function.Properties["Timeout"].(float64); timeout < 1 || timeout > 29 {
				t.Errorf("%s: %s has a timeout of %v s, want 1 to 29", name, id, function.Properties["Timeout"])
			}
		}
	}
}

func TestDeploymentDependsOnEverythingItPublishes(t *testing.T) {
	tpl := stage(t, "default")
	deployments := tpl.ofType("AWS::ApiGateway::Deployment")
	if len(deployments) != 1 {
		t.Fatalf("got %d deployments, want one", len(deployments))
	}
	for _, deployment := range deployments {
		for _, kind := range []string{"Method", "Resource", "GatewayResponse"} {
			for id := range tpl.ofType("AWS::ApiGateway::" + kind) {
				if !slices.Contains(deployment.DependsOn, id) {
					t.Errorf("the deployment may run before %s exists, and would then publish an API without it", id)
				}
			}
		}
	}
}

// A deployment is a snapshot: a change without a new deployment is not published.
func TestEveryChangeOfTheAPICreatesANewDeployment(t *testing.T) {
	changes := map[string]map[string]any{
		"a changed authorizer":       {"resultTtl": "0"},
		"a changed preflight":        {"corsOrigins": "https://app.example.com"},
		"a changed gateway response": {"requiredScopes": "use:api"},
	}
	before := deploymentID(stage(t, "default"))
	for name, settings := range changes {
		t.Run(name, func(t *testing.T) {
			if deploymentID(synth(t, config(t, settings))) == before {
				t.Error("the deployment is the same, so the change would not be published")
			}
		})
	}
	t.Run("a changed function needs none", func(t *testing.T) {
		if deploymentID(synth(t, config(t, map[string]any{"clockSkewSeconds": "5"}))) != before {
			t.Error("got a new deployment of the same API")
		}
	})
}

func deploymentID(tpl template) string {
	for id := range tpl.ofType("AWS::ApiGateway::Deployment") {
		return id
	}
	return ""
}

func TestGatewayErrorsAreJSON(t *testing.T) {
	responses := stage(t, "everything").ofType("AWS::ApiGateway::GatewayResponse")
	for id, response := range responses {
		templates, _ := response.Properties["ResponseTemplates"].(map[string]any)
		body, _ := templates["application/json"].(string)
		body = strings.ReplaceAll(body, "$context.error.messageString", `"text"`)
		var answer struct{ Message string }
		if err := json.Unmarshal([]byte(body), &answer); err != nil || answer.Message == "" {
			t.Errorf("%s: %q is not an object with a message: %v", id, body, err)
		}
	}
	if len(responses) == 0 {
		t.Error("got no gateway responses")
	}
}

func TestChallengeForAMissingScope(t *testing.T) {
	tests := map[string]struct {
		required        []string
		challenge, body string
	}{
		"with the scopes that the API requires": {
			required:  []string{"use:api", "see:it"},
			challenge: `Bearer error="insufficient_scope", scope="use:api see:it"`,
			body:      `{"message":"Forbidden","info":"scope \"use:api see:it\" is required"}`,
		},
		"without a scope if the API requires none": {
			challenge: `Bearer error="insufficient_scope"`,
			body:      `{"message":"Forbidden","info":"the token does not permit this request"}`,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			challenge, body := insufficientScope(test.required)
			if challenge != test.challenge || body != test.body {
				t.Errorf("got  %s %s\nwant %s %s", challenge, body, test.challenge, test.body)
			}
		})
	}
}

func TestOriginsThatMayReadAGatewayError(t *testing.T) {
	tests := map[string]struct {
		origins []string
		allowed string
		vary    string
	}{
		"any origin":      {[]string{"*"}, "*", ""},
		"one origin":      {[]string{"https://a.example"}, "https://a.example", "Origin"},
		"several origins": {[]string{"https://a.example", "https://b.example"}, "*", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := corsHeaders(test.origins)
			if got["Access-Control-Allow-Origin"] != test.allowed || got["Vary"] != test.vary {
				t.Errorf("got %v", got)
			}
		})
	}
}
