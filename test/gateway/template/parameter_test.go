package template

import (
	"testing"
)

func TestParameterValueThatAWSRefusesIsAnError(t *testing.T) {
	tests := []struct {
		name      string
		parameter cfn
		value     string
		want      string // "" for none
	}{
		{"one of the allowed values", cfn{"AllowedValues": []any{"dev", "prod"}}, "dev", ""},
		{"another value", cfn{"AllowedValues": []any{"dev", "prod"}}, "x",
			`"x" is not one of its AllowedValues: dev, prod`},
		{"matching the whole pattern", cfn{"AllowedPattern": "[a-z]+"}, "dev", ""},
		{"matching a part of the pattern", cfn{"AllowedPattern": "[a-z]+"}, "dev1",
			`"dev1" does not match its AllowedPattern [a-z]+`},
		{"too short", cfn{"MinLength": 2.0}, "x", `"x" is outside its MinLength 2`},
		{"too long", cfn{"MaxLength": "2"}, "xyz", `"xyz" is outside its MaxLength 2`},
		{"no number", cfn{"Type": "Number"}, "x", `"x" is not a number`},
		{"too small", cfn{"Type": "Number", "MinValue": 2.0}, "1", `"1" is outside its MinValue 2`},
		{"too large", cfn{"Type": "Number", "MaxValue": 2.0}, "3", `"3" is outside its MaxValue 2`},
		{"from SSM, with the value that SSM has", cfn{"Type": "AWS::SSM::Parameter::Value<String>"}, "x", ""},
		{"one of a list", cfn{"Type": "CommaDelimitedList", "AllowedValues": []any{"a"}}, "a,b",
			`"b" is not one of its AllowedValues: a`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := read(t, cfn{"Parameters": cfn{"P": test.parameter}},
				Options{Parameters: map[string]string{"P": test.value}})
			_, err := s.ref("P")
			want := test.want
			if want != "" {
				want = "the parameter P: " + want
			}
			if got := errorText(err); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

func TestValueForAnUnknownParameterIsAnError(t *testing.T) {
	dir := assembly(t, map[string]cfn{"Fixture": {"Parameters": cfn{"Known": cfn{"Type": "String"}}}})
	_, err := Read(dir, Options{Parameters: map[string]string{"Known": "a", "Unknwon": "b"}})
	if got, want := errorText(err), "no stack has a parameter Unknwon"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
