package template

import "testing"

func TestIntrinsicFunctionsHaveTheirValues(t *testing.T) {
	s := read(t, cfn{
		"Parameters": cfn{
			"Level": cfn{"Type": "String", "Default": "INFO"},
			"Given": cfn{"Type": "String"},
			"Zones": cfn{"Type": "CommaDelimitedList", "Default": "a, b"},
			"Names": cfn{"Type": "List<String>"},
		},
		"Conditions": cfn{
			"IsEurope": cfn{"Fn::Equals": []any{ref("AWS::Region"), "eu-west-1"}},
			"IsOther":  cfn{"Fn::Not": []any{cfn{"Condition": "IsEurope"}}},
		},
		"Mappings": cfn{"Sizes": cfn{"eu-west-1": cfn{"size": 7}}},
		"Resources": cfn{
			"Queue":   cfn{"Type": "AWS::SQS::Queue", "Properties": cfn{"QueueName": "jobs"}},
			"Table":   cfn{"Type": "AWS::DynamoDB::Table", "Properties": cfn{}},
			"Version": cfn{"Type": "AWS::Lambda::Version", "Properties": cfn{"FunctionName": "f"}},
			"Alias":   cfn{"Type": "AWS::Lambda::Alias", "Properties": cfn{"FunctionName": "f", "Name": "live"}},
		},
	}, Options{Region: "eu-west-1", AccountID: "111122223333",
		Parameters: map[string]string{"Given": "given", "Names": "x,y"}})
	const tableARN = "arn:aws:dynamodb:eu-west-1:111122223333:table/Fixture-Table-oxtHIotjFB88"
	tests := []struct {
		name       string
		expression any
		want       string
	}{
		{"a string", "text", "text"},
		{"a number", 5.0, "5"},
		{"a boolean", true, "true"},
		{"Ref of a parameter with a default", ref("Level"), "INFO"},
		{"Ref of a parameter that the caller gives", ref("Given"), "given"},
		{"Ref of a resource with a name", ref("Queue"), "https://sqs.eu-west-1.amazonaws.com/111122223333/jobs"},
		{"Ref of a resource without a name", ref("Table"), "Fixture-Table-oxtHIotjFB88"},
		{"GetAtt", getAtt("Queue", "Arn"), "arn:aws:sqs:eu-west-1:111122223333:jobs"},
		{"GetAtt written as a string", cfn{"Fn::GetAtt": "Table.Arn"}, tableARN},
		{"Sub", cfn{"Fn::Sub": "${AWS::Partition}/${Level}/${Queue.QueueName}/${!X}"}, "aws/INFO/jobs/${X}"},
		{"Sub with values", cfn{"Fn::Sub": []any{"${x}!", cfn{"x": ref("Level")}}}, "INFO!"},
		{"Join", cfn{"Fn::Join": []any{"/", []any{"a", ref("AWS::AccountId")}}}, "a/111122223333"},
		{"Select from a list parameter", cfn{"Fn::Select": []any{"1", ref("Zones")}}, "b"},
		{"Split", cfn{"Fn::Select": []any{1.0, cfn{"Fn::Split": []any{"-", "x-y"}}}}, "y"},
		{"If", cfn{"Fn::If": []any{"IsEurope", "eu", "other"}}, "eu"},
		{"If of a condition that does not hold", cfn{"Fn::If": []any{"IsOther", "x", "y"}}, "y"},
		{"FindInMap", cfn{"Fn::FindInMap": []any{"Sizes", ref("AWS::Region"), "size"}}, "7"},
		{"Base64", cfn{"Fn::Base64": "hi"}, "aGk="},
		{"Length", cfn{"Fn::Length": ref("Zones")}, "2"},
		{"ToJsonString", cfn{"Fn::ToJsonString": cfn{"a": ref("Level")}}, `{"a":"INFO"}`},
		{"Select from a list parameter that the caller gives", cfn{"Fn::Select": []any{"1", ref("Names")}}, "y"},
		{"Ref of a version", ref("Version"), "arn:aws:lambda:eu-west-1:111122223333:function:f:1"},
		{"number of a version", getAtt("Version", "Version"), "1"},
		{"Ref of an alias", ref("Alias"), "arn:aws:lambda:eu-west-1:111122223333:function:f:live"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, ok, err := s.Evaluate(test.expression)
			if got != test.want || !ok || err != nil {
				t.Errorf("got %q, %v, %v; want %q", got, ok, err, test.want)
			}
		})
	}
	t.Run("NoValue counts as absent", func(t *testing.T) {
		got, ok, err := s.Evaluate(cfn{"Fn::If": []any{"IsOther", "x", ref("AWS::NoValue")}})
		if got != "" || ok || err != nil {
			t.Errorf("got %q, %v, %v", got, ok, err)
		}
	})
}

func TestExpressionsWithoutAValueAreErrors(t *testing.T) {
	s := read(t, cfn{
		"Parameters": cfn{
			"NoDefault": cfn{"Type": "String"},
			"FromSSM":   cfn{"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/auth/issuer"},
		},
		"Conditions": cfn{"IsOther": cfn{"Fn::Equals": []any{ref("AWS::Region"), "other"}}},
		"Resources": cfn{
			"Never":  cfn{"Type": "AWS::SQS::Queue", "Condition": "IsOther"},
			"Pool":   cfn{"Type": "AWS::Cognito::UserPool"},
			"Lookup": cfn{"Type": "Custom::AWS"},
		},
	}, Options{})
	tests := []struct {
		name       string
		expression any
		want       string
	}{
		{"Ref of nothing", ref("Nothing"), "Ref: the template has no parameter and no resource Nothing"},
		{"GetAtt of nothing", getAtt("Nothing", "Arn"), "Fn::GetAtt: the template has no resource Nothing"},
		{"a parameter without a value", ref("NoDefault"),
			"Ref: the parameter NoDefault has no default: " +
				"give it a value, -parameter NoDefault=VALUE (in Go: Options.Parameters)"},
		{"Ref of a resource that is not created", ref("Never"),
			"Ref: the resource Never is not created, because the condition IsOther does not hold"},
		{"an attribute of a resource that is not created", getAtt("Never", "Arn"),
			"Fn::GetAtt: the resource Never is not created, because the condition IsOther does not hold"},
		{"an attribute that only AWS knows", getAtt("Pool", "ProviderURL"),
			"Fn::GetAtt: ProviderURL of Pool (AWS::Cognito::UserPool) has its value only on AWS"},
		{"an ARN of another form than others", getAtt("Pool", "Arn"),
			"Fn::GetAtt: Arn of Pool (AWS::Cognito::UserPool) has its value only on AWS"},
		{"an attribute of a custom resource", getAtt("Lookup", "Parameter.Value"),
			"Fn::GetAtt: Parameter.Value of Lookup (Custom::AWS) has its value only on AWS"},
		{"Ref of a custom resource", ref("Lookup"),
			"Ref: Lookup (Custom::AWS) has its id only on AWS"},
		{"Ref of a resource whose id AWS makes", ref("Pool"),
			"Ref: Pool (AWS::Cognito::UserPool) has its id only on AWS"},
		{"a dynamic reference to SSM", "{{resolve:ssm:/auth/audience:1}}",
			"{{resolve:ssm:/auth/audience:1}} is a value of SSM or Secrets Manager, which is not known here"},
		{"a dynamic reference that functions make",
			cfn{"Fn::Join": []any{"", []any{"x-{{resolve:secretsmanager:", ref("AWS::Region"), ":SecretString}}"}}},
			"{{resolve:secretsmanager:us-east-1:SecretString}} is a value of SSM or Secrets Manager, " +
				"which is not known here"},
		{"a parameter whose value is in SSM", ref("FromSSM"),
			"Ref: the value of the SSM parameter /auth/issuer is not known here: give the parameter FromSSM the " +
				"value that SSM has, -parameter FromSSM=VALUE (in Go: Options.Parameters)"},
		{"Fn::ForEach in a value", cfn{"Fn::ForEach::Each": []any{"x", []any{"a"}, "b"}}, "Fn::ForEach::Each: " +
			"only CloudFormation can expand this: " +
			"write the resources or values out in the template, for example with a loop in the CDK app"},
		{"Fn::Transform among other keys", cfn{"a": "b", "Fn::Transform": cfn{"Name": "x"}}, "Fn::Transform: " +
			"only CloudFormation can expand this: " +
			"write the resources or values out in the template, for example with a loop in the CDK app"},
		{"an unknown condition", cfn{"Fn::If": []any{"Nothing", "a", "b"}},
			"Fn::If: the template has no condition Nothing"},
		{"an unknown function", cfn{"Fn::Novelty": ref("Nothing")},
			"Fn::Novelty: the local gateway does not know this intrinsic function"},
		{"an export of no stack", cfn{"Fn::ImportValue": "Nothing"},
			"Fn::ImportValue: no stack of the assembly exports Nothing"},
		{"an object", cfn{"a": "b"}, `{"a":"b"} is not a string`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if _, _, err := s.Evaluate(test.expression); err == nil || err.Error() != test.want {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
		})
	}
}
