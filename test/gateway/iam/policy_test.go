package iam

import (
	"strings"
	"testing"
)

const methodARN = "arn:aws:execute-api:eu-west-1:123456789012:abc123/prod/GET/users/7"

func TestResourceMatchesMethodARN(t *testing.T) {
	tests := []struct {
		pattern string
		matches bool
	}{
		{"*", true},
		{methodARN, true},
		{"arn:aws:execute-api:*:*:*", true},
		{"arn:aws:execute-api:eu-west-1:*:*", true},
		{"arn:aws:execute-api:eu-west-1:*:abc123/*", true},
		{"arn:aws:execute-api:eu-west-1:123456789012:abc123/prod/*", true},
		{"arn:aws:execute-api:eu-west-1:123456789012:abc123/*/GET/users/7", true},
		{"arn:aws:execute-api:eu-west-1:123456789012:abc123/prod/*/users/*", true},
		{"arn:aws:execute-api:eu-west-1:123456789012:abc123/prod/GET/*7", true},
		{"arn:aws:execute-api:eu-west-1:123456789012:abc123/prod/GET/users/?", true},
		{"arn:aws:execute-api:eu-west-1:123456789012:abc123/prod/GET/users?7", true},
		{"arn:*:execute-api:*", true},

		{"", false},
		{"arn:aws:execute-api:eu-west-1:123456789012:abc123/prod/GET/users", false},
		{"arn:aws:execute-api:eu-west-1:123456789012:abc123/prod/GET/users/??", false},
		{"arn:aws:execute-api:eu-west-1:123456789012:abc123/prod/GET/Users/7", false},
		{"arn:aws:execute-api:eu-west-1:123456789012:abc123/prod/POST/*", false},
		{"arn:aws:execute-api:us-east-1:*:*", false},
		{"execute-api:*", false},
		{"arn:aws:*:eu-west-1:*:*", false}, // the service must be spelled out
		{"arn:aws:lambda:*:*:*", false},
		{"users/7", false},
	}
	for _, test := range tests {
		t.Run(test.pattern, func(t *testing.T) {
			if got := matchesResource(test.pattern, methodARN); got != test.matches {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestDecideFollowsTheStatements(t *testing.T) {
	statement := func(effect, rest string) string { return `{"Effect":"` + effect + `",` + rest + `}` }
	const here, elsewhere = `"Resource":"*"`, `"Resource":"arn:aws:execute-api:*:*:other/*"`
	const notElsewhere = `"NotResource":"arn:aws:execute-api:*:*:other/*"`
	const invoke = `"Action":"execute-api:Invoke",`
	tests := []struct {
		name       string
		statements []string
		want       Decision
	}{
		{"Allow", []string{statement("Allow", invoke+here)}, Allow},
		{"Allow of another resource", []string{statement("Allow", invoke+elsewhere)}, ImplicitDeny},
		{"no statement", nil, ImplicitDeny},
		{"Deny after Allow", []string{statement("Allow", invoke+here), statement("Deny", invoke+here)}, ExplicitDeny},
		{"Deny before Allow", []string{statement("Deny", invoke+here), statement("Allow", invoke+here)}, ExplicitDeny},
		{"Deny elsewhere", []string{statement("Allow", invoke+here), statement("Deny", invoke+elsewhere)}, Allow},
		{"another action", []string{statement("Allow", `"Action":"execute-api:InvalidateCache",`+here)}, ImplicitDeny},
		{"one of several actions", []string{statement("Allow", `"Action":["s3:*","execute-api:Inv*"],`+here)}, Allow},
		{"an empty list of actions", []string{statement("Allow", `"Action":[],`+here)}, ImplicitDeny},
		{"an empty list of resources", []string{statement("Allow", invoke+`"Resource":[]`)}, ImplicitDeny},
		{"NotAction of another action", []string{statement("Allow", `"NotAction":"s3:*",`+here)}, Allow},
		{"NotAction of this action", []string{statement("Allow", `"NotAction":"execute-api:*",`+here)}, ImplicitDeny},
		{"NotResource of another resource", []string{statement("Allow", invoke+notElsewhere)}, Allow},
		{"NotResource of this resource", []string{statement("Allow", invoke+`"NotResource":"*"`)}, ImplicitDeny},
		{"a Sid and a Principal", []string{statement("Allow", `"Sid":"a","Principal":"*",`+invoke+here)}, Allow},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			document := `{"Version":"2012-10-17","Statement":[` + strings.Join(test.statements, ",") + `]}`
			p, err := Parse([]byte(document))
			if err != nil {
				t.Fatal(err)
			}
			if got := p.Decide(methodARN, nil); got != test.want {
				t.Errorf("got %d, want %d", got, test.want)
			}
		})
	}
	t.Run("a statement that is not in a list", func(t *testing.T) {
		p, err := Parse([]byte(`{"Statement":` + statement("Allow", invoke+here) + `}`))
		if err != nil || p.Decide(methodARN, nil) != Allow {
			t.Errorf("got %v", err)
		}
	})
}

func TestMatch(t *testing.T) {
	tests := []struct {
		pattern, value string
		matches        bool
	}{
		{"", "", true},
		{"*", "", true},
		{"**", "x", true},
		{"a*b*c", "aXbXc", true},
		{"a*b*c", "abbbc", true},
		{"*abc", "ababc", true},
		{"*a?c", "aXabc", true},

		{"?", "", false},
		{"a", "ab", false},
		{"ab", "a", false},
		{"a*b", "aXbX", false},
	}
	for _, test := range tests {
		if got := Match(test.pattern, test.value); got != test.matches {
			t.Errorf("Match(%q, %q) is %v", test.pattern, test.value, got)
		}
	}
}
