package gateway

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"accountapi/test/internal/compiled"

	"go.uber.org/goleak"
)

// bootstrap is testdata/function, compiled once for all tests.
var bootstrap string

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(compiled.Tests{M: m, Source: "./testdata/function", Program: &bootstrap})
}

// cfn is a part of a CloudFormation template.
type cfn = map[string]any

// A fixture is a template that a test builds, in the shape that CDK synthesizes: one API
// "Api" with the stage prod, the TOKEN authorizer "TokenAuthorizer" on the function
// "Authorizer", and the function "Handler" behind the methods.
type fixture struct {
	resources cfn
	sections  cfn // of the template, beside Resources
	// Templates of other stacks by name, which may be followed by the names of the stacks
	// that the stack depends on ("Routes Fixture"), and of nested stacks by file.
	stacks, nested map[string]cfn
	options        Options
	// What the functions do. In a new fixture one allows all, the other answers 200 OK.
	authorizer, handler script
}

func ref(id string) any { return cfn{"Ref": id} }

func getAtt(id, attribute string) any { return cfn{"Fn::GetAtt": []any{id, attribute}} }

func join(parts ...any) any { return cfn{"Fn::Join": []any{"", parts}} }

// invocationOf is the URI of a function's integration.
func invocationOf(function string) any { return invocation(getAtt(function, "Arn")) }

func invocation(arn any) any {
	return join("arn:", ref("AWS::Partition"), ":apigateway:", ref("AWS::Region"),
		":lambda:path/2015-03-31/functions/", arn, "/invocations")
}

func executeAPI(rest ...any) any {
	return join(append([]any{"arn:", ref("AWS::Partition"), ":execute-api:", ref("AWS::Region"), ":",
		ref("AWS::AccountId"), ":", ref("Api"), "/"}, rest...)...)
}

// newFixture has GET /things behind the authorizer, and its preflight.
func newFixture() *fixture {
	f := emptyFixture()
	f.method("GET", "/things")
	f.preflight("/things")
	return f
}

func emptyFixture() *fixture {
	f := &fixture{resources: cfn{}}
	f.authorizer.do = answers(policyFor("Allow", "*"))
	f.handler.do = answers(`{"statusCode":200,"body":"{\"ok\":true}"}`)
	f.add("Api", "AWS::ApiGateway::RestApi", cfn{
		"Name": "fixture", "EndpointConfiguration": cfn{"Types": []any{"REGIONAL"}},
	})
	f.add("Deployment", "AWS::ApiGateway::Deployment", cfn{"RestApiId": ref("Api")})
	f.add("Stage", "AWS::ApiGateway::Stage", cfn{
		"RestApiId": ref("Api"), "DeploymentId": ref("Deployment"), "StageName": "prod",
	})
	for _, name := range []string{"Authorizer", "Handler"} {
		f.add(name, "AWS::Lambda::Function", cfn{
			"Runtime": "provided.al2023", "Handler": "bootstrap", "Timeout": 60.0,
			"Code": cfn{
				"S3Bucket": cfn{"Fn::Sub": "cdk-assets-${AWS::AccountId}-${AWS::Region}"}, "S3Key": "asset.zip",
			},
			"Environment": cfn{"Variables": cfn{}},
		})
	}
	f.permission("AuthorizerPermission", "Authorizer", executeAPI("authorizers/", ref("TokenAuthorizer")))
	f.permission("HandlerPermission", "Handler", executeAPI("*/*/*"))
	f.add("TokenAuthorizer", "AWS::ApiGateway::Authorizer", cfn{
		"Name": "token", "RestApiId": ref("Api"), "Type": "TOKEN",
		"IdentitySource": "method.request.header.Authorization", "AuthorizerUri": invocationOf("Authorizer"),
	})
	return f
}

func (f *fixture) add(id, typ string, p cfn) cfn {
	f.resources[id] = cfn{"Type": typ, "Properties": p}
	return p
}

// never gives a resource a condition that does not hold.
func (f *fixture) never(id string) {
	f.resources[id].(cfn)["Condition"] = "Never"
	f.sections = cfn{"Conditions": cfn{"Never": cfn{"Fn::Equals": []any{"a", "b"}}}}
}

// properties of a resource, to change them.
func (f *fixture) properties(id string) cfn {
	return f.resources[id].(cfn)["Properties"].(cfn)
}

// integration of a method, to change it.
func (f *fixture) integration(id string) cfn {
	return f.properties(id)["Integration"].(cfn)
}

func (f *fixture) permission(id, function string, source any) {
	f.add(id, "AWS::Lambda::Permission", cfn{
		"Action": "lambda:InvokeFunction", "FunctionName": getAtt(function, "Arn"),
		"Principal": "apigateway.amazonaws.com", "SourceArn": source,
	})
}

// resource adds a path and the paths above it, and returns how to refer to it.
func (f *fixture) resource(path string) any {
	if path == "/" {
		return getAtt("Api", "RootResourceId")
	}
	id := logicalID("Api", path)
	if f.resources[id] == nil {
		cut := strings.LastIndex(path, "/")
		parent := f.resource("/" + strings.TrimPrefix(path[:cut], "/"))
		f.add(id, "AWS::ApiGateway::Resource", cfn{
			"RestApiId": ref("Api"), "ParentId": parent, "PathPart": path[cut+1:],
		})
	}
	return ref(id)
}

var notAlphanumeric = regexp.MustCompile(`[^A-Za-z0-9]`)

// logicalID is GET2Fthings for GET and /things.
func logicalID(prefix, path string) string {
	return prefix + notAlphanumeric.ReplaceAllStringFunc(path, func(s string) string { return fmt.Sprintf("%X", s) })
}

// method adds a method behind the authorizer, with the handler as its backend.
func (f *fixture) method(verb, path string) cfn {
	return f.add(logicalID(verb, path), "AWS::ApiGateway::Method", cfn{
		"RestApiId": ref("Api"), "ResourceId": f.resource(path), "HttpMethod": verb,
		"AuthorizationType": "CUSTOM", "AuthorizerId": ref("TokenAuthorizer"),
		"Integration": cfn{"Type": "AWS_PROXY", "IntegrationHttpMethod": "POST", "Uri": invocationOf("Handler")},
	})
}

// public adds a method without an authorizer.
func (f *fixture) public(verb, path string) cfn {
	p := f.method(verb, path)
	p["AuthorizationType"] = "NONE"
	delete(p, "AuthorizerId")
	return p
}

// preflight adds OPTIONS as CDK's CORS support does.
func (f *fixture) preflight(path string) cfn {
	headers := cfn{
		"method.response.header.Access-Control-Allow-Headers": "'Content-Type,X-Amz-Date,Authorization," +
			"X-Api-Key,X-Amz-Security-Token,X-Amz-User-Agent'",
		"method.response.header.Access-Control-Allow-Origin":  "'*'",
		"method.response.header.Access-Control-Allow-Methods": "'OPTIONS,GET,PUT,POST,DELETE,PATCH,HEAD'",
	}
	declared := cfn{}
	for name := range headers {
		declared[name] = true
	}
	return f.add(logicalID("OPTIONS", path), "AWS::ApiGateway::Method", cfn{
		"RestApiId": ref("Api"), "ResourceId": f.resource(path), "HttpMethod": "OPTIONS",
		"AuthorizationType": "NONE", "ApiKeyRequired": false,
		"Integration": cfn{
			"Type": "MOCK", "RequestTemplates": cfn{"application/json": "{ statusCode: 200 }"},
			"IntegrationResponses": []any{cfn{"StatusCode": "204", "ResponseParameters": headers}},
		},
		"MethodResponses": []any{cfn{"StatusCode": "204", "ResponseParameters": declared}},
	})
}

func (f *fixture) gatewayResponse(typ string, p cfn) {
	p["RestApiId"], p["ResponseType"] = ref("Api"), typ
	f.add("Response"+typ, "AWS::ApiGateway::GatewayResponse", p)
}

// assembly writes what cdk synth would, and returns the folder.
func (f *fixture) assembly(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	artifacts := cfn{
		"Fixture.assets": cfn{"type": "cdk:asset-manifest", "properties": cfn{"file": "Fixture.assets.json"}},
		"Tree":           cfn{"type": "cdk:tree", "properties": cfn{"file": "tree.json"}},
	}
	addStack := func(names string, template cfn) {
		name, after, _ := strings.Cut(names, " ")
		artifacts[name] = cfn{
			"type": "aws:cloudformation:stack", "environment": "aws://unknown-account/unknown-region",
			"properties": cfn{"templateFile": name + ".template.json"}, "dependencies": strings.Fields(after),
		}
		writeJSON(t, filepath.Join(dir, name+".template.json"), template)
	}
	template := cfn{"Resources": f.resources}
	maps.Copy(template, f.sections)
	addStack("Fixture", template)
	for names, template := range f.stacks {
		addStack(names, template)
	}
	for file, template := range f.nested {
		writeJSON(t, filepath.Join(dir, file), template)
	}
	writeJSON(t, filepath.Join(dir, "manifest.json"), cfn{"version": "48.0.0", "artifacts": artifacts})
	writeJSON(t, filepath.Join(dir, "Fixture.assets.json"), cfn{"files": cfn{"asset": cfn{
		"source":       cfn{"path": "asset.folder", "packaging": "zip"},
		"destinations": cfn{"current": cfn{"bucketName": "assets", "objectKey": "asset.zip"}},
	}}})
	putBootstrap(t, filepath.Join(dir, "asset.folder"))
	return dir
}

// putBootstrap makes the folder of an asset.
func putBootstrap(t testing.TB, dir string) {
	t.Helper()
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(bootstrap, filepath.Join(dir, "bootstrap")); err != nil {
		t.Fatal(err)
	}
}

func writeJSON(t testing.TB, path string, v any) {
	t.Helper()
	content, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func readJSON(t testing.TB, path string, v any) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(content, v); err != nil {
		t.Fatal(err)
	}
}
