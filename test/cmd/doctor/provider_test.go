package main

import (
	"encoding/json"
	"net/http"
	"os"
	"slices"
	"testing"

	"accountapi/test/internal/internet"
)

// infra/testdata/providers.json has the conventions of the providers: where the JWK Set
// of an issuer is, "" if the provider has no convention for it. The tests of infra read
// it too.
func TestProvidersAreThoseOfInfra(t *testing.T) {
	text, err := os.ReadFile("../../../infra/testdata/providers.json")
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
			if got := keysAt(test.Provider, test.Issuer); got != test.JWKSURI {
				t.Errorf("the keys are at %q, want %q", got, test.JWKSURI)
			}
			if _, known := presetNamed(test.Provider); !known {
				t.Errorf("the provider %q is unknown", test.Provider)
			}
			if issuer, mistakes := correctIssuer(test.Issuer, false); issuer != test.Issuer || mistakes != nil {
				t.Errorf("the issuer becomes %q, because %q", issuer, mistakes)
			}
			provider := test.Provider
			if provider == "" {
				provider = "auth0"
			}
			if k, shown := kindOfIssuer(test.Issuer); shown && k.preset != provider {
				t.Errorf("the issuer is taken for one of %s", k.name)
			}
		})
	}
	for _, p := range presets {
		if !covered[p.name] {
			t.Errorf("infra/testdata/providers.json has no row for the provider %s", p.name)
		}
	}
}

func TestProvidersAreThoseOfTheAuthorizer(t *testing.T) {
	v, err := (&examination{}).ask(t.Context(), []trusted{{Provider: "unknown"}}, "")
	if err != nil {
		t.Fatal(err)
	}
	want := `PROVIDER "unknown" is unknown: use one of ` + presetNames()
	if !slices.Contains(v.problems, want) {
		t.Errorf("the authorizer does not say %q but %q", want, v.problems)
	}
}

func TestMistakesInTheProviderAreReportedWithTheirFix(t *testing.T) {
	const auth0, okta = "https://tenant.eu.auth0.com/", "https://t.okta.com/oauth2/default"
	const pool, keycloak = "https://cognito-idp.eu-west-1.amazonaws.com/pool", "https://id.example/a"
	local := startIssuer(t)
	keys := local.JWKS()
	env := internet.Serve(t, map[string]http.Handler{
		"tenant.eu.auth0.com":                 publish("", auth0, keys),
		"t.okta.com":                          publish("/oauth2/default", okta, keys),
		"cognito-idp.eu-west-1.amazonaws.com": publish("/pool", pool, keys),
		"id.example":                          publish("/a", keycloak, keys),
	})
	const onAuth0 = "but the issuer's URL is one of Auth0"
	const withPath = keycloak + " -jwks-uri https://id.example/keys"
	for name, test := range map[string]struct{ issuer, provider, says, fix string }{
		"unknown, host of Auth0": {auth0, "auth1", "PROVIDER is auth1, " + onAuth0, "use PROVIDER=auth0"},
		"unknown, other host":    {local.URL(), "auth1", `PROVIDER "auth1" is unknown`, "leave PROVIDER out"},
		"Auth0 as Entra":         {auth0, "entra", "PROVIDER is entra, " + onAuth0, "use PROVIDER=auth0"},
		"Cognito as the default": {pool, "", "the issuer's URL is one of Cognito", "add PROVIDER=cognito"},
		"Okta as the default":    {okta, "", "the issuer's URL is one of Okta", "add PROVIDER=okta"},
		"path as Auth0":          {withPath, "auth0", "a deploy refuses it", "leave PROVIDER out"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := forAPI + test.issuer
			if test.provider != "" {
				args += " -provider " + test.provider
			}
			call{args: args, env: env}.expectMistake(t, test.says, test.fix)
		})
	}
}
