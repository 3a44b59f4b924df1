package template

import "testing"

// withPets has the nested stack Pets, whose template is pets.json.
func withPets(t *testing.T, pets cfn) *Stack {
	t.Helper()
	dir := assembly(t, map[string]cfn{
		"Fixture": {"Resources": cfn{
			"Pets": cfn{
				"Type": "AWS::CloudFormation::Stack",
				"Properties": cfn{"Parameters": cfn{
					"Name": getAtt("Queue", "QueueName"), "List": []any{"a", "b"}, "Text": "c,d",
				}},
				"Metadata": cfn{"aws:asset:path": "pets.json"},
			},
			"Remote": cfn{
				"Type": "AWS::CloudFormation::Stack", "Properties": cfn{"TemplateURL": "https://x.example/y"},
			},
			"Queue": cfn{"Type": "AWS::SQS::Queue", "Properties": cfn{"QueueName": "jobs"}},
		}},
		"pets.json": pets,
	})
	a, err := Read(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return a.Stacks[0]
}

func TestNestedStackUsesValuesOfItsParentAndGivesOutputs(t *testing.T) {
	s := withPets(t, cfn{
		"Parameters": cfn{
			"Name":    cfn{"Type": "String", "Default": "unused"},
			"List":    cfn{"Type": "CommaDelimitedList"},
			"Text":    cfn{"Type": "CommaDelimitedList"},
			"Default": cfn{"Type": "String", "Default": "default"},
		},
		"Outputs": cfn{"All": cfn{"Value": cfn{"Fn::Join": []any{" ", []any{
			ref("Name"), ref("Default"),
			cfn{"Fn::Select": []any{"1", ref("List")}}, cfn{"Fn::Select": []any{"1", ref("Text")}},
		}}}}},
	})
	if got, _, err := s.Evaluate(getAtt("Pets", "Outputs.All")); got != "jobs default b d" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	for attribute, want := range map[string]string{
		"Pets.Outputs.Other": "Fn::GetAtt: the stack Fixture-Pets-lvWwsQ7Ro4KZ has no output Other",
		"Remote.Outputs.All": "Fn::GetAtt: the template of the nested stack Remote is not in the assembly",
	} {
		if _, _, err := s.Evaluate(cfn{"Fn::GetAtt": attribute}); errorText(err) != want {
			t.Errorf("%s: got  %v\nwant %s", attribute, err, want)
		}
	}
}

func TestOrderOfResourcesAndStacks(t *testing.T) {
	a, err := Read(assembly(t, map[string]cfn{
		"Api": {"Resources": cfn{
			"A": cfn{"Type": "T", "DependsOn": "B"},
			"B": cfn{"Type": "T", "DependsOn": []any{"Nothing"}, "Properties": cfn{"x": []any{ref("C")}}},
			"C": cfn{"Type": "T", "Properties": cfn{
				"x": cfn{"Fn::Sub": []any{"${D.Arn}-${y}", cfn{"y": getAtt("E", "Arn")}}},
			}},
			"D": cfn{"Type": "T", "Properties": cfn{"x": cfn{"Fn::GetAtt": "F.Arn"}}},
			"E": cfn{"Type": "T"},
			"F": cfn{"Type": "T"},
			"G": cfn{"Type": "T", "DependsOn": "A"},
		}},
		"Routes Api":    {},
		"Deploy Routes": {},
	}), Options{})
	if err != nil {
		t.Fatal(err)
	}
	api, deploy, routes := a.Stacks[0], a.Stacks[1], a.Stacks[2]
	first, _ := api.Resource("A")
	for id, want := range map[string]bool{
		"A": false, "B": true, "C": true, "D": true, "E": true, "F": true, "G": false,
	} {
		other, _ := api.Resource(id)
		if got := first.WaitsFor(other); got != want {
			t.Errorf("A waits for %s: got %v, want %v", id, got, want)
		}
	}
	for _, test := range []struct {
		later, earlier *Stack
		want           bool
	}{{routes, api, true}, {deploy, api, true}, {deploy, routes, true}, {api, routes, false}, {api, api, false}} {
		if got := test.later.DeployedAfter(test.earlier); got != test.want {
			t.Errorf("%s after %s: got %v, want %v", test.later.Name, test.earlier.Name, got, test.want)
		}
	}
}

func TestPartsThatCloudFormationExpandsAreNamed(t *testing.T) {
	const expand = "only CloudFormation can expand this: " +
		"write the resources or values out in the template, for example with a loop in the CDK app"
	for _, test := range []struct {
		name     string
		template cfn
		want     string // "" for none
	}{
		{"no transform", cfn{}, ""},
		{"a transform that adds functions", cfn{"Transform": "AWS::LanguageExtensions"}, ""},
		{"SAM", cfn{"Transform": []any{"AWS::LanguageExtensions", "AWS::Serverless-2016-10-31"}},
			"the template has the transform AWS::Serverless-2016-10-31: the local gateway does not serve SAM " +
				"templates, describe the API with CDK's RestApi and its functions with CDK's Function"},
		{"a macro", cfn{"Transform": cfn{"Name": "Mine"}},
			"the template has the transform Mine, which only CloudFormation can expand: " +
				"write out in the template what it adds"},
		{"Fn::ForEach", cfn{"Resources": cfn{"Fn::ForEach::Routes": []any{"x", []any{"a"}, cfn{}}}},
			"Fn::ForEach::Routes: " + expand},
		{"AWS::Include", cfn{"Resources": cfn{"Fn::Transform": cfn{"Name": "AWS::Include"}}},
			"Fn::Transform: " + expand},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := errorText(read(t, test.template, Options{}).Macros()); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}
