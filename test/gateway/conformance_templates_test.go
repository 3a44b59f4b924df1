package gateway

import (
	"net/http"
	"strings"
	"testing"
)

// conformanceOfTemplates continues the table of conformance with what AWS does with a
// template: what it refuses to deploy, and how an API behaves that it accepts. Where a
// value is known on AWS only, the rule is that of the local gateway.
var conformanceOfTemplates = []conformanceRow{
	{79, "O", "a second method for one verb of a resource is refused", func(t *testing.T) {
		f := newFixture()
		f.add("Second", "AWS::ApiGateway::Method", f.properties("GET2Fthings"))
		refuses(t, f, "Second (AWS::ApiGateway::Method): HttpMethod: "+
			"AWS refuses a second GET for /things: Method already exists for this resource")
	}},
	{80, "O", "a second resource with one name below a parent is refused", func(t *testing.T) {
		for _, path := range []string{"/things", "/{id}"} {
			f := newFixture()
			f.public("GET", path)
			f.add("Second", "AWS::ApiGateway::Resource", f.properties(logicalID("Api", path)))
			refuses(t, f, "PathPart: AWS refuses it: "+
				"Another resource with the same parent already has this name: "+path[1:])
		}
	}},
	{81, "O", "a path part with a slash or with braces inside is refused", func(t *testing.T) {
		for _, part := range []string{"users/{id}", "/users", "a b", "x{id}", "{id}x", "{a+b}", "{}", "a+", ""} {
			f := newFixture()
			f.properties("Api2Fthings")["PathPart"] = part
			refuses(t, f, `PathPart: AWS refuses "`+part+`": Resource's path part only allow a-zA-Z0-9._-: `+
				`or a valid greedy path variable and curly braces at the beginning and the end`)
		}
	}},
	{82, "D", "a stage name may have letters, digits, hyphens and underscores, up to 128", func(t *testing.T) {
		for _, name := range []string{"v1.0", "dev/eu", "$default", strings.Repeat("x", 129)} {
			f := newFixture()
			f.properties("Stage")["StageName"] = name
			refuses(t, f, `StageName: AWS refuses "`+name+`": Stage name only allows a-zA-Z0-9_-, up to 128 characters`)
		}
		f := newFixture()
		f.properties("Stage")["StageName"] = "Dev-1_a"
		f.start(t).get("/Dev-1_a/things").isOK()
	}},
	{83, "D", "names and values of stage variables have the characters that AWS allows", func(t *testing.T) {
		f := newFixture()
		f.properties("Stage")["Variables"] = cfn{"a-b": "x", "note": "two words", "none": ""}
		refuses(t, f, "Variables.a-b: AWS refuses the name: Stage variable names must be alphanumeric or underscores",
			`Variables.note: AWS refuses "two words": Stage variable values must match the regular expression `+
				`[A-Za-z0-9-._~:/?#&=,]+`, `Variables.none: AWS refuses "": `)
		f = newFixture()
		f.properties("Stage")["Variables"] = cfn{"url_1": "https://x.example:1/a?b=c&d=~e,f#g.-"}
		s := f.start(t)
		s.get("/prod/things").isOK()
		equal(t, s.handler.last(t)["stageVariables"], map[string]any{"url_1": "https://x.example:1/a?b=c&d=~e,f#g.-"})
	}},
	{84, "O", "a permission counts for the function, version or alias that it names: 500 without", func(t *testing.T) {
		f := withAlias("Handler")
		f.integration("GET2Fthings")["Uri"] = invocation(ref("HandlerLive"))
		f.start(t).get("/prod/things").isServerError()
		f.properties("HandlerPermission")["FunctionName"] = ref("HandlerLive")
		f.start(t).get("/prod/things").isOK()
		f.integration("GET2Fthings")["Uri"] = invocationOf("Handler")
		f.start(t).get("/prod/things").isServerError()
		f.integration("GET2Fthings")["Uri"] = invocation(ref("HandlerVersion"))
		f.start(t).get("/prod/things").isServerError()

		f = withAlias("Authorizer")
		f.properties("TokenAuthorizer")["AuthorizerUri"] = invocation(ref("AuthorizerLive"))
		f.start(t).get("/prod/things").isAuthorizerError()
		f.properties("AuthorizerPermission")["FunctionName"] = ref("AuthorizerLive")
		f.start(t).get("/prod/things").isOK()
	}},
	{85, "O/I", "binary media types that match the request make a MOCK fail with 500; CONVERT_TO_TEXT mends it",
		func(t *testing.T) {
			preflight := func(handling string, types ...any) *reply {
				f := newFixture()
				f.properties("Api")["BinaryMediaTypes"] = types
				if handling != "" {
					f.integration("OPTIONS2Fthings")["ContentHandling"] = handling
				}
				return f.start(t).send("OPTIONS /prod/things")
			}
			for _, matching := range []any{"*/*", "application/json", "application~1*"} {
				preflight("", "image/png", matching).
					is(500, "ApiConfigurationException", `{"message":"Internal server error"}`)
				preflight("CONVERT_TO_TEXT", "image/png", matching).is(204, "", "")
			}
			preflight("", "image/png").is(204, "", "")
		}},
	{86, "D", "a semicolon in a query separates parameters, as & does; %3B does not", func(t *testing.T) {
		s := publicThings(t)
		s.send("GET /prod/things?filter=a;b&page=2;size=3&encoded=x%3By").isOK()
		equal(t, s.handler.last(t)["queryStringParameters"],
			map[string]any{"filter": "a", "b": "", "page": "2", "size": "3", "encoded": "x;y"})
	}},
	{87, "O/I", "a | or a brace in the URL that is not encoded: 400", func(t *testing.T) {
		s := publicThings(t)
		for _, query := range []string{"a=x|y", "a=1&|=2", "filter{id}=1"} {
			s.send("GET /prod/things?"+query).is(400, "BadRequestException", `{"message":"Bad Request"}`)
		}
		s.invoked(&s.handler, 0)
		s.send("GET /prod/things?a=x%7Cy").isOK()
		equal(t, s.handler.last(t)["queryStringParameters"], map[string]any{"a": "x|y"})
	}},
	{88, "D", "stage variables name functions and aliases", func(t *testing.T) {
		const arn = "arn:aws:lambda:us-east-1:123456789012:function:"
		for uri, permission := range map[string]any{
			arn + "${stageVariables.function}":                         ref("Handler"),
			arn + "${stageVariables.function}:${stageVariables.alias}": ref("HandlerLive"),
			"${stageVariables.arn}":                                    ref("Handler"),
		} {
			f := withAlias("Handler")
			f.properties("Handler")["FunctionName"] = "orders"
			f.properties("Stage")["Variables"] = cfn{"function": "orders", "alias": "live", "arn": arn + "orders"}
			f.integration("GET2Fthings")["Uri"] = invocation(uri)
			f.properties("HandlerPermission")["FunctionName"] = permission
			f.start(t).get("/prod/things").isOK()
		}
		f := newFixture()
		f.integration("GET2Fthings")["Uri"] = invocation("${stageVariables.function}")
		refuses(t, f, "Integration: Uri: the stage prod has no variable function")
	}},
	{89, "O", "routes of a nested stack are served if the deployment waits for the stack", func(t *testing.T) {
		f := withNestedRoutes()
		f.resources["Deployment"].(cfn)["DependsOn"] = []any{"Pets"}
		s := f.start(t)
		s.send("GET /prod/pets").isOK()
		equal(t, s.handler.last(t)["resource"], "/pets")
		s.get("/prod/things").isOK()

		refuses(t, withNestedRoutes(), "Get (AWS::ApiGateway::Method) of the nested stack Pets: GET /pets is not "+
			"in the stage prod on AWS, because no deployment waits for it: add the nested stack Pets "+
			"(AWS::CloudFormation::Stack) to the DependsOn of Deployment, in CDK with deployment.node.addDependency")

		f = withNestedRoutes()
		f.nested = nil
		refuses(t, f, "Pets (AWS::CloudFormation::Stack): its Parameters lead to the API, "+
			"and its template is not in the assembly")
	}},
	{90, "D/I", "routes of another stack are served if a deployment comes after them", func(t *testing.T) {
		routes := func() (f *fixture, template cfn) {
			f = newFixture()
			f.sections = cfn{"Outputs": cfn{
				"Api":  cfn{"Value": ref("Api"), "Export": cfn{"Name": "api"}},
				"Root": cfn{"Value": getAtt("Api", "RootResourceId"), "Export": cfn{"Name": "root"}},
				"Uri":  cfn{"Value": invocationOf("Handler"), "Export": cfn{"Name": "uri"}},
			}}
			template = cfn{"Resources": routesOf(cfn{"Fn::ImportValue": "api"}, cfn{"Fn::ImportValue": "root"},
				cfn{"Fn::ImportValue": "uri"})}
			f.stacks = map[string]cfn{"Routes Fixture": template}
			return f, template
		}
		f, _ := routes()
		refuses(t, f, "Get (AWS::ApiGateway::Method) of the stack Routes: GET /pets is not in the stage prod on AWS, "+
			"because no deployment waits for it: "+
			"add an AWS::ApiGateway::Deployment with the StageName to the stack Routes")
		f, template := routes()
		template["Resources"].(cfn)["Again"] = cfn{
			"Type": "AWS::ApiGateway::Deployment", "DependsOn": "Get",
			"Properties": cfn{"RestApiId": cfn{"Fn::ImportValue": "api"}, "StageName": "prod"},
		}
		s := f.start(t)
		s.send("GET /prod/pets").isOK()
		s.get("/prod/things").isOK()
	}},
	{91, "D", "values of SSM and Secrets Manager in a variable are an error that names it", func(t *testing.T) {
		f := newFixture()
		f.sections = cfn{"Parameters": cfn{
			"Issuer": cfn{"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/auth/issuer"},
		}}
		f.properties("Handler")["Environment"] = cfn{"Variables": cfn{
			"ISSUER":   ref("Issuer"),
			"AUDIENCE": "{{resolve:ssm:/auth/audience}}",
			"SECRET":   join("{{resolve:secretsmanager:", ref("AWS::Region"), ":SecretString:a}}"),
		}}
		refuses(t, f, "Environment.Variables.ISSUER: Ref: the value of the SSM parameter /auth/issuer is not known "+
			"here: give the parameter Issuer the value that SSM has, "+
			"-parameter Issuer=VALUE (in Go: Options.Parameters); "+
			"-env ISSUER=VALUE (make run ENV=ISSUER=VALUE, in Go: Options.Env) sets the variable",
			"Environment.Variables.AUDIENCE: {{resolve:ssm:/auth/audience}} is a value of SSM or Secrets Manager, "+
				"which is not known here; -env AUDIENCE=VALUE "+
				"(make run ENV=AUDIENCE=VALUE, in Go: Options.Env) sets the variable",
			"Environment.Variables.SECRET: {{resolve:secretsmanager:us-east-1:SecretString:a}} is a value")
		f.options.Parameters = map[string]string{"Issuer": "https://issuer.example/"}
		f.options.Env = map[string]string{"AUDIENCE": "x", "SECRET": "y"}
		g, err := Load(f.assembly(t), f.options)
		if err != nil {
			t.Fatal(err)
		}
		defer g.Close()
		equal(t, g.Functions()[1].Env,
			map[string]string{"ISSUER": "https://issuer.example/", "AUDIENCE": "x", "SECRET": "y"})
	}},
	{92, "D/O", "reserved concurrency of 0: 502 for a handler, 500 for an authorizer", func(t *testing.T) {
		f := newFixture()
		f.properties("Handler")["ReservedConcurrentExecutions"] = 0.0
		s := f.start(t)
		s.get("/prod/things").isBadGateway()
		s.invoked(&s.handler, 0)
		f = newFixture()
		f.properties("Authorizer")["ReservedConcurrentExecutions"] = 0.0
		f.start(t).get("/prod/things").isAuthorizerError()
	}},
	{93, "D/O", "invocations beyond the reserved concurrency: 502", func(t *testing.T) {
		f := newFixture()
		f.properties("Handler")["ReservedConcurrentExecutions"] = 1.0
		began, end := make(chan bool, 1), make(chan bool)
		f.handler.do = func([]byte) does { began <- true; <-end; return does{Answer: `{"body":"first"}`} }
		s := f.start(t)
		first := make(chan *reply)
		go func() { first <- s.get("/prod/things") }()
		<-began
		s.get("/prod/things").isBadGateway()
		close(end)
		(<-first).is(200, "", "first")
	}},
	{94, "I", "layers are an error: their files would be missing", func(t *testing.T) {
		f := newFixture()
		f.properties("Handler")["Layers"] = []any{"arn:aws:lambda:us-east-1:1:layer:x:1"}
		refuses(t, f, "Handler (AWS::Lambda::Function): Layers: the files of layers are not put in /opt here: "+
			"put them in the function's asset, or leave the layers out for local runs")
		f.properties("Handler")["Layers"] = []any{}
		f.start(t).get("/prod/things").isOK()
	}},
	{95, "O", "an API without methods cannot be deployed", func(t *testing.T) {
		refuses(t, emptyFixture(), "Api (AWS::ApiGateway::RestApi): AWS refuses to deploy it: "+
			"The REST API doesn't contain any methods")
	}},
	{96, "O", "a second authorizer with one name is refused", func(t *testing.T) {
		f := newFixture()
		f.add("Second", "AWS::ApiGateway::Authorizer", f.properties("TokenAuthorizer"))
		refuses(t, f, "Name: AWS refuses it: Authorizer name must be unique. "+
			"Authorizer token already exists in this RestApi.")
	}},
	{97, "O", "a proxy integration without IntegrationHttpMethod is refused", func(t *testing.T) {
		f := newFixture()
		delete(f.integration("GET2Fthings"), "IntegrationHttpMethod")
		refuses(t, f, "IntegrationHttpMethod: AWS refuses an integration without one: "+
			"Enumeration value for HttpMethod must be non-empty; for a Lambda function it is POST")
	}},
	{98, "D", "a verb that API Gateway does not have is refused", func(t *testing.T) {
		for _, verb := range []string{"get", "TRACE", "*"} {
			f := newFixture()
			f.properties("GET2Fthings")["HttpMethod"] = verb
			refuses(t, f, `HttpMethod: AWS refuses "`+verb+`": Invalid HTTP method specified`)
		}
	}},
	{99, "O", "two stages of one name, and a stage of an unknown deployment, are refused", func(t *testing.T) {
		f := newFixture()
		f.add("Stage2", "AWS::ApiGateway::Stage", f.properties("Stage"))
		refuses(t, f, "Stage2 (AWS::ApiGateway::Stage): StageName: "+
			"AWS refuses a second stage prod: Stage already exists")
		f = newFixture()
		f.properties("Stage")["DeploymentId"] = "gone"
		refuses(t, f, "DeploymentId: AWS refuses it: the API has no deployment gone")
		f = newFixture()
		f.properties("Deployment")["StageName"] = "prod"
		refuses(t, f, "Deployment (AWS::ApiGateway::Deployment): StageName: Stage has the same stage prod, "+
			"and AWS refuses what it makes second: Stage already exists")
	}},
	{100, "O", "a model that is not there, has another's name or one that is not alphanumeric is refused",
		func(t *testing.T) {
			f := validatedBody(cfn{})
			f.properties("POST2Fthings")["RequestModels"] = cfn{"application/json": "Missing"}
			f.properties("Body")["Name"] = "my-model"
			refuses(t, f, "RequestModels.application/json: AWS refuses it: Invalid model identifier specified: Missing",
				`Body (AWS::ApiGateway::Model): Name: AWS refuses "my-model": Model name must be alphanumeric`)
			f.properties("Body")["Name"] = "Empty"
			refuses(t, f, "Name: AWS refuses a second model Empty: Model name already exists for this REST API")
		}},
	{101, "O/I", "a custom domain serves its base paths; paths in the event are as the client sent them",
		func(t *testing.T) {
			f := emptyFixture()
			f.public("GET", "/things")
			f.public("GET", "/")
			f.add("Domain", "AWS::ApiGateway::DomainName", cfn{"DomainName": "api.example.com"})
			mapping := func(id, basePath, stage string) {
				f.add(id, "AWS::ApiGateway::BasePathMapping", cfn{
					"DomainName": ref("Domain"), "RestApiId": ref("Api"), "BasePath": basePath, "Stage": stage,
				})
			}
			mapping("Mapping", "v1", "prod")
			mapping("Longer", "v1/eu", "prod")
			mapping("AllStages", "all", "")
			mapping("OtherStage", "other", "beta")
			s := f.start(t)
			const host = "Host: API.example.com:3000"
			for target, want := range map[string][]any{
				"/v1/things":       {"/v1/things", "/v1/things", "/things", "prod"},
				"/v1/things/":      {"/v1/things/", "/v1/things/", "/things", "prod"},
				"/v1":              {"/v1", "/v1", "/", "prod"},
				"/v1/eu/things":    {"/v1/eu/things", "/v1/eu/things", "/things", "prod"},
				"/all/prod/things": {"/all/prod/things", "/all/prod/things", "/things", "prod"},
			} {
				s.send("GET "+target, host).isOK()
				event := s.handler.last(t)
				equal(t, []any{event["path"], at(t, event, "requestContext", "path"), event["resource"],
					at(t, event, "requestContext", "stage")}, want)
			}
			for _, target := range []string{"/prod/things", "/v1x/things", "/other/things", "/all/beta/things"} {
				s.send("GET "+target, host).is(403, "ForbiddenException", `{"message":"Forbidden"}`)
			}
			s.send("GET /v1/nope", host).isMissingAuthenticationToken()
			s.send("GET /prod/things").isOK()
			equal(t, s.gateway.Notes()[1], "AllStages (AWS::ApiGateway::BasePathMapping): requests with the header "+
				"Host: api.example.com are answered as those to https://api.example.com/all")
		}},
}

// refuses checks that the fixture is refused for these reasons.
func refuses(t *testing.T, f *fixture, reasons ...string) {
	t.Helper()
	g, err := Load(f.assembly(t), f.options)
	if err == nil {
		g.Close()
		t.Errorf("the template was accepted, want %s", reasons)
		return
	}
	for _, reason := range reasons {
		if !strings.Contains(err.Error(), reason) {
			t.Errorf("got  %v\nwant %s", err, reason)
		}
	}
}

// withAlias has a version and the alias "live" of a function, IDVersion and IDLive.
func withAlias(function string) *fixture {
	f := newFixture()
	f.add(function+"Version", "AWS::Lambda::Version", cfn{"FunctionName": ref(function)})
	f.add(function+"Live", "AWS::Lambda::Alias", cfn{
		"FunctionName": ref(function), "FunctionVersion": getAtt(function+"Version", "Version"), "Name": "live",
	})
	return f
}

// routesOf are the resources of GET /pets, without an authorizer.
func routesOf(api, root, uri any) cfn {
	return cfn{
		"Path": cfn{"Type": "AWS::ApiGateway::Resource", "Properties": cfn{
			"RestApiId": api, "ParentId": root, "PathPart": "pets",
		}},
		"Get": cfn{"Type": "AWS::ApiGateway::Method", "Properties": cfn{
			"RestApiId": api, "ResourceId": ref("Path"), "HttpMethod": http.MethodGet, "AuthorizationType": "NONE",
			"Integration": cfn{"Type": "AWS_PROXY", "IntegrationHttpMethod": "POST", "Uri": uri},
		}},
	}
}

// withNestedRoutes has GET /pets in the nested stack Pets.
func withNestedRoutes() *fixture {
	f := newFixture()
	f.add("Pets", "AWS::CloudFormation::Stack", cfn{
		"TemplateURL": "https://s3.us-east-1.amazonaws.com/assets/x.json",
		"Parameters":  cfn{"Api": ref("Api"), "Root": getAtt("Api", "RootResourceId"), "Uri": invocationOf("Handler")},
	})
	f.resources["Pets"].(cfn)["Metadata"] = cfn{"aws:asset:path": "pets.json"}
	text := cfn{"Type": "String"}
	f.nested = map[string]cfn{"pets.json": {
		"Parameters": cfn{"Api": text, "Root": text, "Uri": text},
		"Resources":  routesOf(ref("Api"), ref("Root"), ref("Uri")),
	}}
	return f
}
