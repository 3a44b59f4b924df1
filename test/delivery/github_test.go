package delivery

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

const rolesFile = root + "/infra/github-roles.json"

// A token of a workflow gets a role only if it is of this repository and of a job with
// the environment of the stage, which decides about branches and approvals.
func TestRolesOfGitHubTrustOneEnvironmentOfOneRepository(t *testing.T) {
	for id, environment := range map[string]string{"DeployRole": "prod", "DiffRole": "prod-diff"} {
		want := []any{map[string]any{
			"Effect": "Allow",
			"Action": "sts:AssumeRoleWithWebIdentity",
			"Principal": map[string]any{
				"Federated": "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com",
			},
			"Condition": map[string]any{"StringEquals": map[string]any{
				"token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
				"token.actions.githubusercontent.com:sub": "repo:octo@1/shop@2:environment:" + environment,
			}},
		}}
		trust := roles(t)[id].AssumeRolePolicyDocument
		if !reflect.DeepEqual(trust.Statement, want) {
			t.Errorf("%s: got the trust policy\n%v, want\n%v", id, trust.Statement, want)
		}
	}
}

// What CloudFormation may do is limited by deploy-policy.json, with which the account is
// bootstrapped. So the role may deploy only through CloudFormation.
func TestRolesOfGitHubMayOnlyDeployThroughTheBootstrapOrReadTheTemplate(t *testing.T) {
	const bootstrap = "arn:aws:iam::111122223333:role/cdk-hnb659fds-"
	read := map[string]any{
		"Effect":   "Allow",
		"Action":   []any{"cloudformation:DescribeStacks", "cloudformation:GetTemplate"},
		"Resource": "arn:aws:cloudformation:eu-west-1:111122223333:stack/Shop-prod/*",
	}
	assume := map[string]any{
		"Effect": "Allow",
		"Action": "sts:AssumeRole",
		"Resource": []any{
			bootstrap + "deploy-role-111122223333-eu-west-1",
			bootstrap + "file-publishing-role-111122223333-eu-west-1",
		},
	}
	for id, want := range map[string][]any{"DeployRole": {assume, read}, "DiffRole": {read}} {
		r := roles(t)[id]
		if len(r.Policies) != 1 || r.ManagedPolicyArns != nil ||
			!reflect.DeepEqual(r.Policies[0].PolicyDocument.Statement, want) {
			t.Errorf("%s: got the policies\n%+v, want\n%v", id, r.Policies, want)
		}
	}
}

// deploy-policy.json lets CloudFormation change roles whose names begin with "NAME-".
func TestDeploymentMayNotChangeTheRolesOfGitHub(t *testing.T) {
	policy, err := os.ReadFile(filepath.Join(root, "infra", "deploy-policy.json"))
	if err != nil {
		t.Fatal(err)
	}
	own := strings.Count(string(policy), `"arn:aws:iam::ACCOUNT:role/NAME-*"`)
	if own == 0 || strings.Count(string(policy), ":role/NAME") != own {
		t.Fatal("infra/deploy-policy.json names the roles of the stack in another way")
	}
	for id, r := range roles(t) {
		if r.RoleName == "" || strings.HasPrefix(r.RoleName, "Shop-") {
			t.Errorf("%s: got the name %q, want one that does not begin with Shop-", id, r.RoleName)
		}
	}
}

func TestTemplateOfTheRolesOfGitHubIsValid(t *testing.T) { lint(t, rolesFile) }

type document struct{ Statement []any }

type role struct {
	RoleName                 string
	AssumeRolePolicyDocument document
	ManagedPolicyArns        any
	Policies                 []struct{ PolicyDocument document }
}

// roles returns the roles of the template for the stage prod of the API Shop, in the
// repository octo/shop.
func roles(t *testing.T) map[string]role {
	t.Helper()
	content, err := os.ReadFile(rolesFile)
	if err != nil {
		t.Fatal(err)
	}
	var template struct {
		Resources map[string]struct{ Properties any }
	}
	if err := json.Unmarshal(content, &template); err != nil {
		t.Fatal(err)
	}
	all := map[string]role{}
	for id, resource := range template.Resources {
		content, err := json.Marshal(substitute(resource.Properties))
		if err != nil {
			t.Fatal(err)
		}
		var r role
		if err := json.Unmarshal(content, &r); err != nil {
			t.Fatal(err)
		}
		all[id] = r
	}
	if len(all) != 2 {
		t.Fatalf("got the roles %v, want two", fmt.Sprint(all))
	}
	return all
}

var values = strings.NewReplacer("${Name}", "Shop", "${Stage}", "prod", "${Subject}", "repo:octo@1/shop@2",
	"${AWS::Partition}", "aws", "${AWS::AccountId}", "111122223333", "${AWS::Region}", "eu-west-1")

// substitute replaces each Fn::Sub in a part of a template by its value.
func substitute(part any) any {
	switch part := part.(type) {
	case map[string]any:
		if text, ok := part["Fn::Sub"].(string); ok {
			return values.Replace(text)
		}
		for key, value := range part {
			part[key] = substitute(value)
		}
	case []any:
		for i, value := range part {
			part[i] = substitute(value)
		}
	}
	return part
}
