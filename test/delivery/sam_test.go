package delivery

import (
	"os/exec"
	"path/filepath"
	"testing"
)

// existingFunction is the function of a SAM template that exists, to which the lines of
// the README add the API and the authorizer.
const existingFunction = `
  Orders:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: orders/
      Runtime: nodejs24.x
      Handler: index.handler
      Events:
        List:
          Type: Api
          Properties: { RestApiId: !Ref Api, Path: /orders, Method: get }
`

// cfn-lint expands the template as CloudFormation does (with AWS's own translator of SAM)
// and checks the result against the schemas of all resources.
func TestSAMTemplateOfTheREADMEIsValid(t *testing.T) {
	file := filepath.Join(t.TempDir(), "template.yaml")
	write(t, file, snippets(t, "With SAM", "yaml")+existingFunction)
	lint(t, file)
}

// lint checks a CloudFormation template with cfn-lint, warnings included. The test is
// skipped where cfn-lint is not installed.
func lint(t *testing.T, template string) {
	t.Helper()
	if _, err := exec.LookPath("cfn-lint"); err != nil {
		t.Skip("skipped: cfn-lint is missing: pip install cfn-lint==1.51.0")
	}
	command := exec.Command("cfn-lint", "--regions", "eu-west-1", "--template", template)
	if output, err := command.CombinedOutput(); err != nil {
		t.Errorf("cfn-lint: %v\n%s", err, output)
	}
}
