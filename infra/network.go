package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/jsii-runtime-go"
)

// network is how a function reaches private servers: from which subnets, and which
// authorities it trusts besides the public ones. The zero value is the network of Lambda,
// which reaches the Internet.
type network struct {
	VPCID            string // of the security group that the stack creates, if none is given
	SubnetIDs        []string
	SecurityGroupIDs []string
	CABundle         []byte // certificates in PEM
}

// networkKeys are the settings in the object network.
var networkKeys = []string{"vpcId", "subnetIds", "securityGroupIds", "caBundle"}

// network reads the object network from cdk.json, or from JSON after -c.
func (s *settings) network(issuers []issuer) network {
	value := s.values["network"]
	if text, ok := value.(string); ok && text != "" {
		if err := json.Unmarshal([]byte(text), &value); err != nil {
			s.problem("network", "is not JSON (%v): write an object, in single quotes for the shell", err)
			return network{}
		}
	}
	if value == nil || value == "" {
		return network{}
	}
	values, ok := value.(map[string]any)
	if !ok {
		s.problem("network", "must be an object with the keys %s", strings.Join(networkKeys, ", "))
		return network{}
	}
	own := &settings{values: values, reported: map[string]bool{}, prefix: "network."}
	own.refuseOtherThan(networkKeys, "a setting of network")
	n := network{
		VPCID: own.matching("vpcId", `^vpc-([0-9a-f]{8}|[0-9a-f]{17})$`, "vpc-0123456789abcdef0"),
		// The limits are those of VpcConfig in the Lambda API reference.
		SubnetIDs:        own.resourceIDs("subnetIds", "subnet", 16),
		SecurityGroupIDs: own.resourceIDs("securityGroupIds", "sg", 5),
	}
	if file := own.text("caBundle", ""); file != "" {
		var problems []error
		n.CABundle, problems = readCABundle(file, time.Now())
		for _, problem := range problems {
			own.problem("caBundle", "%v", problem)
		}
	}
	own.checkNetwork(n, issuers)
	s.problems = append(s.problems, own.problems...)
	return n
}

// resourceIDs returns a list of IDs of resources of EC2.
func (s *settings) resourceIDs(key, kind string, most int) []string {
	ids := s.list(key)
	for _, id := range ids {
		if !regexp.MustCompile(`^` + kind + `-([0-9a-f]{8}|[0-9a-f]{17})$`).MatchString(id) {
			s.problem(key, "%q does not have the right form: use for example %s-0123456789abcdef0", id, kind)
		}
	}
	if distinct := slices.Compact(slices.Sorted(slices.Values(ids))); len(distinct) < len(ids) {
		s.problem(key, "names an ID twice: remove one")
	}
	if len(ids) > most {
		s.problem(key, "has %d IDs, but Lambda allows %d: remove some", len(ids), most)
	}
	return ids
}

// checkNetwork checks the settings that depend on each other.
func (s *settings) checkNetwork(n network, issuers []issuer) {
	given := func(key string) bool { return s.values[key] != nil && s.values[key] != "" }
	if len(n.SubnetIDs) == 0 {
		for _, key := range []string{"vpcId", "securityGroupIds"} {
			if given(key) && !s.reported["subnetIds"] && !s.reported[key] {
				s.problem("subnetIds", "is missing: %s has no effect without the subnets in which the authorizer runs", key)
			}
		}
		return
	}
	if len(n.SecurityGroupIDs) > 0 || s.reported["securityGroupIds"] || s.reported["vpcId"] {
		return
	}
	if n.VPCID == "" {
		s.problem("subnetIds", "needs securityGroupIds, or vpcId: then the stack creates a security group in that VPC")
		return
	}
	for _, one := range issuers {
		if keys, err := url.Parse(one.JWKSURI); err == nil && keys.Port() != "" && keys.Port() != "443" {
			s.problem("securityGroupIds", "is missing: the keys at %s are fetched from port %s, and the security group "+
				"that the stack creates allows 443 only", redacted(one.JWKSURI), keys.Port())
		}
	}
}

// networkInterfaces are what Lambda does with the role of a function in a VPC (AWS: "Giving
// Lambda functions access to resources in an Amazon VPC", required IAM permissions).
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
	// The code of the function has the same role. Only its requests have this key, not
	// those of Lambda itself. The pattern matches any function: the name of this one is not
	// known before the policy exists, and CloudFormation shortens the name of a long stack.
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
