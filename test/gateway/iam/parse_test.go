package iam

import (
	"strings"
	"testing"
)

func TestParseRefusesInvalidDocuments(t *testing.T) {
	tests := []struct{ name, document, want string }{
		{"a string", `"{}"`, `not a JSON object`},
		{"null", `null`, `not a JSON object`},
		{"no statement", `{"Version":"2012-10-17"}`, `no Statement`},
		{"an unknown version", `{"Version":"2026-01-01","Statement":[]}`, `there is no policy version "2026-01-01"`},
		{"an unknown key", `{"Statements":[]}`, `unknown key "Statements"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if _, err := Parse([]byte(test.document)); err == nil || err.Error() != test.want {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
		})
	}
}

func TestParseRefusesInvalidStatements(t *testing.T) {
	tests := []struct{ name, statement, want string }{
		{"an unknown key", `"Effects":"Allow"`, `Effects: unknown key`},
		{"an effect in lower case", `"Effect":"allow","Action":"*","Resource":"*"`,
			`the effect "allow" is neither Allow nor Deny`},
		{"no action", `"Effect":"Allow","Resource":"*"`, `one of Action and NotAction is needed`},
		{"action and NotAction", `"Effect":"Allow","Action":"*","NotAction":"*","Resource":"*"`,
			`one of Action and NotAction is needed`},
		{"no resource", `"Effect":"Allow","Action":"*"`, `one of Resource and NotResource is needed`},
		{"null as the list of actions, which is a nil slice of Go", `"Effect":"Allow","Action":null,"Resource":"*"`,
			`Action: a string or a list of strings is needed`},
		{"a null condition", `"Effect":"Allow","Action":"*","Resource":"*","Condition":null`,
			`Condition: not a JSON object`},
		{"an unknown operator",
			`"Effect":"Allow","Action":"*","Resource":"*","Condition":{"ForAnyValue:StringLike":{"a":"b"}}`,
			`Condition: the local gateway does not know the operator ForAnyValue:StringLike`},
		{"a resource of more than 512 characters",
			`"Effect":"Allow","Action":"*","Resource":"` + strings.Repeat("x", 513) + `"`,
			`a resource has 513 characters, API Gateway allows 512`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := Parse([]byte(`{"Statement":{` + test.statement + `}}`))
			if want := "statement 1: " + test.want; err == nil || err.Error() != want {
				t.Errorf("got  %v\nwant %s", err, want)
			}
		})
	}
}
