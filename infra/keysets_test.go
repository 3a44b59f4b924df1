package main

import (
	"reflect"
	"strings"
	"testing"
)

func TestAlarmsOfSeveralSetsOfKeysAreNamedAfterTheirIssuers(t *testing.T) {
	long := strings.Repeat("x", 150)
	for _, test := range []struct {
		name   string
		trust  [][2]string // iss and jwksUri
		suffix []string
	}{
		{"one", [][2]string{{"https://a.example/", "a"}}, []string{""}},
		{"one set for two issuers", [][2]string{{"https://a.example/", "a"}, {"https://b.example/", "a"}}, []string{""}},
		{"two", [][2]string{{"https://a.example/", "a"}, {"http://b.example/x", "b"}},
			[]string{"-a-example", "-b-example-x"}},
		{"no URLs", [][2]string{{"acme.com", "a"}, {"urn:x:y", "b"}}, []string{"-acme-com", "-urn-x-y"}},
		{"a shared one and another", [][2]string{{"https://a.example/", "a"}, {"b", "b"}, {"https://c.example/", "a"}},
			[]string{"-a-example-c-example", "-b"}},
		{"the same letters", [][2]string{{"https://a.example/x", "a"}, {"https://a.example/x/", "b"}, {"a-example/x", "c"}},
			[]string{"-a-example-x", "-a-example-x-2", "-a-example-x-3"}},
		{"no letters", [][2]string{{"ß", "a"}, {"//", "b"}}, []string{"-issuer", "-issuer-2"}},
		{"one with no letters beside another", [][2]string{{"ß", "a"}, {"https://a.example/", "a"}, {"b", "b"}},
			[]string{"-a-example", "-b"}},
		{"a long one", [][2]string{{long, "a"}, {"b", "b"}}, []string{"-" + long[:100], "-b"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var cfg Config
			for _, pair := range test.trust {
				cfg.Issuers = append(cfg.Issuers, issuer{Issuer: pair[0], JWKSURI: pair[1]})
			}
			var got []string
			for _, set := range cfg.keySets() {
				got = append(got, set.suffix)
			}
			if !reflect.DeepEqual(got, test.suffix) {
				t.Errorf("got %q, want %q", got, test.suffix)
			}
		})
	}
}

// CloudWatch allows 1,024 characters for the description of an alarm.
func TestDescriptionsNameIssuersInAtMost400Characters(t *testing.T) {
	keys := keySet{issuers: []string{strings.Repeat("ß", 300), strings.Repeat("x", 300)}}
	if got, want := keys.who(), strings.Repeat("ß", 300)+", "+strings.Repeat("x", 98)+"…"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
