package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

const (
	vpc    = "vpc-0a1b2c3d4e5f60718"
	subnet = "subnet-0a1b2c3d4e5f60718"
	group  = "sg-0a1b2c3d4e5f60718"
)

func TestNetworksThatAreComplete(t *testing.T) {
	ca := pemFile(t, certificate(t, hour))
	one, two, groups := []string{subnet}, []string{subnet, "subnet-1b2c3d4e"}, []string{group}
	for name, test := range map[string]struct {
		network any
		want    network
	}{
		"none":                     {nil, network{}},
		"an empty object":          {object{}, network{}},
		"an empty string":          {"", network{}},
		"an empty VPC":             {object{"vpcId": ""}, network{}},
		"a security group":         {object{"subnetIds": subnet, "securityGroupIds": group}, network{"", one, groups, nil}},
		"a VPC, for a group in it": {object{"subnetIds": subnet, "vpcId": vpc}, network{vpc, one, nil, nil}},
		"a list of subnets":        {object{"subnetIds": []any{two[0], two[1]}, "vpcId": vpc}, network{vpc, two, nil, nil}},
		"subnets in a string":      {object{"subnetIds": two[0] + " " + two[1], "vpcId": vpc}, network{vpc, two, nil, nil}},
		"JSON after -c":            {`{"subnetIds": "` + subnet + `", "vpcId": "` + vpc + `"}`, network{vpc, one, nil, nil}},
		"a CA bundle without VPC":  {object{"caBundle": ca}, network{"", nil, nil, read(t, ca)}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := config(t, object{"network": test.network}).Network; fmt.Sprint(got) != fmt.Sprint(test.want) {
				t.Errorf("got  %+v\nwant %+v", got, test.want)
			}
		})
	}
}

func TestMistakesInANetworkNameTheirPlace(t *testing.T) {
	inSubnet := func(key string, value any) object { return object{"subnetIds": subnet, key: value} }
	inVPC := func(subnets any) object { return object{"vpcId": vpc, "subnetIds": subnets} }
	const file = "open no/ca.pem: no such file or directory: write the path relative to the folder of cdk.json"
	for _, test := range []struct {
		network      any
		key, problem string
	}{
		{[]any{subnet}, "", "must be an object with the keys vpcId, subnetIds, securityGroupIds, caBundle"},
		{"{", "", "is not JSON"},
		{object{"caBundel": "x"}, ".caBundel", "is not a setting of network: did you mean caBundle?"},
		{object{"issuer": "x"}, ".issuer", "is a setting of an issuer"},

		{inSubnet("vpcId", "main"), ".vpcId", `"main" does not have the right form: use for example "vpcId": "vpc-0`},
		{inSubnet("securityGroupIds", "main"), ".securityGroupIds", `"main" does not have the right form`},
		{inSubnet("securityGroupIds", ids("sg", 6)), ".securityGroupIds", "has 6 IDs, but Lambda allows 5"},
		{inVPC("arn:x"), ".subnetIds", `"arn:x" does not have the right form: use for example subnet-0123456789abcdef0`},
		{inVPC("subnet-1"), ".subnetIds", `"subnet-1" does not have the right form`},
		{inVPC("xsubnet-01234567"), ".subnetIds", `"xsubnet-01234567" does not have the right form`},
		{inVPC("subnet-0123456789abcdef01"), ".subnetIds", `"subnet-0123456789abcdef01" does not have the right form`},
		{inVPC(1.0), ".subnetIds", "must be a list"},
		{inVPC([]any{subnet, subnet}), ".subnetIds", "names an ID twice"},
		{inVPC(ids("subnet", 17)), ".subnetIds", "has 17 IDs, but Lambda allows 16"},

		{object{"subnetIds": subnet}, ".subnetIds", "needs securityGroupIds, or vpcId"},
		{object{"vpcId": vpc}, ".subnetIds", "is missing: vpcId has no effect without"},
		{object{"securityGroupIds": group}, ".subnetIds", "is missing: securityGroupIds has no effect without"},
		{object{"caBundle": "no/ca.pem"}, ".caBundle", file},
		{object{"caBundle": []any{"ca.pem"}}, ".caBundle", "must be a string"},
	} {
		t.Run(fmt.Sprint(test.network), func(t *testing.T) {
			refuse(t, object{"network": test.network}, "network"+test.key, test.problem)
		})
	}
	t.Run("at the top level", func(t *testing.T) {
		refuse(t, object{"subnetIds": subnet}, "subnetIds", "is a setting of network: write it into the object network")
	})
	t.Run("keys at another port than the group of the stack allows", func(t *testing.T) {
		refuse(t, object{"jwksUri": "https://id.internal:8443/keys", "network": inVPC(subnet)}, "network.securityGroupIds",
			"is missing: the keys at https://id.internal:8443/keys are fetched from port 8443")
	})
	t.Run("in a stage", func(t *testing.T) {
		prod := object{"network": object{"vpcId": vpc}}
		refuse(t, object{"stages": object{"prod": prod}}, "network.subnetIds", "is missing")
	})
}

func ids(kind string, n int) (list []any) {
	for i := range n {
		list = append(list, fmt.Sprintf("%s-%08x", kind, i))
	}
	return list
}

func TestOnlyTheAuthorizerIsInTheVPC(t *testing.T) {
	for name, want := range map[string]string{
		"default": "",
		"everything": `{"SecurityGroupIds":["${AuthorizerSecurityGroup.GroupId}"],` +
			`"SubnetIds":["subnet-0a1b2c3d4e5f60718","subnet-1b2c3d4e5f607180a"]}`,
		"managed": `{"SecurityGroupIds":["sg-0a1b2c3d4e5f60718"],"SubnetIds":["subnet-0a1b2c3d","subnet-1b2c3d4e"]}`,
	} {
		for id, function := range stage(t, name).ofType("AWS::Lambda::Function") {
			vpc, _ := function.Properties["VpcConfig"].(map[string]any)
			if !strings.HasPrefix(id, "Authorizer") || want == "" {
				if vpc != nil {
					t.Errorf("%s: %s is in the VPC: %v", name, id, vpc)
				}
				continue
			}
			var groups []string
			for _, one := range asList(vpc["SecurityGroupIds"]) {
				groups = append(groups, render(one))
			}
			got, _ := json.Marshal(map[string]any{"SecurityGroupIds": groups, "SubnetIds": vpc["SubnetIds"]})
			if string(got) != want {
				t.Errorf("%s: got  %s\nwant %s", name, got, want)
			}
		}
	}
}

func TestSecurityGroupIsCreatedOnlyIfNoneIsGivenAndAllowsHTTPSOnly(t *testing.T) {
	for name, want := range map[string]int{"default": 0, "managed": 0, "everything": 1} {
		groups := stage(t, name).ofType("AWS::EC2::SecurityGroup")
		if len(groups) != want {
			t.Errorf("%s: got %d security groups, want %d", name, len(groups), want)
		}
		for id, group := range groups {
			egress, _ := json.Marshal(group.Properties["SecurityGroupEgress"])
			const https = `[{"CidrIp":"0.0.0.0/0","Description":"Keys of the issuers",` +
				`"FromPort":443,"IpProtocol":"tcp","ToPort":443}]`
			if string(egress) != https || group.Properties["SecurityGroupIngress"] != nil ||
				group.Properties["VpcId"] != "vpc-0a1b2c3d4e5f60718" {
				t.Errorf("%s: got %v", id, group.Properties)
			}
		}
	}
}

// Lambda creates and deletes network interfaces with the role of the function, whose code
// must not. The policy is there before the function, and is deleted after it.
func TestRightsOnNetworkInterfacesAreForLambdaOnly(t *testing.T) {
	const (
		actions = `"Action":["ec2:AssignPrivateIpAddresses","ec2:CreateNetworkInterface","ec2:DeleteNetworkInterface",` +
			`"ec2:DescribeNetworkInterfaces","ec2:DescribeSubnets","ec2:UnassignPrivateIpAddresses"]`
		allow = `{` + actions + `,"Effect":"Allow","Resource":"*"}`
		deny  = `{` + actions + `,"Condition":{"ArnLike":{"lambda:SourceFunctionArn":` +
			`"arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:*"}},` +
			`"Effect":"Deny","Resource":"*"}`
	)
	tpl := stage(t, "managed")
	for id, policy := range tpl.ofType("AWS::IAM::Policy") {
		var got, want []string
		document, _ := policy.Properties["PolicyDocument"].(map[string]any)
		for _, item := range asList(document["Statement"]) {
			statement := item.(map[string]any)
			if condition, ok := statement["Condition"].(map[string]any); ok {
				like := condition["ArnLike"].(map[string]any)
				like["lambda:SourceFunctionArn"] = render(like["lambda:SourceFunctionArn"])
			}
			if text, _ := json.Marshal(statement); strings.Contains(string(text), "ec2:") {
				got = append(got, string(text))
			}
		}
		if strings.HasPrefix(id, "AuthorizerRole") {
			want = []string{deny, allow}
			for name, function := range tpl.ofType("AWS::Lambda::Function") {
				if strings.HasPrefix(name, "Authorizer") && !slices.Contains(function.DependsOn, id) {
					t.Errorf("%s does not depend on %s", name, id)
				}
			}
		}
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Errorf("%s: got  %s\nwant %s", id, got, want)
		}
	}
}
