package iam

import "testing"

func TestConditionsCompareTheKeysOfTheRequest(t *testing.T) {
	keys := func(name string) (string, bool) {
		value, ok := map[string]string{
			"aws:sourceip":        "203.0.113.7",
			"aws:useragent":       "curl/8.0",
			"aws:securetransport": "true",
			"aws:currenttime":     "2026-07-20T01:56:20Z",
			"aws:epochtime":       "1784512580",
		}[name]
		return value, ok // there is no aws:referer
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
			p, err := Parse([]byte(`{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":` +
				test.condition + `}}`))
			if err != nil {
				t.Fatal(err)
			}
			if got := p.Decide(methodARN, keys) == Allow; got != test.holds {
				t.Errorf("got %v", got)
			}
		})
	}
}
