package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"accountapi/test/gateway"
	"accountapi/test/internal/routes"
)

func TestCurlCallsARouteThatIsThere(t *testing.T) {
	public := func(method, path string) gateway.ServedRoute { return gateway.ServedRoute{Method: method, Path: path} }
	protected := gateway.ServedRoute{Method: "GET", Path: "/me", Authorizer: "Auth", Header: "Authorization"}
	ownHeader := gateway.ServedRoute{Method: "ANY", Path: "/{proxy+}", Authorizer: "Auth", Header: "X-Token"}
	const url = "http://127.0.0.1:3000/dev"
	for _, test := range []struct {
		name   string
		routes []gateway.ServedRoute
		token  string
		want   string
	}{
		{"the first GET", []gateway.ServedRoute{public("OPTIONS", "/"), protected, public("GET", "/x")}, "a.b.c",
			`curl -i http://127.0.0.1:3000/dev/me -H "Authorization: Bearer a.b.c"`},
		{"without a token", []gateway.ServedRoute{protected}, "",
			`curl -i http://127.0.0.1:3000/dev/me -H "Authorization: Bearer $TOKEN"`},
		{"a public route", []gateway.ServedRoute{public("GET", "/")}, "a.b.c", "curl -i http://127.0.0.1:3000/dev/"},
		{"no GET", []gateway.ServedRoute{public("POST", "/orders/{id}")}, "",
			"curl -i -X POST http://127.0.0.1:3000/dev/orders/id"},
		{"another header", []gateway.ServedRoute{ownHeader}, "a.b.c",
			`curl -i http://127.0.0.1:3000/dev/proxy -H "X-Token: a.b.c"`},
		{"HEAD", []gateway.ServedRoute{public("HEAD", "/x")}, "", "curl -i --head http://127.0.0.1:3000/dev/x"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := curl(url, firstRoute(test.routes), test.token); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

// health is the cloud assembly of an API with GET and OPTIONS of /health, whose stage a
// parameter without default names. No function is behind it.
func health(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	type object = map[string]any
	method := func(verb string) object {
		return object{"Type": "AWS::ApiGateway::Method", "Properties": object{
			"RestApiId": object{"Ref": "Api"}, "ResourceId": object{"Ref": "Health"}, "HttpMethod": verb,
			"AuthorizationType": "NONE",
			"Integration": object{
				"Type": "MOCK", "RequestTemplates": object{"application/json": "{ statusCode: 200 }"},
				"IntegrationResponses": []any{object{"StatusCode": "200"}},
			},
			"MethodResponses": []any{object{"StatusCode": "200"}},
		}}
	}
	stage := func(name any) object {
		return object{"Type": "AWS::ApiGateway::Stage", "Properties": object{
			"RestApiId": object{"Ref": "Api"}, "DeploymentId": object{"Ref": "Deployment"}, "StageName": name,
		}}
	}
	for name, content := range map[string]any{
		"manifest.json": object{"artifacts": object{"Health": object{
			"type": "aws:cloudformation:stack", "properties": object{"templateFile": "template.json"},
		}}},
		"template.json": object{
			"Parameters": object{"StageName": object{"Type": "String"}},
			"Resources": object{
				"Api": object{"Type": "AWS::ApiGateway::RestApi", "Properties": object{"Name": "health"}},
				"Health": object{"Type": "AWS::ApiGateway::Resource", "Properties": object{
					"RestApiId": object{"Ref": "Api"}, "PathPart": "health",
					"ParentId": object{"Fn::GetAtt": []string{"Api", "RootResourceId"}},
				}},
				"Get": method("GET"), "Options": method("OPTIONS"),
				"Deployment": object{"Type": "AWS::ApiGateway::Deployment", "DependsOn": []string{"Get"},
					"Properties": object{"RestApiId": object{"Ref": "Api"}}},
				"Stage": stage(object{"Ref": "StageName"}), "Other": stage("other"),
			},
		},
	} {
		text, err := json.Marshal(content)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestRoutesAndNotesOfAnAssemblyAreShown(t *testing.T) {
	p := start(t, "-assembly", health(t), "-port", "0", "-parameter", "StageName=beta", "-stage", "beta")
	url := p.value(t, "API_URL")
	var shown strings.Builder
	for p.stdout.Scan() && p.stdout.Text() != "Ctrl-C stops." {
		shown.WriteString(p.stdout.Text() + "\n")
	}
	want := "\ncurl -i " + url + "/health\n\nGET     /health (public)\nOPTIONS /health (public)\n\n"
	if shown.String() != want {
		t.Errorf("got\n%s\nwant\n%s", shown.String(), want)
	}
	health := routes.Route{Method: "GET", Path: "/health", Public: true}
	if status, errorType := call(t, url, health, ""); status != 200 || !strings.HasSuffix(url, "/beta") {
		t.Errorf("%s/health: %d %s", url, status, errorType)
	}
	p.Process.Kill()
	p.Wait()
	note := "note: Deployment (AWS::ApiGateway::Deployment): it does not depend on OPTIONS /health"
	if !strings.Contains(p.stderr.String(), note) {
		t.Errorf("stderr has no %s:\n%s", note, p.stderr)
	}
}

func TestMessagesNameTheFlags(t *testing.T) {
	for _, test := range []struct{ name, args, want string }{
		{"parameter without default", "", "give it a value, -parameter StageName=VALUE"},
		{"unknown parameter", "-parameter Stage=beta", "no stack has a parameter Stage"},
		{"-parameter without a value", "-parameter StageName", "write it as NAME=VALUE"},
		{"several stages", "-parameter StageName=beta", "choose it with -stage NAME"},
		{"unknown API", "-parameter StageName=beta -api X", "no REST API is called X: there is Health/Api"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := start(t, append([]string{"-assembly", health(t), "-port", "0"}, strings.Fields(test.args)...)...)
			for p.stdout.Scan() {
			}
			if err := p.Wait(); err == nil || !strings.Contains(p.stderr.String(), test.want) {
				t.Errorf("ended with %v, stderr is %q, want %q", err, p.stderr, test.want)
			}
		})
	}
}
