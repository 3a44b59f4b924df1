package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// testdata/providers.json has the conventions of the providers: where the JWK Set of an
// issuer is, "" if the provider has no convention for it.
func TestJWKSURIFollowsFromProviderAndIssuer(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("testdata", "providers.json"))
	if err != nil {
		t.Fatal(err)
	}
	var tests []struct{ Name, Provider, Issuer, JWKSURI string }
	if err := json.Unmarshal(text, &tests); err != nil {
		t.Fatal(err)
	}
	covered := map[string]bool{}
	for _, test := range tests {
		covered[test.Provider] = true
		t.Run(test.Name, func(t *testing.T) {
			settings := object{
				"provider": test.Provider, "issuer": test.Issuer, "audience": audienceOf(test.Provider), "lambdas": builtFunctions(t),
			}
			got, err := parseConfig(settings)
			if test.JWKSURI == "" {
				if err == nil || !strings.HasPrefix(err.Error(), "jwksUri: is missing, and provider") {
					t.Errorf("got %v, want the error that jwksUri is missing", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if one := got.Issuers[0]; one.JWKSURI != test.JWKSURI || one.Issuer != test.Issuer {
				t.Errorf("got %s with the keys at %s, want %s", one.Issuer, one.JWKSURI, test.JWKSURI)
			}
		})
	}
	for name := range providers {
		if !covered[name] {
			t.Errorf("testdata/providers.json has no row for the provider %s", name)
		}
	}
}

// audienceOf returns an audience of the form that the provider has.
func audienceOf(provider string) string {
	if provider == "clerk" {
		return "https://app.example.com"
	}
	return "a"
}
