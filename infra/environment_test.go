package main

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
)

func TestVariablesOfTheAuthorizer(t *testing.T) {
	for name, test := range map[string]struct {
		stage string
		want  map[string]any
	}{
		"one issuer in flat variables": {"everything", map[string]any{
			"TOKEN_ISSUER":       "https://tenant.eu.auth0.com/",
			"AUDIENCE":           "https://api.example.com https://old-api.example.com",
			"JWKS_URI":           "https://tenant.eu.auth0.com/.well-known/jwks.json",
			"PROVIDER":           "auth0",
			"ALGORITHMS":         "RS256",
			"REQUIRED_SCOPES":    "use:api <b>&",
			"METRICS_NAMESPACE":  apiName,
			"CLOCK_SKEW_SECONDS": "30",
			"CA_BUNDLE":          "ca.pem",
		}},
		"several issuers in JSON": {"several issuers", map[string]any{
			"ISSUERS": `[{"issuer":"https://tenant.eu.auth0.com/","audience":["https://api.example.com"],` +
				`"jwksUri":"https://tenant.eu.auth0.com/.well-known/jwks.json","provider":"auth0","algorithms":["RS256"]},` +
				`{"issuer":"https://login.example.com/","audience":["https://api.example.com"],` +
				`"jwksUri":"https://tenant.eu.auth0.com/.well-known/jwks.json","provider":"auth0","algorithms":["RS256","PS256"],` +
				`"scopeClaims":["permissions"],"refusedClaims":{"azp":["lost"],"sub":["auth0|1","auth0|2"]}},` +
				`{"issuer":"https://id.example.com/realms/shop","audience":["shop","<b>&"],` +
				`"jwksUri":"https://id.example.com/realms/shop/protocol/openid-connect/certs","provider":"keycloak",` +
				`"algorithms":["RS256"],"scopeClaims":["/realm_access/roles","scope"],"requiredClaims":{"tenant":["acme"]}}]`,
			"CONTEXT_CLAIMS":     "email roles=/realm_access/roles",
			"REQUIRED_SCOPES":    "",
			"METRICS_NAMESPACE":  apiName,
			"CLOCK_SKEW_SECONDS": "30",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			for id, function := range stage(t, test.stage).ofType("AWS::Lambda::Function") {
				if !strings.HasPrefix(id, "Authorizer") {
					continue
				}
				got := function.Properties["Environment"].(map[string]any)["Variables"]
				if !reflect.DeepEqual(got, test.want) {
					t.Errorf("got  %v\nwant %v", got, test.want)
				}
			}
		})
	}
}

func TestIssuerIsInFlatVariablesUnlessItNeedsJSON(t *testing.T) {
	for name, test := range map[string]struct {
		issuers []any
		json    bool
	}{
		"one":                          {[]any{one()}, false},
		"two":                          {[]any{one(), two()}, true},
		"one with scopeClaims":         {[]any{plus(one(), object{"scopeClaims": "permissions"})}, true},
		"one with requiredClaims":      {[]any{plus(one(), object{"requiredClaims": object{"a": "b"}})}, true},
		"one with refusedClaims":       {[]any{plus(one(), object{"refusedClaims": object{"a": "b"}})}, true},
		"an audience with a comma":     {[]any{plus(one(), object{"audience": []any{"a,b"}})}, true},
		"an issuer that is no URL":     {[]any{plus(one(), object{"issuer": "Acme", "jwksUri": "https://a.example"})}, false},
		"one with empty scopeClaims":   {[]any{plus(one(), object{"scopeClaims": []any{}})}, false},
		"one with empty refusedClaims": {[]any{plus(one(), object{"refusedClaims": object{}})}, false},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, err := parse(t, object{"issuers": test.issuers})
			if err != nil {
				t.Fatal(err)
			}
			variables := cfg.authorizerEnvironment()
			if _, got := variables["ISSUERS"]; got != test.json {
				t.Errorf("got %v", variables)
			}
			if _, flat := variables["TOKEN_ISSUER"]; flat == test.json {
				t.Errorf("got %v", variables)
			}
		})
	}
}

// A name and a value of so many bytes in all.
func variableOf(name string, size int) string {
	return fmt.Sprintf("%q:%q", name, strings.Repeat("x", size-len(name)))
}

func TestVariablesOfAFunctionHaveAtMost4000Bytes(t *testing.T) {
	for _, test := range []struct {
		name, variables string
		want            string // "" is no error
	}{
		{"none", "", ""},
		{"4000", variableOf("ISSUERS", 3900) + "," + variableOf("A", 100), ""},
		{"a table's name", variableOf("ISSUERS", 4000) + `,"TABLE":{"Ref":"OrdersTable"}`, "have 4005 bytes"},
		{"4001", variableOf("ISSUERS", 3900) + "," + variableOf("A", 101),
			"the variables of the function Orders have 4001 bytes with their names, and may have 4000 (Lambda allows 4096). " +
				"The largest is ISSUERS with 3900: remove values from refusedClaims"},
		{"the largest before another", variableOf("ISSUERS", 3900) + "," + variableOf("Z", 101), "ISSUERS with 3900"},
		{"origins", variableOf("CORS_ORIGINS", 4001), "CORS_ORIGINS with 4001: allow fewer origins with corsOrigins"},
		{"routes", variableOf("ROUTES", 4001), "ROUTES with 4001: give some of the routes a function of their own"},
		{"audiences", variableOf("AUDIENCE", 4001), "AUDIENCE with 4001: accept fewer audiences"},
		{"claims", variableOf("CONTEXT_CLAIMS", 4001), "CONTEXT_CLAIMS with 4001: pass on fewer claims with contextClaims"},
		{"another", variableOf("PRICES", 4001), "PRICES with 4001: store the value where the function can read it"},
		{"no ASCII", `"A":"` + strings.Repeat("ß", 2000) + `"`, "have 4001 bytes"},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := checkEnvironments([]byte(`{"Resources":{"Orders0123ABCD":{"Type":"AWS::Lambda::Function",
				"Properties":{"Environment":{"Variables":{` + test.variables + `}}}},
				"Other":{"Type":"AWS::Lambda::Function","Properties":{}}}}`))
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func TestTemplateWhoseVariablesCannotBeCountedIsAnError(t *testing.T) {
	if err := checkEnvironments([]byte("{")); err == nil || !strings.HasPrefix(err.Error(), "read the template: ") {
		t.Errorf("got %v, want that the template cannot be read", err)
	}
}

func TestVariablesThatRoutesAddCount(t *testing.T) {
	cfg := config(t, object{"lambdas": builtFunctions(t, "things")})
	tpl := synthRoutes(t, cfg, func(_ awscdk.Stack, f *functions) []route {
		things := f.add("things")
		things.AddEnvironment(jsii.String("PRICES"), jsii.String(strings.Repeat("x", 3990)), nil)
		return []route{{"GET /things", things, anyCaller}}
	})
	const want = "the variables of the function Things have 40"
	if err := checkEnvironments(tpl.text); err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got %v, want %s…", err, want)
	}
	for name := range stages {
		if err := checkEnvironments(stage(t, name).text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
