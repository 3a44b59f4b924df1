package main

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The policy allows exactly what the templates need.
func TestDeployPolicyAllowsWhatTheTemplatesNeed(t *testing.T) {
	used := map[string]bool{}
	var all iamPolicy
	for _, golden := range []struct{ name, stack, domain, zone, vpc string }{
		{"default", apiName + "-prod", "none", "none", "none"},
		{"everything", apiName + "-test", "api.example.com", "Z0123456789ABCDEFGHIJ", "vpc-0a1b2c3d4e5f60718"},
	} {
		policy := readPolicy(t, "deploy-policy*.json", golden.domain, golden.zone, golden.vpc)
		policy.used, all = used, policy
		for id, r := range stage(t, golden.name).Resources {
			rows, ok := needs[r.Type]
			if !ok {
				t.Errorf("%s: nothing says what CloudFormation needs for %s. Write in init of a test file of your own: "+
					"needs[%q] = []need{{actions: \"…\", on: …}}, with the actions from handlers.permissions of its "+
					"CloudFormation schema; policy_needs_test.go has examples", id, r.Type, r.Type)
			}
			s := subject{golden.stack, id, r}
			for _, row := range rows {
				var keys map[string]string
				if row.with != nil {
					keys = row.with(s)
				}
				for _, action := range strings.Fields(row.actions) {
					for _, arn := range row.on(s) {
						if !policy.allows(t, action, arn, keys) {
							t.Errorf("%s: %s needs %s on %s with %v: add it to deploy-policy.json or "+
								"to a file infra/deploy-policy-….json of your own", golden.name, id, action, arn, keys)
						}
					}
				}
			}
		}
		// What the template needs whatever its resources are: the version of the bootstrap.
		const version = "arn:aws:ssm:eu-west-1:111122223333:parameter/cdk-bootstrap/hnb659fds/version"
		if !policy.allows(t, "ssm:GetParameters", version, nil) {
			t.Error("the version of the bootstrap cannot be read")
		}
	}
	for _, s := range all.Statement {
		for _, part := range slices.Concat(s.Action, s.Resource) {
			if !used[s.Sid+" "+part] {
				t.Errorf("%s: no template needs %s: remove it", s.Sid, part)
			}
		}
	}
}

// Without the boundary, a role could be given any right, and then be used by a function.
func TestEveryIAMWriteDemandsTheBoundary(t *testing.T) {
	// These neither give rights nor take a boundary away. IAM does not offer the condition
	// for tags and for passing a role.
	harmless := []string{
		"iam:GetRole", "iam:GetRolePolicy", "iam:ListRolePolicies", "iam:ListAttachedRolePolicies",
		"iam:DeleteRole", "iam:TagRole", "iam:UntagRole", "iam:PassRole", "iam:CreateServiceLinkedRole",
	}
	writes := 0
	for _, s := range readPolicy(t, "deploy-policy*.json", "none", "none", "none").Statement {
		for _, action := range s.Action {
			service, name, _ := strings.Cut(action, ":")
			if strings.Contains(service, "*") || service == "iam" && strings.Contains(name, "*") {
				t.Errorf("%s: %s allows more IAM actions than one", s.Sid, action)
			}
			if !strings.HasPrefix(action, "iam:") || slices.Contains(harmless, action) {
				continue
			}
			writes++
			condition := s.Condition["StringEquals"]["iam:PermissionsBoundary"]
			if !slices.Equal(condition, oneOrMore{boundary}) {
				t.Errorf("%s: %s does not demand the boundary, but %v", s.Sid, action, condition)
			}
		}
		for _, resource := range s.Resource {
			if slices.ContainsFunc(s.Action, func(a string) bool { return strings.HasPrefix(a, "iam:") }) &&
				!strings.HasPrefix(resource, "arn:aws:iam::111122223333:role/"+apiName+"-") &&
				!strings.HasPrefix(resource, "arn:aws:iam::111122223333:role/aws-service-role/") {
				t.Errorf("%s: %s is not only this project's", s.Sid, resource)
			}
		}
	}
	if writes == 0 {
		t.Error("found no IAM write")
	}
}

// Each row could give more rights, or access to resources of others.
func TestDeployPolicyAllowsNoPrivilegeEscalation(t *testing.T) {
	policy := readPolicy(t, "deploy-policy*.json", "api.example.com", "Z0123456789ABCDEFGHIJ", "vpc-0a1b2c3d4e5f60718")
	const (
		role      = "arn:aws:iam::111122223333:role/" + apiName + "-x"
		foreign   = "arn:aws:iam::111122223333:role/Admin"
		itself    = "arn:aws:iam::111122223333:role/cdk-hnb659fds-cfn-exec-role-111122223333-eu-west-1"
		function  = "arn:aws:lambda:eu-west-1:111122223333:function:" + apiName + "-x"
		payments  = "arn:aws:lambda:eu-west-1:111122223333:function:payments"
		gateway   = "arn:aws:apigateway:eu-west-1::"
		zone      = "arn:aws:route53:::hostedzone/Z0123456789ABCDEFGHIJ"
		logs      = "arn:aws:logs:eu-west-1:111122223333:log-group:"
		alarms    = "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:"
		bootstrap = "arn:aws:s3:::cdk-hnb659fds-assets-111122223333-eu-west-1/x"
		version   = "arn:aws:ssm:eu-west-1:111122223333:parameter/cdk-bootstrap/hnb659fds/version"
		admin     = "arn:aws:iam::aws:policy/AdministratorAccess"
		groups    = "arn:aws:ec2:eu-west-1:111122223333:security-group/"
		vpcs      = "arn:aws:ec2:eu-west-1:111122223333:vpc/"

		limit   = "iam:PermissionsBoundary"
		service = "iam:PassedToService"
		tag     = "aws:ResourceTag/aws:cloudformation:stack-name"
	)
	record := func(name, kind string) map[string]string {
		return map[string]string{
			"route53:ChangeResourceRecordSetsNormalizedRecordNames": name,
			"route53:ChangeResourceRecordSetsRecordTypes":           kind,
		}
	}
	for _, test := range []struct {
		name, action, resource string
		keys                   map[string]string
	}{
		{"a role without a boundary", "iam:CreateRole", role, nil},
		{"a role with another boundary", "iam:CreateRole", role, with(limit, admin)},
		{"a role with another name", "iam:CreateRole", foreign, with(limit, boundary)},
		{"a policy in a role without a boundary", "iam:PutRolePolicy", role, nil},
		{"a policy in a role of others", "iam:PutRolePolicy", foreign, with(limit, boundary)},
		{"a managed policy", "iam:AttachRolePolicy", role, with(limit, boundary)},
		{"the boundary removed", "iam:DeleteRolePermissionsBoundary", role, with(limit, boundary)},
		{"another boundary", "iam:PutRolePermissionsBoundary", role, with(limit, admin)},
		{"trust in a role without a boundary", "iam:UpdateAssumeRolePolicy", role, nil},
		{"another version of the boundary", "iam:CreatePolicyVersion", boundary, nil},
		{"the boundary's default version", "iam:SetDefaultPolicyVersion", boundary, nil},
		{"the boundary deleted", "iam:DeletePolicy", boundary, nil},
		{"its own policy", "iam:CreatePolicyVersion", "arn:aws:iam::111122223333:policy/" + apiName + "Deploy", nil},
		{"its own role", "iam:PutRolePolicy", itself, with(limit, boundary)},
		{"trust in its own role", "iam:UpdateAssumeRolePolicy", itself, with(limit, boundary)},
		{"a user", "iam:CreateUser", "arn:aws:iam::111122223333:user/" + apiName + "-x", with(limit, boundary)},
		{"a key of a user", "iam:CreateAccessKey", "arn:aws:iam::111122223333:user/admin", nil},
		{"another role", "sts:AssumeRole", foreign, nil},
		{"a role of others for a function", "iam:PassRole", foreign, with(service, "lambda.amazonaws.com")},
		{"its own role for a function", "iam:PassRole", itself, with(service, "lambda.amazonaws.com")},
		{"a role for a machine", "iam:PassRole", role, with(service, "ec2.amazonaws.com")},
		{"a role for CloudFormation", "iam:PassRole", role, with(service, "cloudformation.amazonaws.com")},
		{"a role of another service", "iam:CreateServiceLinkedRole",
			"arn:aws:iam::111122223333:role/aws-service-role/ecs.amazonaws.com/x",
			with("iam:AWSServiceName", "ecs.amazonaws.com")},

		{"code of others", "lambda:UpdateFunctionCode", payments, nil},
		{"configuration of others", "lambda:UpdateFunctionConfiguration", payments, nil},
		{"functions invoked", "lambda:InvokeFunction", function, nil},
		{"a permission for another account", "lambda:AddPermission", function, with("lambda:Principal", "444455556666")},
		{"a permission for everybody", "lambda:AddPermission", function, with("lambda:Principal", "*")},
		{"a permission for functions of others", "lambda:AddPermission", payments,
			with("lambda:Principal", "apigateway.amazonaws.com")},
		{"a URL of a function", "lambda:CreateFunctionUrlConfig", function, nil},
		{"a layer", "lambda:PublishLayerVersion", "arn:aws:lambda:eu-west-1:111122223333:layer:" + apiName + "-x", nil},
		{"a layer of others", "lambda:GetLayerVersion", "arn:aws:lambda:eu-west-1:444455556666:layer:x:1", nil},
		{"events for a function", "lambda:CreateEventSourceMapping", "*", nil},

		{"a function in another VPC", "lambda:UpdateFunctionConfiguration", function, with("lambda:VpcIds", "vpc-1b2c3d4e")},
		{"a new function in another VPC", "lambda:CreateFunction", function, with("lambda:VpcIds", "vpc-1b2c3d4e")},
		{"a security group in another VPC", "ec2:CreateSecurityGroup", vpcs + "vpc-1b2c3d4e", nil},
		{"a security group of another VPC", "ec2:RevokeSecurityGroupEgress", groups + "sg-1",
			with("ec2:Vpc", vpcs+"vpc-1b2c3d4e")},
		{"a security group of nowhere", "ec2:DeleteSecurityGroup", groups + "sg-1", nil},
		{"a security group of another stack", "ec2:AuthorizeSecurityGroupEgress", groups + "sg-1",
			plusKeys(with(tag, "Payments"), inVPC)},
		{"who may connect to others", "ec2:AuthorizeSecurityGroupIngress", groups + "sg-1", inVPC},
		{"tags of a subnet", "ec2:CreateTags", "arn:aws:ec2:eu-west-1:111122223333:subnet/subnet-1", inVPC},
		{"a network interface", "ec2:CreateNetworkInterface", "*", nil},

		{"an integration of others", "apigateway:PATCH",
			gateway + "/restapis/zzzzzzzzzz/resources/abc123/methods/GET/integration", with(tag, "Payments")},
		{"an API of others, to import it", "apigateway:GET", gateway + "/restapis/zzzzzzzzzz", with(tag, "Payments")},
		{"an API without the tag", "apigateway:DELETE", gateway + "/restapis/zzzzzzzzzz", nil},
		{"an API with another name", "apigateway:POST", gateway + "/restapis",
			with("apigateway:Request/ApiName", "payments")},
		{"a web ACL at a stage of others", "apigateway:SetWebACL", gateway + "/restapis/zzzzzzzzzz/stages/prod", nil},
		{"API keys", "apigateway:GET", gateway + "/apikeys", nil},
		{"another domain", "apigateway:PATCH", gateway + "/domainnames/payments.example.com", nil},
		{"another record", "route53:ChangeResourceRecordSets", zone, record("www.example.com", "A")},
		{"a record with a text", "route53:ChangeResourceRecordSets", zone, record("api.example.com", "TXT")},
		{"another zone", "route53:ChangeResourceRecordSets", "arn:aws:route53:::hostedzone/Z9",
			record("api.example.com", "A")},

		{"logs of others", "logs:DeleteLogGroup", logs + "/aws/lambda/payments", nil},
		{"what logs say", "logs:GetLogEvents", logs + apiName + "-x", nil},
		{"logs sent elsewhere", "logs:PutSubscriptionFilter", logs + apiName + "-x", nil},
		{"who may write logs", "logs:PutResourcePolicy", logs + ":log-stream:",
			with("aws:CalledVia", "cloudformation.amazonaws.com")},
		{"an alarm that ends machines", "cloudwatch:PutMetricAlarm", alarms + apiName + "-x",
			with("cloudwatch:AlarmActions", "arn:aws:automate:eu-west-1:ec2:terminate")},
		{"an alarm that also invokes a function", "cloudwatch:PutMetricAlarm", alarms + apiName + "-x",
			with("cloudwatch:AlarmActions", "arn:aws:sns:eu-west-1:111122223333:a "+payments)},
		{"alarms of others", "cloudwatch:DeleteAlarms", alarms + "payments", nil},
		{"a topic of others", "sns:SetTopicAttributes", "arn:aws:sns:eu-west-1:111122223333:payments", nil},
		{"a web ACL of others", "wafv2:UpdateWebACL", "arn:aws:wafv2:eu-west-1:111122223333:regional/webacl/payments/1", nil},
		{"code in the bootstrap's bucket", "s3:PutObject", bootstrap, nil},
		{"another bucket", "s3:GetObject", "arn:aws:s3:::payments/x", nil},
		{"the version of the bootstrap", "ssm:PutParameter", version, nil},
		{"other parameters", "ssm:GetParameters", "arn:aws:ssm:eu-west-1:111122223333:parameter/payments", nil},
		{"another stack", "cloudformation:UpdateStack",
			"arn:aws:cloudformation:eu-west-1:111122223333:stack/CDKToolkit/1", nil},
	} {
		if policy.allows(t, test.action, test.resource, test.keys) {
			t.Errorf("%s: %s on %s is allowed with %v", test.name, test.action, test.resource, test.keys)
		}
	}
}

func with(key, value string) map[string]string { return map[string]string{key: value} }

// A role has only the rights that both its own policies and the boundary allow.
func TestBoundaryAllowsWhatTheRolesMay(t *testing.T) {
	limit := readPolicy(t, "deploy-boundary.json", "none", "none", "none")
	for _, name := range []string{"default", "everything"} {
		tpl := stage(t, name)
		documents := 0
		for id, r := range tpl.Resources {
			for _, document := range documentsOf(r) {
				documents++
				text, err := json.Marshal(document)
				if err != nil {
					t.Fatal(err)
				}
				var p struct {
					Statement []struct{ Action, Resource any }
				}
				if err := json.Unmarshal(text, &p); err != nil {
					t.Fatal(err)
				}
				for _, s := range p.Statement {
					for _, action := range asList(s.Action) {
						for _, resource := range asList(s.Resource) {
							if arn := arnIn(tpl, render(resource)); !limit.allows(t, render(action), arn, nil) {
								t.Errorf("%s: %s may %v on %s, but not within the boundary: "+
									"add it to deploy-boundary.json", name, id, action, arn)
							}
						}
					}
				}
			}
		}
		if documents < 3 {
			t.Errorf("%s: got %d policies, want one for each role", name, documents)
		}
	}
}

// boundaryServices are the services that functions may use within the boundary. IAM and
// others that give rights must not be among them.
var boundaryServices = []string{"logs", "xray", "ec2"}

func TestBoundaryGivesNoRightsInIAM(t *testing.T) {
	for _, s := range readPolicy(t, "deploy-boundary.json", "none", "none", "none").Statement {
		for _, action := range s.Action {
			service, name, _ := strings.Cut(action, ":")
			if slices.Contains([]string{"iam", "sts", "organizations"}, service) ||
				!regexp.MustCompile(`^[A-Za-z]+$`).MatchString(name) {
				t.Errorf("%s: %s may give rights, or is more than one action", s.Sid, action)
			}
			if !slices.Contains(boundaryServices, service) {
				t.Errorf("%s: %s is more than writing logs and traces, and joining a VPC. If functions need it, "+
					"write in init of a test file of your own: boundaryServices = append(boundaryServices, %q)", s.Sid, action, service)
			}
		}
	}
}

// Lambda manages network interfaces with the role of a function in a VPC.
func TestBoundaryAllowsNoFunctionToManageNetworkInterfaces(t *testing.T) {
	limit := readPolicy(t, "deploy-boundary.json", "none", "none", "none")
	code := with("lambda:SourceFunctionArn", "arn:aws:lambda:eu-west-1:111122223333:function:"+apiName+"-prod-Authorizer")
	for _, s := range limit.Statement {
		for _, action := range s.Action {
			if strings.HasPrefix(action, "ec2:") && limit.allows(t, action, "*", code) {
				t.Errorf("%s: %s is allowed to the code of a function", s.Sid, action)
			}
		}
	}
}

func TestEveryRoleHasTheBoundaryOfTheSetting(t *testing.T) {
	roles := stage(t, "everything").ofType("AWS::IAM::Role")
	for id, r := range roles {
		if got := arnOf(render(r.Properties["PermissionsBoundary"])); got != boundary {
			t.Errorf("%s has the boundary %s, want %s", id, got, boundary)
		}
	}
	if len(roles) < 3 {
		t.Errorf("got %d roles", len(roles))
	}
}

// documentsOf returns the policies in a role or of a role.
func documentsOf(r resource) []any {
	var documents []any
	if r.Type == "AWS::IAM::Policy" {
		documents = append(documents, r.Properties["PolicyDocument"])
	}
	inline, _ := r.Properties["Policies"].([]any)
	for _, item := range inline {
		documents = append(documents, item.(map[string]any)["PolicyDocument"])
	}
	return documents
}

func asList(value any) []any {
	if list, ok := value.([]any); ok {
		return list
	}
	return []any{value}
}

// arnIn is arnOf in a template, where an ARN may be that of a resource: then it is the
// first on which the resource's type needs something.
func arnIn(tpl template, text string) string {
	for id, r := range tpl.Resources {
		if rows := needs[r.Type]; text == "${"+logicalIDHash.ReplaceAllString(id, "")+".Arn}" &&
			r.Type != "AWS::Logs::LogGroup" && len(rows) > 0 {
			return rows[0].on(subject{apiName + "-prod", id, r})[0]
		}
	}
	return arnOf(text)
}

// arnOf writes a rendered ARN with the values of one account.
func arnOf(text string) string {
	text = strings.NewReplacer(
		"${AWS::Partition}", "aws", "${AWS::Region}", "eu-west-1", "${AWS::AccountId}", account,
	).Replace(text)
	return regexp.MustCompile(`^\$\{(\w+Logs)\.Arn\}$`).ReplaceAllString(text,
		fmt.Sprintf("arn:aws:logs:eu-west-1:%s:log-group:"+apiName+"-prod-$1-A1B2C3D4E5F6:*", account))
}
