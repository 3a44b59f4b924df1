package template

import "testing"

func TestIntrinsicFunctionsHaveTheirValues(t *testing.T) {
	s := read(t, cfn{
		"Parameters": cfn{
			"Level": cfn{"Type": "String", "Default": "INFO"},
			"Given": cfn{"Type": "String"},
			"Zones": cfn{"Type": "CommaDelimitedList", "Default": "a, b"},
		},
		"Conditions": cfn{
			"IsEurope": cfn{"Fn::Equals": []any{ref("AWS::Region"), "eu-west-1"}},
			"IsOther":  cfn{"Fn::Not": []any{cfn{"Condition": "IsEurope"}}},
		},
		"Mappings": cfn{"Sizes": cfn{"eu-west-1": cfn{"size": 7}}},
		"Resources": cfn{
			"Queue": cfn{"Type": "AWS::SQS::Queue", "Properties": cfn{"QueueName": "jobs"}},
			"Table": cfn{"Type": "AWS::DynamoDB::Table", "Properties": cfn{}},
		},
	}, Options{Region: "eu-west-1", AccountID: "111122223333", Parameters: map[string]string{"Given": "given"}})
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
	s := read(t, cfn{"Parameters": cfn{"NoDefault": cfn{"Type": "String"}}}, Options{})
	tests := []struct {
		name       string
		expression any
		want       string
	}{
		{"Ref of nothing", ref("Nothing"), "Ref: the template has no parameter and no resource Nothing"},
		{"GetAtt of nothing", getAtt("Nothing", "Arn"), "Fn::GetAtt: the template has no resource Nothing"},
		{"a parameter without a value", ref("NoDefault"),
			"Ref: the parameter NoDefault has no default: give it one, or set Options.Parameters"},
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
