package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/jsii-runtime-go"
)

// withREADME has the lines of README.md ("Private networks"), and adds an API with them.
func withREADME(stack awscdk.Stack, f *functions) []route {
	authorizer := stack.Node().FindChild(jsii.String("Authorizer")).(awslambda.Function)
	authorizer.AddEnvironment(jsii.String("HTTPS_PROXY"), jsii.String("http://proxy.internal:3128"), nil)

	private := awsapigateway.NewRestApi(stack, jsii.String("Private"), &awsapigateway.RestApiProps{
		EndpointConfiguration: &awsapigateway.EndpointConfiguration{
			Types: &[]awsapigateway.EndpointType{awsapigateway.EndpointType_PRIVATE},
			VpcEndpoints: &[]awsec2.IVpcEndpoint{awsec2.InterfaceVpcEndpoint_FromInterfaceVpcEndpointAttributes(
				stack, jsii.String("ExecuteApi"), &awsec2.InterfaceVpcEndpointAttributes{
					VpcEndpointId: jsii.String("vpce-0123456789abcdef0"), Port: jsii.Number(443),
				})},
		},
		Policy: awsiam.NewPolicyDocument(&awsiam.PolicyDocumentProps{Statements: &[]awsiam.PolicyStatement{
			awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
				Principals: &[]awsiam.IPrincipal{awsiam.NewAnyPrincipal()},
				Actions:    jsii.Strings("execute-api:Invoke"),
				Resources:  jsii.Strings("execute-api:/*"),
				Conditions: &map[string]any{"StringEquals": map[string]any{"aws:SourceVpce": "vpce-0123456789abcdef0"}},
			}),
		}}),
	})
	private.Root().AddMethod(jsii.String("GET"), nil, nil)
	return routes(stack, f)
}

func TestLinesOfTheREADMEForPrivateNetworksCanBeDeployed(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	here, err := os.ReadFile("readme_test.go")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(readme), "\n## Private networks\n")
	section, _, _ = strings.Cut(section, "\n## ")
	blocks := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(section, -1)
	if len(blocks) != 3 {
		t.Fatalf("got %d blocks of Go, want 3", len(blocks))
	}
	for _, block := range blocks {
		if !strings.Contains(unindented(string(here)), unindented(block[1])) {
			t.Errorf("these lines are not compiled by this test:\n%s", block[1])
		}
	}

	tpl := synthRoutes(t, config(t, nil), withREADME)
	const endpoint = `"EndpointConfiguration":{"Types":["PRIVATE"],"VpcEndpointIds":["vpce-0123456789abcdef0"]}`
	for kind, text := range map[string]string{
		"AWS::Lambda::Function":    `"HTTPS_PROXY":"http://proxy.internal:3128"`,
		"AWS::ApiGateway::RestApi": endpoint,
	} {
		if !properties(t, tpl, kind, text) {
			t.Errorf("no %s has %s", kind, text)
		}
	}
}

// unindented returns lines without the white space at their beginning.
func unindented(lines string) string {
	return regexp.MustCompile(`(?m)^[ \t]+`).ReplaceAllString(lines, "")
}
