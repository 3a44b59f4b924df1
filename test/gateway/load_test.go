package gateway

import (
	"archive/zip"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"testing"
)

// set sets a property of a resource of the fixture.
func set(id, property string, value any) func(*fixture) {
	return func(f *fixture) { f.properties(id)[property] = value }
}

// setIntegration sets a property of the integration of GET /things.
func setIntegration(property string, value any) func(*fixture) {
	return func(f *fixture) { f.integration("GET2Fthings")[property] = value }
}

func TestLoadRefusesUnsupportedTemplates(t *testing.T) {
	const authorizer = "TokenAuthorizer (AWS::ApiGateway::Authorizer): "
	const method = "GET2Fthings (AWS::ApiGateway::Method): "
	tests := []struct {
		name   string
		change func(f *fixture)
		want   string // the error, after the folder and "stack Fixture: "
	}{
		{"REQUEST authorizer", set("TokenAuthorizer", "Type", "REQUEST"),
			authorizer + `Type: REQUEST is not supported by the local gateway: use a TOKEN authorizer`},
		{"Cognito authorizer",
			func(f *fixture) {
				maps.Copy(f.properties("TokenAuthorizer"),
					cfn{"Type": "COGNITO_USER_POOLS", "ProviderARNs": []any{"arn"}})
			},
			authorizer + `ProviderARNs: the local gateway does not support this: ` +
				`Cognito cannot be reached from here: use a TOKEN authorizer` + "\n" +
				authorizer + `Type: COGNITO_USER_POOLS is not supported by the local gateway: use a TOKEN authorizer`},
		{"identity source that is no header",
			set("TokenAuthorizer", "IdentitySource", "method.request.querystring.token"),
			authorizer + `IdentitySource: "method.request.querystring.token" must be ` +
				`method.request.header.NAME, one header`},
		{"validation expression that is not RE2",
			set("TokenAuthorizer", "IdentityValidationExpression", `(?=Bearer ).*`),
			authorizer + "IdentityValidationExpression: error parsing regexp: " +
				"invalid or unsupported Perl syntax: `(?=`: " +
				"the local gateway knows RE2 expressions only, without look-around and back-references"},
		{"result TTL of more than an hour", set("TokenAuthorizer", "AuthorizerResultTtlInSeconds", 3601.0),
			authorizer + `AuthorizerResultTtlInSeconds: 3601 is out of range: AWS allows 0 to 3600`},
		{"unknown property", set("GET2Fthings", "Novelty", true),
			method + `Novelty: the local gateway does not know this property: ` +
				`take it out for local runs, or add it to the list in support.go`},
		{"unknown nested property", setIntegration("Novelty", true),
			method + `Integration: Novelty: the local gateway does not know this property: ` +
				`take it out for local runs, or add it to the list in support.go`},
		{"unknown resource type", func(f *fixture) { f.add("New", "AWS::ApiGateway::Novelty", cfn{}) },
			`New (AWS::ApiGateway::Novelty): the local gateway does not know this resource type: ` +
				`take it out for local runs, or add it to the lists in support.go`},
		{"method with IAM authorization", set("GET2Fthings", "AuthorizationType", "AWS_IAM"),
			method + `AuthorizationType: AWS_IAM is not supported by the local gateway: ` +
				`use NONE, or CUSTOM with a TOKEN authorizer`},
		{"method that requires an API key", set("GET2Fthings", "ApiKeyRequired", true),
			method + `ApiKeyRequired: the local gateway has no API keys: set it to false for local runs`},
		{"HTTP integration", setIntegration("Type", "HTTP_PROXY"),
			method + `Integration: Type: HTTP_PROXY is not supported by the local gateway: ` +
				`use AWS_PROXY with a Lambda function, or MOCK`},
		{"VPC link", setIntegration("ConnectionType", "VPC_LINK"),
			method + `Integration: ConnectionType: VPC links cannot be reached from here: ` +
				`use a Lambda proxy integration`},
		{"response streaming", setIntegration("ResponseTransferMode", "STREAM"),
			method + `Integration: ResponseTransferMode: STREAM is not supported by the local gateway: use BUFFERED`},
		{"VTL in a MOCK integration",
			func(f *fixture) {
				f.integration("OPTIONS2Fthings")["RequestTemplates"] =
					cfn{"application/json": `#set($x = 1){"statusCode": 200}`}
			},
			`OPTIONS2Fthings (AWS::ApiGateway::Method): Integration: RequestTemplates.application/json: ` +
				`the local gateway has no VTL interpreter: it knows plain text, ` +
				`and the template that CDK writes for CORS with several origins`},
		{"response parameter without quotes",
			func(f *fixture) {
				f.gatewayResponse("DEFAULT_4XX", cfn{
					"ResponseParameters": cfn{"gatewayresponse.header.Access-Control-Allow-Origin": "*"},
				})
			},
			`ResponseDEFAULT_4XX (AWS::ApiGateway::GatewayResponse): ` +
				`ResponseParameters.gatewayresponse.header.Access-Control-Allow-Origin: ` +
				`invalid mapping expression "*": a literal is in single quotes inside the string ('…'), ` +
				`an expression starts with method.request. or context. or stageVariables.`},
		{"unknown gateway response type", func(f *fixture) { f.gatewayResponse("FORBIDDEN", cfn{}) },
			`ResponseFORBIDDEN (AWS::ApiGateway::GatewayResponse): ResponseType: ` +
				`FORBIDDEN is no type of gateway response`},
		{"two variable siblings", func(f *fixture) { f.public("GET", "/{id}"); f.public("GET", "/{proxy+}") },
			`Api2F7Bproxy2B7D (AWS::ApiGateway::Resource): PathPart: {id} and {proxy+} are siblings: ` +
				`AWS allows one variable path below a resource`},
		{"cached stage", set("Stage", "CacheClusterEnabled", "true"),
			`Stage (AWS::ApiGateway::Stage): CacheClusterEnabled: ` +
				`the local gateway does not cache responses: switch the cache off for local runs`},
		{"canary", set("Stage", "CanarySetting", cfn{"PercentTraffic": 10}),
			`Stage (AWS::ApiGateway::Stage): CanarySetting: the local gateway does not support this: ` +
				`deploy without a canary for local runs`},
		{"API that is not deployed", func(f *fixture) { delete(f.resources, "Stage") },
			`Api (AWS::ApiGateway::RestApi): the API is not deployed: it has no AWS::ApiGateway::Stage`},
		{"private endpoint", set("Api", "EndpointConfiguration", cfn{"Types": []any{"PRIVATE"}}),
			`Api (AWS::ApiGateway::RestApi): EndpointConfiguration: ` +
				`a PRIVATE endpoint answers inside its VPC only: use REGIONAL for local runs`},
		{"endpoint in a VPC",
			set("Api", "EndpointConfiguration",
				cfn{"Types": []any{"PRIVATE"}, "VpcEndpointIds": []any{ref("Nothing")}}),
			`Api (AWS::ApiGateway::RestApi): EndpointConfiguration: VpcEndpointIds: ` +
				`the local gateway does not support this: use a REGIONAL endpoint for local runs` + "\n" +
				`Api (AWS::ApiGateway::RestApi): EndpointConfiguration: ` +
				`a PRIVATE endpoint answers inside its VPC only: use REGIONAL for local runs`},
		{"OpenAPI document", set("Api", "Body", cfn{"openapi": "3.0.1"}),
			`Api (AWS::ApiGateway::RestApi): Body: the local gateway does not support this: ` +
				`declare resources and methods in the template, as CDK's RestApi does, not in an OpenAPI document`},
		{"function for another runtime", set("Handler", "Runtime", "nodejs22.x"),
			`Handler (AWS::Lambda::Function): Runtime: "nodejs22.x" cannot run here: build the function as an ` +
				`executable named bootstrap for provided.al2023, or leave its routes out for local runs`},
		{"function without an asset", set("Handler", "Code", cfn{"S3Key": "other.zip"}),
			`Handler (AWS::Lambda::Function): Code: the assembly has no asset other.zip: run cdk synth again`},
		{"function that is not in the assembly",
			setIntegration("Uri", "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/"+
				"arn:aws:lambda:eu-west-1:1:function:x/invocations"),
			method + `Integration: Uri: ` +
				`no stack of the assembly has the function arn:aws:lambda:eu-west-1:1:function:x`},
		{"function that is not created", func(f *fixture) { f.never("Handler") },
			method + `Integration: Fn::Join: Fn::GetAtt: the resource Handler is not created, ` +
				`because the condition Never does not hold` + "\n" +
				`HandlerPermission (AWS::Lambda::Permission): FunctionName: Fn::GetAtt: ` +
				`the resource Handler is not created, because the condition Never does not hold`},
		{"function whose name has no value", set("Handler", "FunctionName", ref("Nothing")),
			method + `Integration: Fn::Join: Fn::GetAtt: FunctionName of Handler: ` +
				`Ref: the template has no parameter and no resource Nothing` + "\n" +
				`HandlerPermission (AWS::Lambda::Permission): FunctionName: Fn::GetAtt: FunctionName of Handler: ` +
				`Ref: the template has no parameter and no resource Nothing`},
		{"method without an integration", func(f *fixture) { delete(f.properties("GET2Fthings"), "Integration") },
			method + `Integration: AWS refuses to deploy it: No integration defined for method`},
		{"alias that is not in the assembly",
			setIntegration("Uri", invocation(join(getAtt("Handler", "Arn"), ":live"))),
			method + `Integration: Uri: ` +
				`no stack of the assembly has the version or alias live of the function Handler`},
		{"alias of a version that is not in the assembly",
			func(f *fixture) {
				f.add("Live", "AWS::Lambda::Alias", cfn{
					"FunctionName": ref("Handler"), "FunctionVersion": "7", "Name": "live",
				})
				f.integration("GET2Fthings")["Uri"] = invocation(ref("Live"))
			},
			`Live (AWS::Lambda::Alias): FunctionVersion: ` +
				`no stack of the assembly has the version 7: what it does is not known here`},
		{"alias that shares requests",
			func(f *fixture) {
				f.add("Live", "AWS::Lambda::Alias", cfn{
					"FunctionName": ref("Handler"), "FunctionVersion": "$LATEST", "Name": "live",
					"RoutingConfig": cfn{"AdditionalVersionWeights": []any{
						cfn{"FunctionVersion": "7", "FunctionWeight": 0.5},
					}},
				})
				f.integration("GET2Fthings")["Uri"] = invocation(ref("Live"))
			},
			`Live (AWS::Lambda::Alias): RoutingConfig: the local gateway does not share requests among versions: ` +
				`let the alias lead to one version for local runs`},
		{"SnapStart", set("Handler", "SnapStart", cfn{"ApplyOn": "PublishedVersions"}),
			`Handler (AWS::Lambda::Function): SnapStart: AWS has no SnapStart for OS-only runtimes: leave it out`},
		{"file system", set("Handler", "FileSystemConfigs", []any{cfn{"Arn": "a", "LocalMountPath": "/mnt/a"}}),
			`Handler (AWS::Lambda::Function): FileSystemConfigs: the local gateway does not support this: ` +
				`file systems of AWS cannot be mounted: leave them out for local runs`},
		{"unknown property of a function", set("Handler", "Novelty", true),
			`Handler (AWS::Lambda::Function): Novelty: the local gateway does not know this property: ` +
				`take it out for local runs, or add it to the list in support.go`},
		{"public method with an authorizer", set("GET2Fthings", "AuthorizationType", "NONE"),
			method + `AuthorizerId: it has no effect with AuthorizationType NONE, the method is public: ` +
				`use CUSTOM, or leave the authorizer out`},
		{"resource whose API has no value",
			func(f *fixture) {
				f.add("Lost", "AWS::ApiGateway::Method", cfn{"RestApiId": cfn{"Fn::ImportValue": "nothing"}})
			},
			`Lost (AWS::ApiGateway::Method): RestApiId: Fn::ImportValue: no stack of the assembly exports nothing ` +
				`(the id of the served API is ciqx622xkc here)`},
		{"SAM template", func(f *fixture) { f.sections = cfn{"Transform": "AWS::Serverless-2016-10-31"} },
			`the template has the transform AWS::Serverless-2016-10-31: the local gateway does not serve SAM ` +
				`templates, describe the API with CDK's RestApi and its functions with CDK's Function`},
		{"Fn::ForEach among the resources",
			func(f *fixture) { f.resources["Fn::ForEach::Routes"] = []any{"Name", []any{"a"}, cfn{}} },
			`Fn::ForEach::Routes: only CloudFormation can expand this: write the resources or values out ` +
				`in the template, for example with a loop in the CDK app`},
		{"reserved variable", set("Handler", "Environment", cfn{"Variables": cfn{"AWS_REGION": "x"}}),
			`Handler: function "Fixture-Handler-7RfztiJZjsJ6": variable AWS_REGION is reserved by Lambda: ` +
				`choose another name`},
		{"variable without a value",
			set("Handler", "Environment", cfn{"Variables": cfn{"TABLE": ref("Nothing")}}),
			`Handler (AWS::Lambda::Function): Environment.Variables.TABLE: ` +
				`Ref: the template has no parameter and no resource Nothing; ` +
				`-env TABLE=VALUE (make run ENV=TABLE=VALUE, in Go: Options.Env) sets the variable`},
		{"two mistakes",
			func(f *fixture) {
				f.properties("GET2Fthings")["AuthorizationType"] = "AWS_IAM"
				f.properties("TokenAuthorizer")["Type"] = "REQUEST"
			},
			authorizer + `Type: REQUEST is not supported by the local gateway: use a TOKEN authorizer` + "\n" +
				method + `AuthorizationType: AWS_IAM is not supported by the local gateway: ` +
				`use NONE, or CUSTOM with a TOKEN authorizer`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := newFixture()
			test.change(f)
			dir := f.assembly(t)
			loadFails(t, dir, Options{}, dir+": stack Fixture: "+test.want)
		})
	}
	t.Run("folder of a SAM application", func(t *testing.T) {
		dir := t.TempDir()
		writeJSON(t, filepath.Join(dir, "template.yaml"), cfn{})
		loadFails(t, dir, Options{}, dir+" is not a cloud assembly, it has no manifest.json: it looks like a "+
			"SAM application, which the local gateway does not serve: describe the API with CDK's RestApi")
	})
	t.Run("folder that is no assembly", func(t *testing.T) {
		dir := t.TempDir()
		loadFails(t, dir, Options{},
			dir+" is not a cloud assembly, it has no manifest.json: run cdk synth and give the folder it wrote")
	})
}

func loadFails(t *testing.T, dir string, options Options, want string) {
	t.Helper()
	g, err := Load(dir, options)
	if err == nil {
		g.Close()
	}
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestLoadAcceptsWhatHasNoEffectHere(t *testing.T) {
	f := newFixture()
	maps.Copy(f.properties("Stage"), cfn{
		"AccessLogSetting": cfn{
			"DestinationArn": getAtt("AccessLog", "Arn"), "Format": `{"requestId":"$context.requestId"}`,
		},
		"TracingEnabled":      true,
		"Tags":                []any{cfn{"Key": "a", "Value": "b"}},
		"CacheClusterEnabled": false,
		"MethodSettings": []any{cfn{
			"HttpMethod": "*", "ResourcePath": "/*", "LoggingLevel": "ERROR", "DataTraceEnabled": false,
			"MetricsEnabled": true, "CachingEnabled": false,
			"ThrottlingRateLimit": 1000.0, "ThrottlingBurstLimit": 500.0,
		}},
	})
	maps.Copy(f.properties("Api"), cfn{
		"Description": "text", "DisableExecuteApiEndpoint": true, "ApiKeySourceType": "HEADER",
	})
	for id, typ := range map[string]string{
		"AccessLog":   "AWS::Logs::LogGroup",
		"Account":     "AWS::ApiGateway::Account",
		"Acl":         "AWS::WAFv2::WebACL",
		"Alarm":       "AWS::CloudWatch::Alarm",
		"Association": "AWS::WAFv2::WebACLAssociation",
		"Custom":      "Custom::Thing",
		"Dashboard":   "AWS::CloudWatch::Dashboard",
		"Domain":      "AWS::ApiGateway::DomainName",
		"Filter":      "AWS::Logs::MetricFilter",
		"Key":         "AWS::ApiGateway::ApiKey",
		"Mapping":     "AWS::ApiGateway::BasePathMapping",
		"Metadata":    "AWS::CDK::Metadata",
		"Plan":        "AWS::ApiGateway::UsagePlan",
		"Topic":       "AWS::SNS::Topic",
	} {
		f.add(id, typ, cfn{"Whatever": cfn{"Fn::Novelty": "x"}})
	}
	f.properties("Handler")["Code"].(cfn)["S3ObjectVersion"] = ref("Nothing")
	f.properties("Handler")["VpcConfig"] = cfn{"SubnetIds": []any{ref("Nothing")}}
	f.add("Rule", "AWS::Scheduler::Schedule", cfn{})
	f.permission("SchedulePermission", "Handler", getAtt("Rule", "Arn"))
	f.properties("SchedulePermission")["Principal"] = "scheduler.amazonaws.com"
	s := f.start(t)
	s.get("/prod/things").isOK()
	equal(t, s.gateway.Notes(), []string{
		"Deployment (AWS::ApiGateway::Deployment): it does not depend on GET /things, OPTIONS /things: " +
			"AWS may deploy the API without them; add them to its DependsOn",
		"Api (AWS::ApiGateway::RestApi): DisableExecuteApiEndpoint: on AWS the API answers at a custom domain only; " +
			"here it answers at the path of the stage too",
		"Association (AWS::WAFv2::WebACLAssociation): the rules of the web ACL are not applied here",
	})
	equal(t, s.gateway.Routes(), []ServedRoute{
		{Method: "GET", Path: "/things", Authorizer: "TokenAuthorizer", Header: "Authorization"},
		{Method: "OPTIONS", Path: "/things"},
	})
	if s.gateway.Stage() != "prod" {
		t.Errorf("the stage is %q", s.gateway.Stage())
	}
}

func TestAPIThatIsNotCreatedIsNotServed(t *testing.T) {
	f := newFixture()
	f.add("Other", "AWS::ApiGateway::RestApi", cfn{"Name": "other"})
	f.never("Other")
	f.start(t).get("/prod/things").isOK()
}

// TestDeploymentInANestedStack has the API in the parent, routes in one nested stack, and
// the deployment and the stage in another, as CDK recommends for large APIs.
func TestDeploymentInANestedStack(t *testing.T) {
	f := withNestedRoutes()
	f.nested["deploy.json"] = cfn{
		"Parameters": cfn{"Api": cfn{"Type": "String"}},
		"Resources": cfn{
			"Deployment": cfn{"Type": "AWS::ApiGateway::Deployment", "Properties": cfn{"RestApiId": ref("Api")}},
			"Stage": cfn{"Type": "AWS::ApiGateway::Stage", "Properties": cfn{
				"RestApiId": ref("Api"), "DeploymentId": ref("Deployment"), "StageName": "nested",
			}},
		},
	}
	delete(f.resources, "Deployment")
	delete(f.resources, "Stage")
	f.add("Deploy", "AWS::CloudFormation::Stack", cfn{"Parameters": cfn{"Api": ref("Api")}})
	deploy := f.resources["Deploy"].(cfn)
	deploy["Metadata"] = cfn{"aws:asset:path": "deploy.json"}
	refuses(t, f, "Get (AWS::ApiGateway::Method) of the nested stack Pets: GET /pets is not in the stage nested on "+
		"AWS, because no deployment waits for it: "+
		"add the nested stack Pets (AWS::CloudFormation::Stack) to the DependsOn of Deploy")
	deploy["DependsOn"] = []any{"Pets"}
	s := f.start(t)
	s.send("GET /nested/pets").isOK()
	s.get("/nested/things").isOK()
}

func TestFunctionsGetVariablesOfTemplateAndOptions(t *testing.T) {
	f := newFixture()
	f.options.Env = map[string]string{"OVERRIDDEN": "by the caller", "ADDED": "too"}
	f.options.Region, f.options.AccountID = "eu-west-1", "111122223333"
	f.options.Parameters = map[string]string{"Given": "given"}
	dir := f.assembly(t)
	rewrite(t, dir, func(template cfn) {
		template["Parameters"] = cfn{"Given": cfn{"Type": "String"}}
		template["Conditions"] = cfn{"Never": cfn{"Fn::Equals": []any{ref("AWS::Region"), "us-east-1"}}}
		propertiesIn(template, "Handler")["Environment"] = cfn{"Variables": cfn{
			"PLAIN":      "text",
			"NUMBER":     5,
			"FLAG":       true,
			"GIVEN":      ref("Given"),
			"REGION":     ref("AWS::Region"),
			"ACCOUNT":    ref("AWS::AccountId"),
			"NOTHING":    cfn{"Fn::If": []any{"Never", "x", ref("AWS::NoValue")}},
			"OVERRIDDEN": cfn{"Fn::Novelty": "an expression without a value here"},
		}}
	})
	g, err := Load(dir, f.options)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	functions := g.Functions()
	if len(functions) != 2 || functions[1].LogicalID != "Handler" {
		t.Fatalf("functions: %+v", functions)
	}
	equal(t, functions[1].Env, map[string]string{
		"PLAIN":      "text",
		"NUMBER":     "5",
		"FLAG":       "true",
		"GIVEN":      "given",
		"REGION":     "eu-west-1",
		"ACCOUNT":    "111122223333",
		"OVERRIDDEN": "by the caller",
		"ADDED":      "too",
	})
	equal(t, functions[0].Env, f.options.Env)
}

// rewrite changes the template of a written assembly.
func rewrite(t *testing.T, dir string, change func(template cfn)) {
	t.Helper()
	path := filepath.Join(dir, "Fixture.template.json")
	var template cfn
	readJSON(t, path, &template)
	change(template)
	writeJSON(t, path, template)
}

func propertiesIn(template cfn, id string) cfn {
	return template["Resources"].(cfn)[id].(cfn)["Properties"].(cfn)
}

func TestOptionsChooseAPIAndStage(t *testing.T) {
	const api = `stack Fixture: Api (AWS::ApiGateway::RestApi): `
	tests := []struct {
		name    string
		options Options
		want    string // the error after the folder, "" for none
	}{
		{"several APIs", Options{},
			`there are 2 REST APIs, only one can be served: choose it with -api NAME (in Go: Options.API), ` +
				`one of Fixture/Another, Fixture/Api`},
		{"unknown API", Options{API: "Third"},
			`no REST API is called Third: there is Fixture/Another, Fixture/Api`},
		{"several stages", Options{API: "Api"},
			api + `it has 2 stages, only one can be served: choose it with -stage NAME (in Go: Options.Stage), ` +
				`one of beta, prod`},
		{"unknown stage", Options{API: "Fixture/Api", Stage: "dev"},
			api + `it has no stage dev, only beta, prod`},
		{"one API and one stage", Options{API: "Fixture/Api", Stage: "beta"}, ``},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := newFixture()
			f.add("Another", "AWS::ApiGateway::RestApi", cfn{})
			f.add("Beta", "AWS::ApiGateway::Stage", cfn{
				"RestApiId": ref("Api"), "StageName": "beta", "DeploymentId": ref("Deployment"),
			})
			dir := f.assembly(t)
			if test.want != "" {
				loadFails(t, dir, test.options, dir+": "+test.want)
				return
			}
			g, err := Load(dir, test.options)
			if err != nil {
				t.Fatal(err)
			}
			g.Close()
		})
	}
}

func TestAssetThatWasZippedBeforeSynthesisIsUnpackedAndRemoved(t *testing.T) {
	dir := newFixture().assembly(t)
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
	writeJSON(t, filepath.Join(dir, "Fixture.assets.json"), cfn{"files": cfn{"asset": cfn{
		"source":       cfn{"path": "asset.folder.zip", "packaging": "file"},
		"destinations": cfn{"current": cfn{"objectKey": "asset.zip"}},
	}}})
	g, err := Load(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	unpacked := g.api.functions.unpacked
	if _, err := os.Stat(unpacked); err != nil {
		t.Error(err)
	}
	if err := g.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(unpacked); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is still there: %v", unpacked, err)
	}
}

func TestFunctionOfAnotherStackIsFound(t *testing.T) {
	f := newFixture()
	f.connect(t)
	handler := f.resources["Handler"]
	delete(f.resources, "Handler")
	dir := f.assembly(t)
	imported := cfn{"Fn::ImportValue": "Backend:HandlerArn"}
	rewrite(t, dir, func(template cfn) {
		propertiesIn(template, "GET2Fthings")["Integration"].(cfn)["Uri"] =
			join("arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/", imported, "/invocations")
		propertiesIn(template, "HandlerPermission")["FunctionName"] = imported
	})
	stack := func(template string) cfn {
		return cfn{
			"type": "aws:cloudformation:stack", "environment": "aws://unknown-account/unknown-region",
			"properties": cfn{"templateFile": template},
		}
	}
	writeJSON(t, filepath.Join(dir, "manifest.json"), cfn{"artifacts": cfn{
		"Fixture.assets": cfn{"type": "cdk:asset-manifest", "properties": cfn{"file": "Fixture.assets.json"}},
		"Fixture":        stack("Fixture.template.json"),
		"assembly-Stage": cfn{"type": "cdk:cloud-assembly", "properties": cfn{"directoryName": "stage"}},
	}})
	if err := os.Mkdir(filepath.Join(dir, "stage"), 0o700); err != nil {
		t.Fatal(err)
	}
	writeJSON(t, filepath.Join(dir, "stage", "manifest.json"),
		cfn{"artifacts": cfn{"Backend": stack("Backend.template.json")}})
	writeJSON(t, filepath.Join(dir, "stage", "Backend.template.json"), cfn{
		"Resources": cfn{"Handler": handler},
		"Outputs": cfn{"Export": cfn{
			"Value": getAtt("Handler", "Arn"), "Export": cfn{"Name": "Backend:HandlerArn"},
		}},
	})
	f.serve(t, dir).get("/prod/things").isOK()
}

// TestAssemblyOfAnotherProjectIsServed serves another project's API: testdata/shop has
// what CDK 2.270.0 synthesized from the app in app.go.txt, without the assets.
func TestAssemblyOfAnotherProjectIsServed(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/shop")); err != nil {
		t.Fatal(err)
	}
	var manifest struct {
		Files map[string]struct {
			Source struct{ Path, Packaging string }
		}
	}
	readJSON(t, filepath.Join(dir, "Shop.assets.json"), &manifest)
	for _, file := range manifest.Files {
		if file.Source.Packaging == "zip" {
			putBootstrap(t, filepath.Join(dir, file.Source.Path))
		}
	}
	var both script // Options.Env is the same for both functions
	both.do = func(event []byte) does {
		var e struct {
			Type, AuthorizationToken string
			Resource, HTTPMethod     string
			StageVariables           map[string]string
		}
		json.Unmarshal(event, &e)
		switch {
		case e.Type != "TOKEN":
			body, _ := json.Marshal(e.HTTPMethod + " " + e.Resource + " " + e.StageVariables["a"])
			return does{Answer: `{"body":` + string(body) + `}`}
		case e.AuthorizationToken == "Bearer good":
			return does{Answer: policyFor("Allow", "*")}
		default:
			return does{Answer: `{"context":{"why":"not you"},` + policyFor("Deny", "*")[1:]}
		}
	}
	f := &fixture{}
	f.options.Env = map[string]string{"SCRIPT": both.serve(t)}
	f.options.Now = newClock().Now // it does not move, for the throttling
	s := f.serve(t, dir)

	if s.gateway.Stage() != "v1" {
		t.Errorf("the stage is %q", s.gateway.Stage())
	}
	s.get("/v1/orders").is(200, "", "GET /orders b")
	s.get("/v1/orders/7").is(200, "", "GET /orders/{id} b")
	s.get("/v1/orders/7").isTooManyRequests().has("Access-Control-Allow-Origin", "*")
	s.send("DELETE /v1/orders/7", goodToken).is(200, "", "DELETE /orders/{id} b")
	s.send("PUT /v1/files/a/b", goodToken).is(200, "", "PUT /files/{proxy+} b")
	s.send("POST /v1/orders?dry=1", goodToken, "", `{"item":"tea"}`).is(200, "", "POST /orders b")
	s.send("POST /v1/orders?dry=1", goodToken, "", `{"item":7}`).isBadRequestBody()
	s.send("POST /v1/orders", goodToken, "", `{"item":"tea"}`).
		is(400, "BadRequestException", `{"message":"Missing required request parameters: [dry]"}`)
	s.send("GET /v1/health").is(200, "", `{"up":true}`)
	s.send("GET /v1/files", goodToken).
		begins(403, "IncompleteSignatureException", `{"message":"Invalid key=value pair`)
	s.send("GET /v1/orders").isUnauthorized().has("Access-Control-Allow-Origin", "*")
	s.send("GET /v1/orders", "Authorization: Basic x").isUnauthorized()
	s.send("GET /v1/orders", "Authorization: Bearer bad").
		is(404, "AccessDeniedException", `{"message":"nope not you"}`).
		has("Access-Control-Allow-Origin", "")
	s.send("OPTIONS /v1/files/a/b", "Origin: https://c.example.com").is(204, "", "").
		has("Access-Control-Allow-Origin", "https://c.example.com").
		has("Access-Control-Allow-Credentials", "true").
		has("Vary", "Origin").
		has("Access-Control-Max-Age", "3600")
	s.send("OPTIONS /v1", "Origin: https://x.example.com").is(204, "", "").
		has("Access-Control-Allow-Origin", "https://a.example.com")
}
