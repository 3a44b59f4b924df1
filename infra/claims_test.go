package main

import (
	"reflect"
	"testing"
)

func TestContextClaimsHaveNames(t *testing.T) {
	for _, test := range []struct {
		value any
		want  []string
	}{
		{nil, nil},
		{"", nil},
		{"email", []string{"email"}},
		{"email, org_id  roles=/realm_access/roles", []string{"email", "org_id", "roles=/realm_access/roles"}},
		{[]any{"email", "groups=cognito:groups"}, []string{"email", "groups=cognito:groups"}},
		{"https://example.com/roles", []string{"https://example.com/roles"}},
		{"a=b=c", []string{"a=b=c"}}, // the claim b=c
		{"a~b", []string{"a~b"}},     // no JSON Pointer
		{"name=größe", []string{"name=größe"}},
		{"token_scope=scope", []string{"token_scope=scope"}},
	} {
		if got := config(t, object{"contextClaims": test.value}).ContextClaims; !reflect.DeepEqual(got, test.want) {
			t.Errorf("%v: got %q, want %q", test.value, got, test.want)
		}
	}
}

func TestContextClaimsWithoutAUsableNameAreRefused(t *testing.T) {
	for _, test := range []struct {
		value   any
		problem string
	}{
		{"/a/roles", `"/a/roles" is a JSON Pointer, which needs a name in the context: write roles=/a/roles`},
		{"/a/sub", "write NAME=/a/sub"}, // sub is taken
		{"/a/", "write NAME=/a/"},
		{"größe", `"größe" cannot be a name in the context`},
		{"größe", "write NAME=größe"},
		{`a"b`, `write NAME=a"b`},
		{`a\b`, `write NAME=a\b`},
		{"/a=b", "write NAME=b"},
		{"=email", "write NAME=email"},
		{"email=", "the name of a claim is empty"},
		{"x=/a~2", `"/a~2" is not a JSON Pointer`},
		{"sub", `"sub" is in the context already: leave it out, or write NAME=sub`},
		{"client_id", "in the context already"},
		{"scope", "in the context already"},
		{"iss", "in the context already"},
		{"exp", "in the context already"},
		{"until", "in the context already"},
		{"principalId", "in the context already"},
		{"integrationLatency", "in the context already"},
		{"scope=permissions", `"scope" is in the context already: leave it out, or write NAME=permissions`},
		{"roles roles=/a/b", `the name "roles" is there twice: write another name for one of them, NAME=/a/b`},
		{[]any{"a,b"}, `"a,b" contains a comma`},
		{[]any{"a b"}, `contains "a b"`},
		{object{}, "must be a list"},
	} {
		refuse(t, object{"contextClaims": test.value}, "contextClaims", test.problem)
	}
}
