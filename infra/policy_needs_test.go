package main

import (
	"maps"
	"slices"
	"strings"
)

const (
	account  = "111122223333"
	boundary = "arn:aws:iam::111122223333:policy/" + apiName + "Boundary"
)

// need is what CloudFormation must be allowed to create, read, update and delete a
// resource of one type: actions on the resource, or on another one.
type need struct {
	actions string
	on      func(subject) []string // ARNs
	with    func(subject) map[string]string
}

// subject is a resource of a template.
type subject struct {
	stack string // its name
	id    string
	resource
}

// needs are the actions in the handlers of the CloudFormation schema of each type (AWS:
// "CloudFormation resource provider schemas", handlers.permissions), without those for
// properties that this stack does not set:
//
//	all              kms (customer-managed keys), s3:REST.PUT.OBJECT, firehose
//	Account, Method, Authorizer, SNS  iam:PassRole where no role is passed
//	RestApi          s3:GetObject (BodyS3Location), UpdateRestApiPolicy (Policy)
//	Role             AttachRolePolicy, DetachRolePolicy (ManagedPolicyArns);
//	                 DeleteRolePermissionsBoundary (it is never taken away, see README.md)
//	Policy           those on users and groups
//	Function         elasticfilesystem, s3files (FileSystemConfigs), GetLayerVersion (Layers),
//	                 *CodeSigning* but Get (CodeSigningConfigArn),
//	                 PutRuntimeManagementConfig, PutFunctionRecursionConfig,
//	                 PutFunctionScalingConfig, PassCapacityProvider, PublishVersion
//	LogGroup         PutDataProtectionPolicy, *IndexPolicy but Describe, *ResourcePolicy,
//	                 CreateLogDelivery, PutLogGroupDeletionProtection,
//	                 PutBearerTokenAuthentication
//	SecurityGroup    *Ingress (SecurityGroupIngress), GetManagedPrefixListEntries
//	Topic            PutDataProtectionPolicy
//	Association      what belongs to other services than API Gateway, and
//	                 PutPermissionPolicy (rule groups of other accounts)
//	LoggingConfiguration  what belongs to S3 and Firehose, and iam:DescribeOrganization
//
// Lists of all resources of a type are left out too: a stack reads only its own. A record
// of Route 53 has no schema with handlers; its row is from the user guide of Route 53.
var needs = map[string][]need{
	"AWS::ApiGateway::Account": {
		{actions: "apigateway:GET apigateway:PATCH", on: gateway("/account")},
		{actions: "iam:GetRole", on: logsRole},
		{actions: "iam:PassRole", on: logsRole, with: passedTo("apigateway.amazonaws.com")},
	},
	"AWS::ApiGateway::Authorizer":      {child("/authorizers", "/authorizers/abc123")},
	"AWS::ApiGateway::GatewayResponse": {child("/gatewayresponses", "/gatewayresponses/DEFAULT_4XX")},
	"AWS::ApiGateway::Deployment":      {child("/deployments", "/deployments/abc123")},
	"AWS::ApiGateway::Resource":        {child("/resources", "/resources/abc123")},
	"AWS::ApiGateway::Method": {
		child("/resources/abc123/methods/GET", "/resources/abc123/methods/GET/integration",
			"/resources/abc123/methods/GET/integration/responses/204", "/resources/abc123/methods/GET/responses/204"),
	},
	"AWS::ApiGateway::Stage": {
		child("/stages", "/stages/prod"),
		{actions: "apigateway:GET apigateway:PUT apigateway:DELETE",
			on: gateway("/tags/arn%3Aaws%3Aapigateway%3Aeu-west-1%3A%3A%2Frestapis%2Fa1b2c3d4e5%2Fstages%2Fprod")},
	},
	"AWS::ApiGateway::RestApi": {
		{actions: "apigateway:POST", on: gateway("/restapis"), with: func(s subject) map[string]string {
			return map[string]string{"apigateway:Request/ApiName": render(s.Properties["Name"])}
		}},
		child(""),
		{actions: "apigateway:GET apigateway:PUT apigateway:DELETE",
			on: gateway("/tags/arn%3Aaws%3Aapigateway%3Aeu-west-1%3A%3A%2Frestapis%2Fa1b2c3d4e5")},
	},
	"AWS::ApiGateway::DomainName": {
		{actions: "apigateway:POST", on: gateway("/domainnames")},
		{actions: "apigateway:GET apigateway:PUT apigateway:PATCH apigateway:DELETE", on: domainName},
		{actions: "acm:DescribeCertificate", on: func(s subject) []string {
			return []string{"arn:aws:acm:eu-west-1:111122223333:certificate/11112222-3333-4444-5555-666677778888"}
		}},
		serviceLinkedRole("ops.apigateway.amazonaws.com"),
	},
	"AWS::ApiGateway::BasePathMapping": {
		{actions: "apigateway:POST apigateway:GET apigateway:PATCH apigateway:DELETE",
			on: gateway("/domainnames/api.example.com/basepathmappings",
				"/domainnames/api.example.com/basepathmappings/account")},
	},
	"AWS::CloudWatch::Alarm": {
		{actions: "cloudwatch:PutMetricAlarm", on: alarmName, with: func(s subject) map[string]string {
			actions, _ := s.Properties["AlarmActions"].([]any)
			if len(actions) == 0 {
				return nil
			}
			return map[string]string{"cloudwatch:AlarmActions": topic(s)[0]}
		}},
		{actions: "cloudwatch:DeleteAlarms cloudwatch:TagResource cloudwatch:UntagResource cloudwatch:ListTagsForResource",
			on: alarmName},
		{actions: "cloudwatch:DescribeAlarms",
			on: func(s subject) []string {
				return append(alarmName(s), "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:*")
			}},
	},
	"AWS::CloudWatch::Dashboard": {
		{actions: "cloudwatch:PutDashboard cloudwatch:GetDashboard cloudwatch:DeleteDashboards " +
			"cloudwatch:TagResource cloudwatch:UntagResource cloudwatch:ListTagsForResource",
			on: func(s subject) []string {
				return []string{"arn:aws:cloudwatch::111122223333:dashboard/" + s.name("DashboardName")}
			}},
	},
	// CloudFormation sets its tags last: at first they do not exist.
	"AWS::EC2::SecurityGroup": {
		{actions: "ec2:CreateSecurityGroup", on: func(s subject) []string {
			return append(securityGroup(s), "arn:aws:ec2:eu-west-1:111122223333:vpc/vpc-0a1b2c3d4e5f60718")
		}},
		{actions: "ec2:RevokeSecurityGroupEgress ec2:AuthorizeSecurityGroupEgress ec2:CreateTags ec2:DeleteSecurityGroup",
			on: securityGroup, with: func(subject) map[string]string { return inVPC }},
		{actions: "ec2:RevokeSecurityGroupEgress ec2:AuthorizeSecurityGroupEgress ec2:CreateTags ec2:DeleteTags " +
			"ec2:DeleteSecurityGroup", on: securityGroup, with: func(s subject) map[string]string {
			return plusKeys(ofStack(s), inVPC)
		}},
		{actions: "ec2:DescribeSecurityGroups ec2:DescribeTags ec2:DescribeNetworkInterfaces", on: everything},
	},
	"AWS::IAM::Role": {
		{actions: "iam:CreateRole iam:PutRolePolicy iam:DeleteRolePolicy iam:PutRolePermissionsBoundary " +
			"iam:UpdateRole iam:UpdateRoleDescription iam:UpdateAssumeRolePolicy", on: role, with: withBoundary},
		{actions: "iam:GetRole iam:GetRolePolicy iam:ListRolePolicies iam:ListAttachedRolePolicies " +
			"iam:DeleteRole iam:TagRole iam:UntagRole", on: role},
	},
	"AWS::IAM::Policy": {
		{actions: "iam:PutRolePolicy iam:DeleteRolePolicy", on: role, with: withBoundary},
		{actions: "iam:GetRolePolicy", on: role},
	},
	"AWS::Lambda::Function": {
		{actions: "lambda:CreateFunction lambda:UpdateFunctionConfiguration",
			on:   generated("arn:aws:lambda:eu-west-1:111122223333:function:"),
			with: func(s subject) map[string]string { return map[string]string{"lambda:VpcIds": vpcOf(s)} }},
		{actions: "ec2:DescribeSecurityGroups ec2:DescribeSubnets ec2:DescribeVpcs ec2:DescribeNetworkInterfaces",
			on: func(s subject) []string { return slices.Repeat([]string{"*"}, len(strings.Fields(vpcOf(s)))) }},
		{actions: "lambda:DeleteFunction lambda:GetFunction lambda:UpdateFunctionCode " +
			"lambda:PutFunctionConcurrency lambda:DeleteFunctionConcurrency " +
			"lambda:GetFunctionCodeSigningConfig lambda:GetFunctionRecursionConfig lambda:GetFunctionScalingConfig " +
			"lambda:GetRuntimeManagementConfig lambda:ListTags lambda:TagResource lambda:UntagResource",
			on: generated("arn:aws:lambda:eu-west-1:111122223333:function:")},
		{actions: "iam:PassRole", on: role, with: passedTo("lambda.amazonaws.com")},
		{actions: "s3:GetObject s3:GetObjectVersion", on: func(subject) []string {
			return []string{"arn:aws:s3:::cdk-hnb659fds-assets-111122223333-eu-west-1/0123456789abcdef.zip"}
		}},
	},
	"AWS::Lambda::Permission": {
		{actions: "lambda:AddPermission", on: functionOf, with: func(s subject) map[string]string {
			return map[string]string{"lambda:Principal": render(s.Properties["Principal"])}
		}},
		{actions: "lambda:RemovePermission lambda:GetPolicy", on: functionOf},
	},
	"AWS::Logs::LogGroup": {
		{actions: "logs:CreateLogGroup logs:DeleteLogGroup logs:PutRetentionPolicy logs:DeleteRetentionPolicy " +
			"logs:GetDataProtectionPolicy logs:DeleteDataProtectionPolicy logs:DescribeIndexPolicies " +
			"logs:ListTagsForResource logs:TagResource logs:UntagResource", on: logGroup},
		{actions: "logs:DescribeLogGroups logs:DescribeResourcePolicies", on: everything},
	},
	"AWS::Logs::MetricFilter": {
		{actions: "logs:PutMetricFilter logs:DescribeMetricFilters logs:DeleteMetricFilter", on: logGroup},
	},
	"AWS::Route53::RecordSet": {
		{actions: "route53:ChangeResourceRecordSets", on: zone, with: func(s subject) map[string]string {
			return map[string]string{
				"route53:ChangeResourceRecordSetsNormalizedRecordNames": strings.TrimSuffix(s.name("Name"), "."),
				"route53:ChangeResourceRecordSetsRecordTypes":           s.name("Type"),
			}
		}},
		{actions: "route53:GetHostedZone route53:ListResourceRecordSets", on: zone},
		{actions: "route53:GetChange", on: func(subject) []string {
			return []string{"arn:aws:route53:::change/C1234567890ABC"}
		}},
	},
	"AWS::SNS::Topic": {
		{actions: "sns:CreateTopic sns:DeleteTopic sns:GetTopicAttributes sns:SetTopicAttributes sns:Subscribe " +
			"sns:Unsubscribe sns:GetDataProtectionPolicy sns:ListSubscriptionsByTopic sns:ListTagsForResource " +
			"sns:TagResource sns:UntagResource", on: topic},
	},
	// SNS checks what is done to a subscription against the ARN of its topic.
	"AWS::SNS::Subscription": {
		{actions: "sns:Subscribe sns:Unsubscribe sns:GetSubscriptionAttributes sns:SetSubscriptionAttributes", on: topic},
	},
	"AWS::SNS::TopicPolicy": {{actions: "sns:SetTopicAttributes", on: topic}},
	"AWS::WAFv2::WebACL": {
		{actions: "wafv2:CreateWebACL wafv2:UpdateWebACL", on: func(s subject) []string {
			return append(webACL(s), "arn:aws:wafv2:eu-west-1:111122223333:regional/managedruleset/*/*")
		}},
		{actions: "wafv2:GetWebACL wafv2:DeleteWebACL wafv2:ListTagsForResource wafv2:TagResource " +
			"wafv2:UntagResource", on: webACL},
	},
	"AWS::WAFv2::WebACLAssociation": {
		{actions: "wafv2:GetWebACL wafv2:AssociateWebACL wafv2:GetWebACLForResource wafv2:DisassociateWebACL",
			on: func(s subject) []string {
				return []string{"arn:aws:wafv2:eu-west-1:111122223333:regional/webacl/" + apiName + "-test/1111"}
			}},
		{actions: "wafv2:AssociateWebACL wafv2:GetWebACLForResource wafv2:DisassociateWebACL",
			on: gateway("/restapis/a1b2c3d4e5/stages/test")},
		{actions: "apigateway:SetWebACL", on: gateway("/restapis/a1b2c3d4e5/stages/test"), with: ofStack},
	},
	"AWS::WAFv2::LoggingConfiguration": {
		{actions: "wafv2:PutLoggingConfiguration wafv2:GetLoggingConfiguration wafv2:DeleteLoggingConfiguration",
			on: func(s subject) []string {
				return []string{"arn:aws:wafv2:eu-west-1:111122223333:regional/webacl/" + apiName + "-test/1111"}
			}},
		{actions: "logs:CreateLogDelivery logs:DeleteLogDelivery logs:DescribeResourcePolicies " +
			"logs:DescribeLogGroups", on: everything},
		{actions: "logs:PutResourcePolicy", on: func(subject) []string {
			return []string{"arn:aws:logs:eu-west-1:111122223333:log-group::log-stream:"}
		}, with: func(subject) map[string]string {
			return map[string]string{"aws:CalledVia": "cloudformation.amazonaws.com wafv2.amazonaws.com"}
		}},
		serviceLinkedRole("wafv2.amazonaws.com"),
	},
}

// child is what is done to a part of a REST API, which inherits the tags of the API (AWS:
// "API Gateway resources that can be tagged").
func child(paths ...string) need {
	for i, path := range paths {
		paths[i] = "/restapis/a1b2c3d4e5" + path
	}
	return need{
		actions: "apigateway:GET apigateway:POST apigateway:PUT apigateway:PATCH apigateway:DELETE",
		on:      gateway(paths...), with: ofStack,
	}
}

func gateway(paths ...string) func(subject) []string {
	return func(subject) []string {
		var arns []string
		for _, path := range paths {
			arns = append(arns, "arn:aws:apigateway:eu-west-1::"+path)
		}
		return arns
	}
}

// ofStack is the tag that CloudFormation sets on what it creates, and that nobody else
// can set or change.
func ofStack(s subject) map[string]string {
	return map[string]string{"aws:ResourceTag/aws:cloudformation:stack-name": s.stack}
}

// inVPC is the VPC of the network in the stage "everything".
var inVPC = map[string]string{"ec2:Vpc": "arn:aws:ec2:eu-west-1:111122223333:vpc/vpc-0a1b2c3d4e5f60718"}

func plusKeys(keys, more map[string]string) map[string]string {
	maps.Copy(keys, more)
	return keys
}

// vpcOf returns the ID of the VPC of a function in one.
func vpcOf(s subject) string {
	if s.Properties["VpcConfig"] == nil {
		return ""
	}
	return "vpc-0a1b2c3d4e5f60718"
}

func securityGroup(subject) []string {
	return []string{"arn:aws:ec2:eu-west-1:111122223333:security-group/sg-0a1b2c3d4e5f60718"}
}

func withBoundary(subject) map[string]string {
	return map[string]string{"iam:PermissionsBoundary": boundary}
}

func passedTo(service string) func(subject) map[string]string {
	return func(subject) map[string]string { return map[string]string{"iam:PassedToService": service} }
}

func serviceLinkedRole(service string) need {
	return need{
		actions: "iam:CreateServiceLinkedRole",
		on: func(subject) []string {
			return []string{"arn:aws:iam::111122223333:role/aws-service-role/" + service + "/AWSServiceRoleForIt"}
		},
		with: func(subject) map[string]string { return map[string]string{"iam:AWSServiceName": service} },
	}
}

// generated is the ARN of a resource with a name that CloudFormation generates.
func generated(prefix string) func(subject) []string {
	return func(s subject) []string { return []string{prefix + s.stack + "-" + s.id + "-A1B2C3D4E5F6"} }
}

// name is a name that the template gives.
func (s subject) name(property string) string {
	text := render(s.Properties[property])
	return strings.NewReplacer("${AWS::Region}", "eu-west-1", "${Api}", "a1b2c3d4e5").Replace(text)
}

func everything(subject) []string { return []string{"*"} }
func role(s subject) []string {
	return []string{"arn:aws:iam::111122223333:role/" + s.stack + "-AuthorizerRole8EA4615E-A1B2C3D4E5F6"}
}
func logsRole(s subject) []string {
	return []string{"arn:aws:iam::111122223333:role/" + s.stack + "-ApiGatewayLogsRoleA66F4CEE-A1B2C3D4E5F6"}
}
func functionOf(s subject) []string {
	return []string{"arn:aws:lambda:eu-west-1:111122223333:function:" + s.stack + "-FunctionF1B2C3D4-A1B2C3D4E5F6"}
}
func topic(s subject) []string {
	return []string{"arn:aws:sns:eu-west-1:111122223333:" + s.stack + "-AlarmTopicD01E77F9-A1B2C3D4E5F6"}
}
func alarmName(s subject) []string {
	return []string{"arn:aws:cloudwatch:eu-west-1:111122223333:alarm:" + s.name("AlarmName")}
}
func webACL(s subject) []string {
	return []string{"arn:aws:wafv2:eu-west-1:111122223333:regional/webacl/" + s.name("Name") + "/1111-2222"}
}
func domainName(s subject) []string {
	return []string{"arn:aws:apigateway:eu-west-1::/domainnames/" + s.name("DomainName")}
}
func zone(s subject) []string {
	return []string{"arn:aws:route53:::hostedzone/" + s.name("HostedZoneId")}
}
func logGroup(s subject) []string {
	name := s.stack + "-" + s.id + "-A1B2C3D4E5F6"
	if given := s.name("LogGroupName"); s.Properties["LogGroupName"] != nil && !strings.HasPrefix(given, "${") {
		name = given
	}
	arn := "arn:aws:logs:eu-west-1:111122223333:log-group:" + name
	return []string{arn, arn + ":*"}
}
