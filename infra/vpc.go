package main

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/jsii-runtime-go"
)

// networkInterfaces are what Lambda does with the role of a function in a VPC (AWS:
// "Giving Lambda functions access to resources in an Amazon VPC", required IAM
// permissions).
var networkInterfaces = []string{
	"ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets",
	"ec2:DeleteNetworkInterface", "ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses",
}

// joinVPC connects a function to subnets. The IDs are written into the template as they
// are: a lookup would need credentials for every synth.
func joinVPC(stack awscdk.Stack, cfg Config, n network, lambda awslambda.Function, role awsiam.Role) {
	// CloudFormation creates the function after the policies of its role, and deletes it
	// before: Lambda deletes the network interfaces with these rights too.
	role.AddToPolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Actions:   jsii.Strings(networkInterfaces...),
		Resources: jsii.Strings("*"),
	}))
	// The code of the function has the same role. This key is in requests of the code,
	// and not in requests of Lambda itself. The pattern matches any function: the name of
	// this one is not known before the policy exists, and CloudFormation shortens the
	// name of a long stack.
	role.AddToPolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Effect:    awsiam.Effect_DENY,
		Actions:   jsii.Strings(networkInterfaces...),
		Resources: jsii.Strings("*"),
		Conditions: &map[string]any{"ArnLike": map[string]any{
			"lambda:SourceFunctionArn": fmt.Sprintf("arn:%s:lambda:%s:%s:function:*",
				*stack.Partition(), *stack.Region(), *stack.Account()),
		}},
	}))
	accept(role, "Lambda chooses the IDs of the network interfaces. The function's code may not use these rights.",
		"AwsSolutions-IAM5[Resource::*]")

	groups := n.SecurityGroupIDs
	if len(groups) == 0 {
		group := awsec2.NewCfnSecurityGroup(stack, jsii.String("AuthorizerSecurityGroup"), &awsec2.CfnSecurityGroupProps{
			GroupDescription: jsii.String(cfg.stackName() + ": the authorizer fetches keys over https"),
			VpcId:            jsii.String(n.VPCID),
			SecurityGroupEgress: &[]any{&awsec2.CfnSecurityGroup_EgressProperty{
				IpProtocol:  jsii.String("tcp"),
				FromPort:    jsii.Number(443),
				ToPort:      jsii.Number(443),
				CidrIp:      jsii.String("0.0.0.0/0"),
				Description: jsii.String("Keys of the issuers"),
			}},
		})
		groups = []string{*group.AttrGroupId()}
	}
	lambda.Node().DefaultChild().(awslambda.CfnFunction).SetVpcConfig(&awslambda.CfnFunction_VpcConfigProperty{
		SubnetIds:        jsii.Strings(n.SubnetIDs...),
		SecurityGroupIds: jsii.Strings(groups...),
	})
}
