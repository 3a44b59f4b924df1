package gateway

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

func TestLoadRefusesWhatItCannotServe(t *testing.T) {
	tests := []struct {
		name   string
		change func(f *fixture)
		want   string // the error, after the folder and "stack Fixture: "
	}{
		{"a REQUEST authorizer",
			func(f *fixture) { f.properties("TokenAuthorizer")["Type"] = "REQUEST" },
			`TokenAuthorizer (AWS::ApiGateway::Authorizer): Type: REQUEST is not supported by the local gateway: use a TOKEN authorizer`},
		{"a Cognito authorizer",
			func(f *fixture) {
				maps.Copy(f.properties("TokenAuthorizer"), cfn{"Type": "COGNITO_USER_POOLS", "ProviderARNs": []any{"arn"}})
			},
			`TokenAuthorizer (AWS::ApiGateway::Authorizer): ProviderARNs: the local gateway does not support this: Cognito cannot be reached from here: use a TOKEN authorizer
TokenAuthorizer (AWS::ApiGateway::Authorizer): Type: COGNITO_USER_POOLS is not supported by the local gateway: use a TOKEN authorizer`},
		{"an identity source that is no header",
			func(f *fixture) {
				f.properties("TokenAuthorizer")["IdentitySource"] = "method.request.querystring.token"
			},
			`TokenAuthorizer (AWS::ApiGateway::Authorizer): IdentitySource: "method.request.querystring.token" must be method.request.header.NAME, one header`},
		{"a validation expression that only Java understands",
			func(f *fixture) {
				f.properties("TokenAuthorizer")["IdentityValidationExpression"] = `(?=Bearer ).*`
			},
			"TokenAuthorizer (AWS::ApiGateway::Authorizer): IdentityValidationExpression: error parsing regexp: invalid or unsupported Perl syntax: `(?=`: the local gateway knows RE2 expressions only, without look-around and back-references"},
		{"a result TTL of more than an hour",
			func(f *fixture) { f.properties("TokenAuthorizer")["AuthorizerResultTtlInSeconds"] = 3601.0 },
			`TokenAuthorizer (AWS::ApiGateway::Authorizer): AuthorizerResultTtlInSeconds: 3601 is out of range: API Gateway allows 0 to 3600`},
		{"a property that nobody knows",
			func(f *fixture) { f.properties("GET2Fprofile")["Novelty"] = true },
			`GET2Fprofile (AWS::ApiGateway::Method): Novelty: the local gateway does not know this property: take it out for local runs, or add it to the list in support.go`},
		{"a nested property that nobody knows",
			func(f *fixture) { f.properties("GET2Fprofile")["Integration"].(cfn)["Novelty"] = true },
			`GET2Fprofile (AWS::ApiGateway::Method): Integration: Novelty: the local gateway does not know this property: take it out for local runs, or add it to the list in support.go`},
		{"a resource type that nobody knows",
			func(f *fixture) { f.add("New", "AWS::ApiGateway::Novelty", cfn{}) },
			`New (AWS::ApiGateway::Novelty): the local gateway does not know this resource type: take it out for local runs, or add it to the lists in support.go`},
		{"a method with IAM authorization",
			func(f *fixture) { f.properties("GET2Fprofile")["AuthorizationType"] = "AWS_IAM" },
			`GET2Fprofile (AWS::ApiGateway::Method): AuthorizationType: AWS_IAM is not supported by the local gateway: use NONE, or CUSTOM with a TOKEN authorizer`},
		{"a method that requires an API key",
			func(f *fixture) { f.properties("GET2Fprofile")["ApiKeyRequired"] = true },
			`GET2Fprofile (AWS::ApiGateway::Method): ApiKeyRequired: the local gateway has no API keys: set it to false for local runs`},
		{"an HTTP integration",
			func(f *fixture) { f.properties("GET2Fprofile")["Integration"].(cfn)["Type"] = "HTTP_PROXY" },
			`GET2Fprofile (AWS::ApiGateway::Method): Integration: Type: HTTP_PROXY is not supported by the local gateway: use AWS_PROXY with a Lambda function, or MOCK`},
		{"a VPC link",
			func(f *fixture) {
				f.properties("GET2Fprofile")["Integration"].(cfn)["ConnectionType"] = "VPC_LINK"
			},
			`GET2Fprofile (AWS::ApiGateway::Method): Integration: ConnectionType: VPC links cannot be reached from here: use a Lambda proxy integration`},
		{"response streaming",
			func(f *fixture) {
				f.properties("GET2Fprofile")["Integration"].(cfn)["ResponseTransferMode"] = "STREAM"
			},
			`GET2Fprofile (AWS::ApiGateway::Method): Integration: ResponseTransferMode: STREAM is not supported by the local gateway: use BUFFERED`},
		{"VTL in a MOCK integration",
			func(f *fixture) {
				f.properties("OPTIONS2Fprofile")["Integration"].(cfn)["RequestTemplates"] = cfn{"application/json": `#set($x = 1){"statusCode": 200}`}
			},
			`OPTIONS2Fprofile (AWS::ApiGateway::Method): Integration: RequestTemplates.application/json: ` + noVTL},
		{"a response parameter without quotes",
			func(f *fixture) {
				f.gatewayResponse("DEFAULT_4XX", cfn{"ResponseParameters": cfn{"gatewayresponse.header.Access-Control-Allow-Origin": "*"}})
			},
			`ResponseDEFAULT_4XX (AWS::ApiGateway::GatewayResponse): ResponseParameters.gatewayresponse.header.Access-Control-Allow-Origin: invalid mapping expression "*": a literal stands in single quotes inside the text ('…'), an expression starts with method.request. or context. or stageVariables.`},
		{"a gateway response type that does not exist",
			func(f *fixture) { f.gatewayResponse("FORBIDDEN", cfn{}) },
			`ResponseFORBIDDEN (AWS::ApiGateway::GatewayResponse): ResponseType: FORBIDDEN is no type of gateway response`},
		{"two variable siblings",
			func(f *fixture) { f.open("GET", "/{id}"); f.open("GET", "/{proxy+}") },
			`Api2F7Bproxy2B7D (AWS::ApiGateway::Resource): PathPart: {id} and {proxy+} are siblings: API Gateway allows one variable path below a resource`},
		{"a cached stage",
			func(f *fixture) { f.properties("Stage")["CacheClusterEnabled"] = "true" },
			`Stage (AWS::ApiGateway::Stage): CacheClusterEnabled: the local gateway does not cache responses: switch the cache off for local runs`},
		{"a canary",
			func(f *fixture) { f.properties("Stage")["CanarySetting"] = cfn{"PercentTraffic": 10} },
			`Stage (AWS::ApiGateway::Stage): CanarySetting: the local gateway does not support this: deploy without a canary for local runs`},
		{"an API that is not deployed",
			func(f *fixture) { delete(f.resources, "Stage") },
			`Api (AWS::ApiGateway::RestApi): the API is not deployed: it has no AWS::ApiGateway::Stage`},
		{"a private endpoint",
			func(f *fixture) {
				f.properties("Api")["EndpointConfiguration"] = cfn{"Types": []any{"PRIVATE"}}
			},
			`Api (AWS::ApiGateway::RestApi): EndpointConfiguration: a PRIVATE endpoint answers inside its VPC only: use REGIONAL for local runs`},
		{"an OpenAPI document",
			func(f *fixture) { f.properties("Api")["Body"] = cfn{"openapi": "3.0.1"} },
			`Api (AWS::ApiGateway::RestApi): Body: the local gateway does not support this: declare resources and methods in the template, as CDK's RestApi does, not in an OpenAPI document`},
		{"a function for another runtime",
			func(f *fixture) { f.properties("Handler")["Runtime"] = "nodejs22.x" },
			`Handler (AWS::Lambda::Function): Runtime: "nodejs22.x" cannot run here: only functions for an OS-only runtime (provided.al2023) whose asset has a bootstrap can`},
		{"a function without an asset",
			func(f *fixture) { f.properties("Handler")["Code"] = cfn{"S3Key": "other.zip"} },
			`Handler (AWS::Lambda::Function): Code: the assembly has no asset other.zip: run cdk synth again`},
		{"a function that is not in the assembly",
			func(f *fixture) {
				f.properties("GET2Fprofile")["Integration"].(cfn)["Uri"] = "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-west-1:1:function:x/invocations"
			},
			`GET2Fprofile (AWS::ApiGateway::Method): Integration: Uri: no stack of the assembly has the function arn:aws:lambda:eu-west-1:1:function:x`},
		{"a reserved variable",
			func(f *fixture) {
				f.properties("Handler")["Environment"] = cfn{"Variables": cfn{"AWS_REGION": "x"}}
			},
			`Handler: function "Fixture-Handler-` + madeUp(alphanumeric, 12, "Fixture", "Handler") + `": variable AWS_REGION is reserved by Lambda: choose another name`},
		{"a variable without a value",
			func(f *fixture) {
				f.properties("Handler")["Environment"] = cfn{"Variables": cfn{"TABLE": ref("Nothing")}}
			},
			`Handler (AWS::Lambda::Function): Environment.Variables.TABLE: Ref: the template has no parameter and no resource Nothing`},
		{"two mistakes at once",
			func(f *fixture) {
				f.properties("GET2Fprofile")["AuthorizationType"] = "AWS_IAM"
				f.properties("TokenAuthorizer")["Type"] = "REQUEST"
			},
			`TokenAuthorizer (AWS::ApiGateway::Authorizer): Type: REQUEST is not supported by the local gateway: use a TOKEN authorizer
GET2Fprofile (AWS::ApiGateway::Method): AuthorizationType: AWS_IAM is not supported by the local gateway: use NONE, or CUSTOM with a TOKEN authorizer`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := newFixture()
			test.change(f)
			dir := f.assembly(t)
			g, err := Load(dir, Options{})
			if err == nil {
				g.Close()
			}
			if want := dir + ": stack Fixture: " + test.want; err == nil || err.Error() != want {
				t.Errorf("got  %v\nwant %s", err, want)
			}
		})
	}
	t.Run("a folder that is no assembly", func(t *testing.T) {
		dir := t.TempDir()
		_, err := Load(dir, Options{})
		if want := dir + " is not a cloud assembly, it has no manifest.json: run cdk synth and give the folder it wrote"; err == nil || err.Error() != want {
			t.Errorf("got %v", err)
		}
	})
}

func TestLoadTakesWhatHasNoEffectHere(t *testing.T) {
	f := newFixture()
	maps.Copy(f.properties("Stage"), cfn{
		"AccessLogSetting": cfn{"DestinationArn": getAtt("AccessLog", "Arn"), "Format": `{"requestId":"$context.requestId"}`},
		"TracingEnabled":   true, "Tags": []any{cfn{"Key": "a", "Value": "b"}}, "CacheClusterEnabled": false,
		"MethodSettings": []any{cfn{"HttpMethod": "*", "ResourcePath": "/*", "LoggingLevel": "ERROR", "DataTraceEnabled": false, "MetricsEnabled": true,
			"CachingEnabled": false, "ThrottlingRateLimit": 1000.0, "ThrottlingBurstLimit": 500.0}},
	})
	maps.Copy(f.properties("Api"), cfn{"Description": "text", "DisableExecuteApiEndpoint": true, "ApiKeySourceType": "HEADER"})
	for id, typ := range map[string]string{
		"AccessLog": "AWS::Logs::LogGroup", "Account": "AWS::ApiGateway::Account", "Domain": "AWS::ApiGateway::DomainName",
		"Mapping": "AWS::ApiGateway::BasePathMapping", "Acl": "AWS::WAFv2::WebACL", "Association": "AWS::WAFv2::WebACLAssociation",
		"Alarm": "AWS::CloudWatch::Alarm", "Dashboard": "AWS::CloudWatch::Dashboard", "Topic": "AWS::SNS::Topic", "Filter": "AWS::Logs::MetricFilter",
		"Metadata": "AWS::CDK::Metadata", "Custom": "Custom::Thing", "Plan": "AWS::ApiGateway::UsagePlan", "Key": "AWS::ApiGateway::ApiKey",
	} {
		f.add(id, typ, cfn{"Whatever": cfn{"Fn::Novelty": "x"}})
	}
	w := f.start(t)
	w.get("/prod/profile").is200()
	if w.gateway.Stage() != "prod" {
		t.Errorf("the stage is %q", w.gateway.Stage())
	}
}

func TestVariablesOfTheTemplateAreResolved(t *testing.T) {
	f := newFixture()
	f.add("Table", "AWS::DynamoDB::Table", cfn{})
	f.add("Queue", "AWS::SQS::Queue", cfn{"QueueName": "jobs"})
	f.options.Env = map[string]string{"OVERRIDDEN": "by the caller", "ADDED": "too"}
	f.options.Region, f.options.AccountID = "eu-west-1", "111122223333"
	f.options.Parameters = map[string]string{"Given": "given"}
	dir := f.assembly(t)
	rewrite(t, dir, func(template cfn) {
		template["Parameters"] = cfn{"Level": cfn{"Type": "String", "Default": "INFO"}, "Given": cfn{"Type": "String"},
			"Zones": cfn{"Type": "CommaDelimitedList", "Default": "a, b"}}
		template["Conditions"] = cfn{"IsEurope": cfn{"Fn::Equals": []any{ref("AWS::Region"), "eu-west-1"}},
			"IsOther": cfn{"Fn::Not": []any{cfn{"Condition": "IsEurope"}}}}
		template["Mappings"] = cfn{"Sizes": cfn{"eu-west-1": cfn{"size": 7}}}
		template["Resources"].(cfn)["Handler"].(cfn)["Properties"].(cfn)["Environment"] = cfn{"Variables": cfn{
			"PLAIN": "text", "NUMBER": 5, "FLAG": true,
			"LEVEL":      ref("Level"),
			"GIVEN":      ref("Given"),
			"SUB":        cfn{"Fn::Sub": "${AWS::Partition}-${Level}-${Queue.QueueName}-${!Literal}"},
			"SUB_OWN":    cfn{"Fn::Sub": []any{"${x}!", cfn{"x": ref("Level")}}},
			"JOIN":       cfn{"Fn::Join": []any{"/", []any{"a", ref("AWS::AccountId")}}},
			"SELECT":     cfn{"Fn::Select": []any{"1", ref("Zones")}},
			"SPLIT":      cfn{"Fn::Select": []any{1, cfn{"Fn::Split": []any{"-", "x-y"}}}},
			"IF":         cfn{"Fn::If": []any{"IsEurope", "eu", "other"}},
			"NOTHING":    cfn{"Fn::If": []any{"IsOther", "x", ref("AWS::NoValue")}},
			"MAP":        cfn{"Fn::FindInMap": []any{"Sizes", ref("AWS::Region"), "size"}},
			"BASE64":     cfn{"Fn::Base64": "hi"},
			"QUEUE_URL":  ref("Queue"),
			"QUEUE_ARN":  getAtt("Queue", "Arn"),
			"TABLE":      ref("Table"),
			"TABLE_ARN":  cfn{"Fn::GetAtt": "Table.Arn"},
			"OVERRIDDEN": cfn{"Fn::Novelty": "an expression without a value here"},
		}}
	})
	g, err := Load(dir, f.options)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	table := "Fixture-Table-" + madeUp(alphanumeric, 12, "Fixture", "Table")
	want := map[string]string{
		"PLAIN": "text", "NUMBER": "5", "FLAG": "true", "LEVEL": "INFO", "GIVEN": "given",
		"SUB": "aws-INFO-jobs-${Literal}", "SUB_OWN": "INFO!", "JOIN": "a/111122223333", "SELECT": "b", "SPLIT": "y", "IF": "eu", "MAP": "7",
		"BASE64": "aGk=", "QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/111122223333/jobs", "QUEUE_ARN": "arn:aws:sqs:eu-west-1:111122223333:jobs",
		"TABLE": table, "TABLE_ARN": "arn:aws:dynamodb:eu-west-1:111122223333:table/" + table,
		"OVERRIDDEN": "by the caller", "ADDED": "too",
	}
	functions := g.Functions()
	if len(functions) != 2 || functions[1].LogicalID != "Handler" {
		t.Fatalf("functions: %+v", functions)
	}
	equal(t, functions[1].Env, want)
	equal(t, functions[0].Env, f.options.Env)
}

// rewrite changes the template of a written assembly.
func rewrite(t *testing.T, dir string, change func(template cfn)) {
	t.Helper()
	path := filepath.Join(dir, "Fixture.template.json")
	var template cfn
	if err := readJSON(path, &template); err != nil {
		t.Fatal(err)
	}
	change(template)
	content, err := json.Marshal(template)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestAPIsAndStagesAreChosen(t *testing.T) {
	two := func() *fixture {
		f := newFixture()
		f.add("Another", "AWS::ApiGateway::RestApi", cfn{})
		f.add("Beta", "AWS::ApiGateway::Stage", cfn{"RestApiId": ref("Api"), "StageName": "beta"})
		return f
	}
	tests := []struct {
		name    string
		options Options
		want    string
	}{
		{"several APIs", Options{}, `there are 2 REST APIs, only one can be served: set Options.API to one of Fixture/Another, Fixture/Api`},
		{"an API that is not there", Options{API: "Third"}, `no REST API is called Third: there is Fixture/Another, Fixture/Api`},
		{"several stages", Options{API: "Api"}, `stack Fixture: Api (AWS::ApiGateway::RestApi): it has 2 stages, only one can be served: set Options.Stage to one of beta, prod`},
		{"a stage that is not there", Options{API: "Fixture/Api", Stage: "dev"}, `stack Fixture: Api (AWS::ApiGateway::RestApi): it has no stage dev, only beta, prod`},
		{"one of each", Options{API: "Fixture/Api", Stage: "beta"}, ``},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := two().assembly(t)
			g, err := Load(dir, test.options)
			if err == nil {
				g.Close()
			}
			if test.want == "" {
				if err != nil {
					t.Error(err)
				}
			} else if err == nil || err.Error() != dir+": "+test.want {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
		})
	}
}

func TestAssetThatWasZippedBeforeSynthesis(t *testing.T) {
	f := newFixture()
	dir := f.assembly(t)
	file, err := os.Create(filepath.Join(dir, "asset.folder.zip"))
	if err != nil {
		t.Fatal(err)
	}
	archive := zip.NewWriter(file)
	entry, err := archive.Create("bootstrap") // without an execute bit
	if err != nil {
		t.Fatal(err)
	}
	if _, err := entry.Write([]byte("#!/bin/sh\n")); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(archive.Close(), file.Close()); err != nil {
		t.Fatal(err)
	}
	manifest := `{"files":{"asset":{"source":{"path":"asset.folder.zip","packaging":"file"},"destinations":{"current":{"objectKey":"asset.zip"}}}}}`
	if err := os.WriteFile(filepath.Join(dir, "Fixture.assets.json"), []byte(manifest), 0o600); err != nil {
		t.Fatal(err)
	}
	g, err := Load(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	unpacked := g.loader.unpacked
	if err := g.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(unpacked); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is still there: %v", unpacked, err)
	}
}

func TestFunctionsOfAnotherStackAreFound(t *testing.T) {
	f := newFixture()
	f.connect(t)
	handler := f.resources["Handler"]
	delete(f.resources, "Handler")
	dir := f.assembly(t)
	imported := cfn{"Fn::ImportValue": "Backend:HandlerArn"}
	rewrite(t, dir, func(template cfn) {
		resources := template["Resources"].(cfn)
		resources["GET2Fprofile"].(cfn)["Properties"].(cfn)["Integration"].(cfn)["Uri"] =
			join("arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/", imported, "/invocations")
		resources["HandlerPermission"].(cfn)["Properties"].(cfn)["FunctionName"] = imported
	})
	backend, _ := json.Marshal(cfn{"Resources": cfn{"Handler": handler}, "Outputs": cfn{
		"Export": cfn{"Value": getAtt("Handler", "Arn"), "Export": cfn{"Name": "Backend:HandlerArn"}}}})
	manifest := `{"artifacts":{
		"Fixture.assets":{"type":"cdk:asset-manifest","properties":{"file":"Fixture.assets.json"}},
		"Fixture":{"type":"aws:cloudformation:stack","environment":"aws://unknown-account/unknown-region","properties":{"templateFile":"Fixture.template.json"}},
		"assembly-Stage":{"type":"cdk:cloud-assembly","properties":{"directoryName":"stage"}}}}`
	nested := `{"artifacts":{"Backend":{"type":"aws:cloudformation:stack","environment":"aws://unknown-account/unknown-region","properties":{"templateFile":"Backend.template.json"}}}}`
	if err := os.Mkdir(filepath.Join(dir, "stage"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{"manifest.json": manifest, "stage/manifest.json": nested, "stage/Backend.template.json": string(backend)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f.serve(t, dir).get("/prod/profile").is200()
}

func TestPreflightForSeveralOrigins(t *testing.T) {
	f := newFixture()
	answer := f.preflight("/profile")["Integration"].(cfn)["IntegrationResponses"].([]any)[0].(cfn)
	parameters := answer["ResponseParameters"].(cfn)
	parameters["method.response.header.Access-Control-Allow-Origin"] = "'https://one.example.com'"
	parameters["method.response.header.Vary"] = "'Origin'"
	f.properties("OPTIONS2Fprofile")["MethodResponses"].([]any)[0].(cfn)["ResponseParameters"].(cfn)["method.response.header.Vary"] = true
	answer["ResponseTemplates"] = cfn{"application/json": `#set($origin = $input.params().header.get("Origin"))
#if($origin == "")
  #set($origin = $input.params().header.get("origin"))
#end
#if($origin == "https://two.example.com" || $origin == "https://three.example.com")
  #set($context.responseOverride.header.Access-Control-Allow-Origin = $origin)
#end`}
	w := f.start(t)
	for origin, allowed := range map[string]string{
		"https://one.example.com":   "https://one.example.com",
		"https://two.example.com":   "https://two.example.com",
		"https://three.example.com": "https://three.example.com",
		"https://evil.example.com":  "https://one.example.com",
		"":                          "https://one.example.com",
	} {
		w.send("OPTIONS /prod/profile", "Origin: "+origin).is(204, "", "").has("Access-Control-Allow-Origin", allowed).has("Vary", "Origin")
	}
}

func TestMockPassesOrRefusesOtherMediaTypes(t *testing.T) {
	for behavior, status := range map[string]int{"": 500, "WHEN_NO_MATCH": 500, "WHEN_NO_TEMPLATES": 415, "NEVER": 415} {
		f := newFixture()
		if behavior != "" {
			f.properties("OPTIONS2Fprofile")["Integration"].(cfn)["PassthroughBehavior"] = behavior
		}
		w := f.start(t)
		if got := w.send("OPTIONS /prod/profile", "Content-Type: text/plain").status; got != status {
			t.Errorf("PassthroughBehavior %q: got %d, want %d", behavior, got, status)
		}
		w.send("OPTIONS /prod/profile", "Content-Type: application/json; charset=utf-8").is(204, "", "")
	}
}

func TestMockChoosesByPatternAndAnswersAText(t *testing.T) {
	f := newFixture()
	p := f.preflight("/health")
	p["HttpMethod"] = "GET"
	p["Integration"].(cfn)["IntegrationResponses"] = []any{
		cfn{"StatusCode": "500", "SelectionPattern": `5\d\d`},
		cfn{"StatusCode": "200", "SelectionPattern": `20`}, // the whole status must match
		cfn{"StatusCode": "204", "SelectionPattern": `2\d\d`, "ResponseTemplates": cfn{"application/json": `{"status":"up"}`}},
	}
	p["MethodResponses"] = []any{cfn{"StatusCode": "500"}, cfn{"StatusCode": "200"}, cfn{"StatusCode": "204"}}
	f.start(t).send("GET /prod/health").is(204, "", "")
	p["Integration"].(cfn)["IntegrationResponses"].([]any)[2].(cfn)["StatusCode"] = "200"
	f.start(t).send("GET /prod/health").is(200, "", `{"status":"up"}`)
}

// A clock that a test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func newClock() *clock { return &clock{now: time.Date(2026, 7, 20, 1, 56, 20, 0, time.UTC)} }

func TestCachedAnswerExpires(t *testing.T) {
	f, c := newFixture(), newClock()
	f.options.Now = c.Now
	f.properties("TokenAuthorizer")["AuthorizerResultTtlInSeconds"] = "60"
	w := f.start(t)
	for i, step := range []struct {
		wait        time.Duration
		invocations int
	}{{0, 1}, {59 * time.Second, 1}, {time.Second, 2}, {59 * time.Second, 2}, {time.Second, 3}} {
		c.advance(step.wait)
		w.get("/prod/profile").is200()
		if n := w.authorizer.count(); n != step.invocations {
			t.Errorf("step %d: the authorizer was invoked %d times, want %d: a hit must not extend the expiry", i+1, n, step.invocations)
		}
	}
	equal(t, at(t, w.handler.last(t), "requestContext", "requestTime"), "20/Jul/2026:01:58:20 +0000")
	if n := len(w.gateway.api.root.literals["profile"].methods["GET"].authorizer.cache); n != 1 {
		t.Errorf("the cache has %d entries, want 1", n)
	}
}

func TestLastOfSeveralAuthorizationHeadersCounts(t *testing.T) {
	w := newFixture().start(t)
	w.send("GET /prod/profile", "Authorization: Bearer first", "Authorization: Bearer last").is200()
	equal(t, w.authorizer.last(t)["authorizationToken"], "Bearer last")
	equal(t, w.record(t).Warning, "the request has 2 headers Authorization; the last one counts")
}

func TestMethodARNKeepsVerbAndPathAsSent(t *testing.T) {
	f := emptyFixture()
	f.method("ANY", "/{proxy+}")
	f.method("GET", "/")
	f.properties("TokenAuthorizer")["AuthorizerResultTtlInSeconds"] = 0.0
	w := f.start(t)
	for request, suffix := range map[string]string{
		"GET /prod":                 "/prod/GET/",
		"GET /prod/":                "/prod/GET/",
		"PATCH /prod/a/b":           "/prod/PATCH/a/b",
		"GET /prod/a/":              "/prod/GET/a/",
		"GET /prod/%7Ea?x=1":        "/prod/GET/%7Ea",
		"DELETE /prod//a//b":        "/prod/DELETE/a//b",
		"GET http://host/prod/abso": "/prod/GET/abso",
	} {
		w.send(request, goodToken).is200()
		if arn := w.authorizer.last(t)["methodArn"].(string); !strings.HasSuffix(arn, w.gateway.api.id+suffix) {
			t.Errorf("%s: the method ARN is %s, want …%s", request, arn, suffix)
		}
	}
	w.send("GET /prod/"+strings.Repeat("a", 1600), goodToken).is(414, "RequestUriTooLongException", `{"message":"Request URI too long"}`)
}

func TestMethodOverride(t *testing.T) {
	f := emptyFixture()
	f.open("PATCH", "/profile")
	w := f.start(t)
	w.send("POST /prod/profile", "X-HTTP-Method-Override: PATCH").is200()
	equal(t, w.handler.last(t)["httpMethod"], "PATCH")
}

func TestConcreteMethodWinsOverANY(t *testing.T) {
	f := emptyFixture()
	f.open("ANY", "/a")["OperationName"] = "any"
	f.open("GET", "/a")["OperationName"] = "get"
	w := f.start(t)
	w.send("GET /prod/a").is200()
	equal(t, at(t, w.handler.last(t), "requestContext", "operationName"), "get")
	w.send("DELETE /prod/a").is200()
	equal(t, at(t, w.handler.last(t), "requestContext", "operationName"), "any")
	w.send("TRACE /prod/a").is403M()
}

func TestNestedVariables(t *testing.T) {
	f := emptyFixture()
	f.open("GET", "/users/{user}/orders/{order}")
	f.open("GET", "/users/{user}/files/{path+}")
	f.open("GET", "/users/me")
	w := f.start(t)
	for target, want := range map[string][]any{
		"/prod/users/ada/orders/7":   {"/users/{user}/orders/{order}", map[string]any{"user": "ada", "order": "7"}},
		"/prod/users/me/orders/7":    {"/users/{user}/orders/{order}", map[string]any{"user": "me", "order": "7"}},
		"/prod/users/a%2Fb/files/x/": {"/users/{user}/files/{path+}", map[string]any{"user": "a%2Fb", "path": "x"}},
		"/prod/users/me":             {"/users/me", nil},
	} {
		w.send("GET " + target).is200()
		event := w.handler.last(t)
		equal(t, []any{event["resource"], event["pathParameters"]}, want)
	}
	w.send("GET /prod/users/ada").is403M()
	w.send("GET /prod/users/ada/files").is403M()
	w.send("GET /prod/users//orders/7").is403M()
}

func TestStageVariablesReachTheFunction(t *testing.T) {
	f := newFixture()
	f.properties("Stage")["Variables"] = cfn{"colour": "blue"}
	w := f.start(t)
	w.get("/prod/profile").is200()
	equal(t, w.handler.last(t)["stageVariables"], map[string]any{"colour": "blue"})
}

// The types of aws-lambda-go are what most Go functions see of the events.
func TestEventsAreThoseOfAWSLambdaGo(t *testing.T) {
	f := newFixture()
	f.authorizer.do = func(event []byte) does {
		var request events.APIGatewayCustomAuthorizerRequest
		if err := strictly(event, &request); err != nil {
			t.Error(err)
		}
		answer, err := json.Marshal(events.APIGatewayCustomAuthorizerResponse{
			PrincipalID: "user",
			PolicyDocument: events.APIGatewayCustomAuthorizerPolicy{Version: "2012-10-17", Statement: []events.IAMPolicyStatement{
				{Action: []string{"execute-api:Invoke"}, Effect: "Allow", Resource: []string{request.MethodArn}},
			}},
			Context: map[string]any{"scope": "get:profile"},
		})
		if err != nil {
			t.Error(err)
		}
		return does{Answer: string(answer)}
	}
	f.handler.do = func(event []byte) does {
		var request events.APIGatewayProxyRequest // which knows no principalOrgId, but AWS sends it
		if err := json.Unmarshal(event, &request); err != nil {
			t.Error(err)
		}
		equal(t, request.RequestContext.Authorizer["scope"], "get:profile")
		answer, err := json.Marshal(events.APIGatewayProxyResponse{StatusCode: 201, Body: request.QueryStringParameters["q"]})
		if err != nil {
			t.Error(err)
		}
		return does{Answer: string(answer)}
	}
	f.start(t).get("/prod/profile?q=7", "User-Agent: test").is(201, "", "7")
}

func strictly(event []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(event))
	d.DisallowUnknownFields()
	return d.Decode(v)
}

func TestPrincipalInAPolicyIsIgnored(t *testing.T) {
	w := authorizerThat(t, answers(strings.Replace(policyFor("Allow", "*"), `"Action"`, `"Principal":"*","Action"`, 1)))
	w.get("/prod/profile").is200()
	equal(t, w.record(t).Warning, "the Principal of statement 1 has no meaning in an authorizer's policy")
}

func TestBinaryBodies(t *testing.T) {
	f := emptyFixture()
	f.open("POST", "/profile")
	f.properties("Api")["BinaryMediaTypes"] = []any{"image/*"}
	w := f.start(t)
	for _, test := range []struct {
		contentType, body, want string
		isBase64                bool
	}{
		{"image/png", "data", "ZGF0YQ==", true},
		{"text/plain", "data", "data", false},
		{"text/plain", "\xff\xfe", "//4=", true},
	} {
		w.send("POST /prod/profile", "Content-Type: "+test.contentType, "", test.body).is200()
		equal(t, []any{w.handler.last(t)["body"], w.handler.last(t)["isBase64Encoded"]}, []any{test.want, test.isBase64})
	}
}

func TestBase64ThatIsNone(t *testing.T) {
	f := newFixture()
	f.properties("Api")["BinaryMediaTypes"] = []any{"*/*"}
	f.handler.do = answers(`{"body":"%%%","isBase64Encoded":true}`)
	f.start(t).get("/prod/profile").is(500, "ApiConfigurationException", `{"message":"Internal server error"}`)
}

func TestPermissionsOfFunctions(t *testing.T) {
	failed := func(r *reply) {
		r.t.Helper()
		r.is(500, "InternalServerErrorException", `{"message":"Internal server error"}`)
	}
	tests := []struct {
		name    string
		change  func(f *fixture)
		allowed bool
	}{
		{"the exact method", func(f *fixture) {
			f.permission("HandlerPermission", "Handler", executeAPI(ref("Stage"), "/GET/profile"))
		}, true},
		{"another method", func(f *fixture) {
			f.permission("HandlerPermission", "Handler", executeAPI(ref("Stage"), "/POST/profile"))
		}, false},
		{"another stage", func(f *fixture) {
			f.permission("HandlerPermission", "Handler", executeAPI("test-invoke-stage/GET/profile"))
		}, false},
		{"every source", func(f *fixture) { delete(f.properties("HandlerPermission"), "SourceArn") }, true},
		{"another principal", func(f *fixture) { f.properties("HandlerPermission")["Principal"] = "events.amazonaws.com" }, false},
		{"another account", func(f *fixture) { f.properties("HandlerPermission")["SourceAccount"] = "999999999999" }, false},
		{"by the function's name", func(f *fixture) { f.properties("HandlerPermission")["FunctionName"] = ref("Handler") }, true},
		{"none", func(f *fixture) { delete(f.resources, "HandlerPermission") }, false},
		{"none, but a role", func(f *fixture) {
			delete(f.resources, "HandlerPermission")
			f.properties("GET2Fprofile")["Integration"].(cfn)["Credentials"] = "arn:aws:iam::123456789012:role/caller"
		}, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := newFixture()
			test.change(f)
			w := f.start(t)
			if r := w.get("/prod/profile"); test.allowed {
				r.is200()
			} else {
				failed(r)
				if !strings.Contains(w.record(t).Reason, "no AWS::Lambda::Permission lets apigateway.amazonaws.com invoke Handler for arn:") {
					t.Errorf("the reason is %q", w.record(t).Reason)
				}
			}
		})
	}
}

func TestThrottlingByTheStage(t *testing.T) {
	f, c := newFixture(), newClock()
	f.open("GET", "/open")
	f.open("GET", "/closed")
	f.options.Now = c.Now
	f.properties("Stage")["MethodSettings"] = []any{
		cfn{"HttpMethod": "*", "ResourcePath": "/*", "ThrottlingRateLimit": 1.0, "ThrottlingBurstLimit": 2.0},
		cfn{"HttpMethod": "GET", "ResourcePath": "/~1closed", "ThrottlingRateLimit": 0.0, "ThrottlingBurstLimit": 0.0},
	}
	w := f.start(t)
	limited := func(r *reply) {
		t.Helper()
		r.is(429, "TooManyRequestsException", `{"message":"Too Many Requests"}`)
	}
	w.send("GET /prod/open").is200()
	w.send("GET /prod/open").is200()
	limited(w.send("GET /prod/open"))
	w.get("/prod/profile").is200() // each method has a bucket of its own
	limited(w.send("GET /prod/closed"))
	c.advance(time.Second)
	w.send("GET /prod/open").is200()
	limited(w.send("GET /prod/open"))
}

func TestGatewayResponsesMapParameters(t *testing.T) {
	f := newFixture()
	f.properties("Stage")["Variables"] = cfn{"colour": "blue"}
	f.gatewayResponse("UNAUTHORIZED", cfn{
		"ResponseParameters": cfn{
			"gatewayresponse.header.X-Origin":   "method.request.header.Origin",
			"gatewayresponse.header.X-Query":    "method.request.querystring.q",
			"gatewayresponse.header.X-Missing":  "method.request.header.Nothing",
			"gatewayresponse.header.X-Request":  "context.requestId",
			"gatewayresponse.header.X-Variable": "stageVariables.colour",
		},
		"ResponseTemplates": cfn{"text/html": "<p>$context.error.message from $method.request.header.Origin</p>", "application/json": `{"m":$context.error.messageString}`},
	})
	w := f.start(t)
	r := w.send("GET /prod/profile?q=1", "Origin: https://a.example.com", "Accept: text/html, */*").
		is(401, "UnauthorizedException", "<p>Unauthorized from https://a.example.com</p>").
		has("Content-Type", "text/html").has("X-Origin", "https://a.example.com").has("X-Query", "1").has("X-Missing", "").has("X-Variable", "blue")
	r.has("X-Request", r.header.Get("x-amzn-RequestId"))
	w.send("GET /prod/profile", "Accept: image/png").is(401, "UnauthorizedException", `{"m":"Unauthorized"}`).has("Content-Type", "application/json")
}

func TestRecords(t *testing.T) {
	const secret = "Bearer eyJhbGciOiJSUzI1NiJ9.e30.c2ln"
	f := newFixture()
	f.authorizer.do = func(event []byte) does {
		if strings.Contains(string(event), "good") {
			return does{Answer: policyFor("Allow", "*")}
		}
		message := "no key for eyJhbGciOiJSUzI1NiJ9.e30.c2ln"
		return does{Error: &message}
	}
	w := f.start(t)
	tests := []struct {
		request string
		lines   []string
		want    Record
	}{
		{"GET /prod/profile?token=x", []string{goodToken}, Record{Status: 200, Authorizer: AuthorizerMiss, Route: "/profile"}},
		{"GET /prod/profile", []string{goodToken}, Record{Status: 200, Authorizer: AuthorizerHit, Route: "/profile"}},
		{"GET /prod/profile", nil, Record{Status: 401, Authorizer: AuthorizerRefused, Route: "/profile", ResponseType: "UNAUTHORIZED",
			Reason: "the header Authorization is missing or empty"}},
		{"GET /prod/profile", []string{"Authorization: " + secret}, Record{Status: 500, Authorizer: AuthorizerFailed, Route: "/profile",
			ResponseType: "AUTHORIZER_CONFIGURATION_ERROR", Reason: "authorizer: no key for [redacted]"}},
		{"OPTIONS /prod/profile", nil, Record{Status: 204, Authorizer: AuthorizerNone, Route: "/profile"}},
		{"GET /prod/nope", nil, Record{Status: 403, Authorizer: AuthorizerNone, ResponseType: "MISSING_AUTHENTICATION_TOKEN",
			Reason: "no resource has the path /nope and the method GET"}},
	}
	for _, test := range tests {
		w.send(test.request, test.lines...)
		got := w.record(t)
		if got.RequestID == "" || got.Time.IsZero() || got.Latency <= 0 || got.Latency < got.AuthorizerLatency+got.IntegrationLatency {
			t.Errorf("%s: %+v", test.request, got)
		}
		verb, path, _ := strings.Cut(test.request, " ")
		path, _, _ = strings.Cut(path, "?")
		want := test.want
		want.Method, want.Path = verb, path
		want.Time, want.RequestID, want.Latency = got.Time, got.RequestID, got.Latency
		want.AuthorizerLatency, want.IntegrationLatency = got.AuthorizerLatency, got.IntegrationLatency
		equal(t, got, want)
	}
}

func TestParallelClients(t *testing.T) {
	const clients, requests = 200, 5
	f := newFixture()
	f.options.Freeze = true
	f.handler.do = func(event []byte) does {
		var e struct {
			QueryStringParameters map[string]string
			RequestContext        struct{ Authorizer map[string]any }
		}
		json.Unmarshal(event, &e)
		body, _ := json.Marshal(fmt.Sprint(e.QueryStringParameters["n"], e.RequestContext.Authorizer["principalId"]))
		return does{Answer: `{"body":` + string(body) + `}`}
	}
	f.authorizer.do = func(event []byte) does {
		var e struct{ AuthorizationToken string }
		json.Unmarshal(event, &e)
		user := strings.TrimPrefix(e.AuthorizationToken, "Bearer ")
		return does{Answer: strings.Replace(policyFor("Allow", "*"), `"user"`, `"`+user+`"`, 1)}
	}
	w := f.start(t)
	var all sync.WaitGroup
	for client := range clients {
		all.Go(func() {
			for n := range requests {
				w.send(fmt.Sprintf("GET /prod/profile?n=%d-", n), fmt.Sprintf("Authorization: Bearer user%d", client)).
					is(200, "", fmt.Sprintf("%d-user%d", n, client))
			}
		})
	}
	all.Wait()
	w.invoked(&w.handler, clients*requests)
	children := processesOf(t)
	if len(children) == 0 || len(children) > 20 {
		t.Errorf("%d processes run", len(children))
	}
	if err := w.gateway.Close(); err != nil {
		t.Error(err)
	}
	for _, pid := range children {
		if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
			t.Errorf("process %d is still there: %v", pid, err)
		}
	}
	w.get("/prod/profile").is500C()
}

// processesOf lists the functions' processes: the children of this one.
func processesOf(t *testing.T) (pids []int) {
	t.Helper()
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", os.Getpid()))
	if len(tasks) == 0 {
		t.Skip("this system has no /proc that tells the children of a process")
	}
	for _, task := range tasks {
		content, err := os.ReadFile(task)
		if err != nil {
			continue // a thread that has ended
		}
		for _, field := range strings.Fields(string(content)) {
			var pid int
			fmt.Sscan(field, &pid)
			pids = append(pids, pid)
		}
	}
	slices.Sort(pids)
	return slices.Compact(pids)
}

// The time that a request takes beyond its function's: what the gateway costs.
func BenchmarkOverhead(b *testing.B) {
	f := newFixture()
	f.connect(b)
	var overheads []time.Duration
	f.options.Log = func(r Record) { overheads = append(overheads, r.Latency-r.AuthorizerLatency-r.IntegrationLatency) }
	g, err := Load(f.assembly(b), f.options)
	if err != nil {
		b.Fatal(err)
	}
	defer g.Close()
	for b.Loop() {
		request, _ := http.NewRequest("GET", "/prod/profile", http.NoBody)
		request.Header.Set("Authorization", "Bearer good")
		g.ServeHTTP(discard{http.Header{}}, request)
	}
	slices.Sort(overheads)
	b.ReportMetric(float64(overheads[len(overheads)/2].Nanoseconds()), "overhead-p50-ns")
}

type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(p []byte) (int, error) { return len(p), nil }
func (d discard) WriteHeader(int)             {}
