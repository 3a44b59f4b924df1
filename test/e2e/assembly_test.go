package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// cfn is a part of a CloudFormation template.
type cfn = map[string]any

// editedAssembly returns a copy of the cloud assembly of this project, with changes to
// the resources of the template that has the API.
func editedAssembly(t *testing.T, edit func(resources cfn)) (folder string) {
	t.Helper()
	folder = t.TempDir()
	if err := os.CopyFS(folder, os.DirFS(assembly)); err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(filepath.Join(folder, "*.template.json"))
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), "AWS::ApiGateway::RestApi") {
			continue
		}
		var template cfn
		if err := json.Unmarshal(text, &template); err != nil {
			t.Fatal(err)
		}
		edit(template["Resources"].(cfn))
		if text, err = json.Marshal(template); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, text, 0o644); err != nil {
			t.Fatal(err)
		}
		return folder
	}
	t.Fatalf("none of the templates %v has an API", files)
	return ""
}

// variables returns the environment of a function; nil without one.
func variables(properties cfn) cfn {
	environment, _ := properties["Environment"].(cfn)
	variables, _ := environment["Variables"].(cfn)
	return variables
}

// openToAll lets pages of any origin call the API, and has the answers of the authorizer
// cached for five minutes: what some tests need, whatever the settings of this project
// are.
func openToAll(resources cfn) {
	const allowOrigin = "header.Access-Control-Allow-Origin"
	for _, resource := range resources {
		p, _ := resource.(cfn)["Properties"].(cfn)
		switch resource.(cfn)["Type"] {
		case "AWS::ApiGateway::Authorizer":
			p["AuthorizerResultTtlInSeconds"] = 300
		case "AWS::ApiGateway::GatewayResponse":
			p["ResponseParameters"].(cfn)["gatewayresponse."+allowOrigin] = "'*'"
		case "AWS::ApiGateway::Method":
			if p["HttpMethod"] != "OPTIONS" {
				continue
			}
			responses, _ := p["Integration"].(cfn)["IntegrationResponses"].([]any)
			for _, response := range responses {
				delete(response.(cfn), "ResponseTemplates") // which chooses one of several origins
				response.(cfn)["ResponseParameters"].(cfn)["method.response."+allowOrigin] = "'*'"
			}
		case "AWS::Lambda::Function":
			if v := variables(p); v["CORS_ORIGINS"] != nil {
				v["CORS_ORIGINS"] = "*"
			}
		}
	}
}
