package gateway

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

const methodARN = "arn:aws:execute-api:eu-west-1:123456789012:abc123/prod/GET/users/7"

func TestResourcesOfPolicies(t *testing.T) {
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

func TestDecisions(t *testing.T) {
	statement := func(effect, rest string) string { return `{"Effect":"` + effect + `",` + rest + `}` }
	const here, elsewhere = `"Resource":"*"`, `"Resource":"arn:aws:execute-api:*:*:other/*"`
	const invoke = `"Action":"execute-api:Invoke",`
	tests := []struct {
		name       string
		statements []string
		want       decision
	}{
		{"Allow", []string{statement("Allow", invoke+here)}, allow},
		{"Allow of something else", []string{statement("Allow", invoke+elsewhere)}, implicitDeny},
		{"no statement", nil, implicitDeny},
		{"Deny after Allow", []string{statement("Allow", invoke+here), statement("Deny", invoke+here)}, explicitDeny},
		{"Deny before Allow", []string{statement("Deny", invoke+here), statement("Allow", invoke+here)}, explicitDeny},
		{"Deny of something else", []string{statement("Allow", invoke+here), statement("Deny", invoke+elsewhere)}, allow},
		{"another action", []string{statement("Allow", `"Action":"execute-api:InvalidateCache",`+here)}, implicitDeny},
		{"one of several actions", []string{statement("Allow", `"Action":["s3:*","execute-api:Inv*"],`+here)}, allow},
		{"no actions", []string{statement("Allow", `"Action":[],`+here)}, implicitDeny},
		{"no resources", []string{statement("Allow", invoke+`"Resource":[]`)}, implicitDeny},
		{"NotAction of another action", []string{statement("Allow", `"NotAction":"s3:*",`+here)}, allow},
		{"NotAction of this one", []string{statement("Allow", `"NotAction":"execute-api:*",`+here)}, implicitDeny},
		{"NotResource of another resource", []string{statement("Allow", invoke+`"NotResource":"arn:aws:execute-api:*:*:other/*"`)}, allow},
		{"NotResource of this one", []string{statement("Allow", invoke+`"NotResource":"*"`)}, implicitDeny},
		{"a Sid and a Principal", []string{statement("Allow", `"Sid":"a","Principal":"*",`+invoke+here)}, allow},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p, err := parsePolicy([]byte(`{"Version":"2012-10-17","Statement":[` + strings.Join(test.statements, ",") + `]}`))
			if err != nil {
				t.Fatal(err)
			}
			if got := p.decide(methodARN, nil); got != test.want {
				t.Errorf("got %d, want %d", got, test.want)
			}
		})
	}
	t.Run("a statement that is not in a list", func(t *testing.T) {
		p, err := parsePolicy([]byte(`{"Statement":` + statement("Allow", invoke+here) + `}`))
		if err != nil || p.decide(methodARN, nil) != allow {
			t.Errorf("got %v", err)
		}
	})
}

func TestConditions(t *testing.T) {
	x := &exchange{time: time.Date(2026, 7, 20, 1, 56, 20, 0, time.UTC)}
	keys := func(name string) (string, bool) {
		switch name {
		case "aws:sourceip":
			return "203.0.113.7", true
		case "aws:useragent":
			return "curl/8.0", true
		case "aws:referer":
			return "", false
		}
		return x.conditionKey(name)
	}
	tests := []struct {
		condition string
		holds     bool
	}{
		{`{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}`, true},
		{`{"IpAddress":{"aws:SourceIp":["10.0.0.0/8","203.0.113.7"]}}`, true},
		{`{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}`, false},
		{`{"NotIpAddress":{"aws:SourceIp":"10.0.0.0/8"}}`, true},
		{`{"NotIpAddress":{"aws:SourceIp":["10.0.0.0/8","203.0.113.0/24"]}}`, false},
		{`{"StringEquals":{"aws:UserAgent":"curl/8.0"}}`, true},
		{`{"StringEquals":{"AWS:useragent":"CURL/8.0"}}`, false},
		{`{"StringEqualsIgnoreCase":{"aws:UserAgent":"CURL/8.0"}}`, true},
		{`{"StringLike":{"aws:UserAgent":"curl/*"}}`, true},
		{`{"StringNotLike":{"aws:UserAgent":["wget/*","curl/*"]}}`, false},
		{`{"StringNotEquals":{"aws:UserAgent":"wget"}}`, true},
		{`{"StringLike":{"aws:Referer":"*"}}`, false},
		{`{"StringLikeIfExists":{"aws:Referer":"https://*"}}`, true},
		{`{"StringNotEquals":{"aws:Referer":"x"}}`, true},
		{`{"Null":{"aws:Referer":"true"}}`, true},
		{`{"Null":{"aws:UserAgent":true}}`, false},
		{`{"Bool":{"aws:SecureTransport":"true"}}`, true},
		{`{"Bool":{"aws:SecureTransport":false}}`, false},
		{`{"DateGreaterThan":{"aws:CurrentTime":"2026-07-20T00:00:00Z"}}`, true},
		{`{"DateLessThan":{"aws:CurrentTime":"2026-07-20"}}`, false},
		{`{"DateLessThanEquals":{"aws:EpochTime":1784512580}}`, true},
		{`{"NumericGreaterThan":{"aws:EpochTime":"1784512579"}}`, true},
		{`{"NumericLessThan":{"aws:EpochTime":1784512580}}`, false},
		{`{"StringEquals":{"aws:UserAgent":"curl/8.0"},"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}`, false},
		{`{}`, true},
	}
	for _, test := range tests {
		t.Run(test.condition, func(t *testing.T) {
			p, err := parsePolicy([]byte(`{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":` + test.condition + `}}`))
			if err != nil {
				t.Fatal(err)
			}
			if got := p.decide(methodARN, keys) == allow; got != test.holds {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestPoliciesThatAreMalformed(t *testing.T) {
	tests := []struct{ name, policy, want string }{
		{"a text", `"{}"`, `not a JSON object`},
		{"null", `null`, `not a JSON object`},
		{"no statement", `{"Version":"2012-10-17"}`, `no Statement`},
		{"an unknown version", `{"Version":"2026-01-01","Statement":[]}`, `there is no policy version "2026-01-01"`},
		{"an unknown key", `{"Statements":[]}`, `unknown key "Statements"`},
		{"an unknown key of a statement", `{"Statement":{"Effects":"Allow"}}`, `statement 1: Effects: unknown key`},
		{"an effect in lower case", `{"Statement":{"Effect":"allow","Action":"*","Resource":"*"}}`, `statement 1: the effect "allow" is neither Allow nor Deny`},
		{"no action", `{"Statement":{"Effect":"Allow","Resource":"*"}}`, `statement 1: one of Action and NotAction is needed`},
		{"action and NotAction", `{"Statement":{"Effect":"Allow","Action":"*","NotAction":"*","Resource":"*"}}`, `statement 1: one of Action and NotAction is needed`},
		{"no resource", `{"Statement":{"Effect":"Allow","Action":"*"}}`, `statement 1: one of Resource and NotResource is needed`},
		{"a nil list, as Go writes it", `{"Statement":{"Effect":"Allow","Action":null,"Resource":"*"}}`, `statement 1: Action: a text or a list of texts is needed`},
		{"a null condition", `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":null}}`, `statement 1: Condition: not a JSON object`},
		{"an unknown operator", `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"ForAnyValue:StringLike":{"a":"b"}}}}`,
			`statement 1: Condition: the local gateway does not know the operator ForAnyValue:StringLike`},
		{"a resource of more than 512 characters", fmt.Sprintf(`{"Statement":{"Effect":"Allow","Action":"*","Resource":%q}}`, strings.Repeat("x", 513)),
			`statement 1: a resource has 513 characters, API Gateway allows 512`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if _, err := parsePolicy([]byte(test.policy)); err == nil || err.Error() != test.want {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
		})
	}
}

func TestWildcards(t *testing.T) {
	tests := []struct {
		pattern, text string
		matches       bool
	}{
		{"", "", true}, {"*", "", true}, {"**", "x", true}, {"a*b*c", "aXbXc", true}, {"a*b*c", "abbbc", true}, {"*abc", "ababc", true},
		{"?", "", false}, {"a", "ab", false}, {"ab", "a", false}, {"a*b", "aXbX", false}, {"*a?c", "aXabc", true},
	}
	for _, test := range tests {
		if got := wildcard(test.pattern, test.text); got != test.matches {
			t.Errorf("wildcard(%q, %q) is %v", test.pattern, test.text, got)
		}
	}
}
