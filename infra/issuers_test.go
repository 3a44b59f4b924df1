package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
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
				"provider": test.Provider, "issuer": test.Issuer, "audience": audienceOf(test.Provider),
				"lambdas": builtFunctions(t),
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

// one and two are objects of the list issuers.
func one() object {
	return object{"issuer": "https://tenant.eu.auth0.com/", "audience": "https://api.example.com"}
}

func two() object {
	return object{"issuer": "https://id.example.com/realms/shop", "audience": []any{"shop"}, "provider": "keycloak"}
}

// plus returns the object with more settings.
func plus(o, more object) object {
	maps.Copy(o, more)
	return o
}

func TestIssuersBecomeOneList(t *testing.T) {
	auth0 := issuer{
		Issuer: "https://tenant.eu.auth0.com/", Audience: []string{"https://api.example.com"}, Provider: "auth0",
		JWKSURI: "https://tenant.eu.auth0.com/.well-known/jwks.json", Algorithms: []string{"RS256"},
	}
	keycloak := issuer{
		Issuer: "https://id.example.com/realms/shop", Audience: []string{"shop"}, Provider: "keycloak",
		JWKSURI: "https://id.example.com/realms/shop/protocol/openid-connect/certs", Algorithms: []string{"RS256"},
	}
	all := auth0
	all.Algorithms = []string{"ES256", "Ed25519"}
	all.ScopeClaims = []string{"permissions", "/realm_access/my roles"}
	all.RequiredClaims = map[string][]string{"tenant": {"acme"}}
	all.RefusedClaims = map[string][]string{"sub": {"auth0|1", "auth0|2"}, "/act/sub": {"x, y"}}
	for name, test := range map[string]struct {
		context object
		want    []issuer
	}{
		"flat keys":               {one(), []issuer{auth0}},
		"a list with one":         {object{"issuers": []any{one()}}, []issuer{auth0}},
		"a list with two":         {object{"issuers": []any{one(), two()}}, []issuer{auth0, keycloak}},
		"a list and empty keys":   {object{"issuers": []any{one()}, "issuer": "", "provider": nil}, []issuer{auth0}},
		"an empty list is absent": {plus(one(), object{"issuers": ""}), []issuer{auth0}},
		"a list in a stage":       {object{"stages": object{"prod": object{"issuers": []any{two()}}}}, []issuer{keycloak}},
		"a list for all stages": {
			object{"stages": object{"default": object{"issuers": []any{two(), one()}}, "prod": object{"waf": true}}},
			[]issuer{keycloak, auth0},
		},
		"JSON after -c": {
			object{"issuers": `[{"issuer":"https://tenant.eu.auth0.com/","audience":["https://api.example.com"]}]`},
			[]issuer{auth0},
		},
		"every setting": {
			object{"issuers": []any{plus(one(), object{
				"algorithms": "ES256 Ed25519", "scopeClaims": []any{"permissions", "/realm_access/my roles"},
				"requiredClaims": object{"tenant": "acme"},
				"refusedClaims":  object{"sub": []any{"auth0|1", "auth0|2"}, "/act/sub": "x, y"},
			})}},
			[]issuer{all},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := parse(t, test.context)
			if err != nil || !reflect.DeepEqual(got.Issuers, test.want) {
				t.Errorf("got  %+v, %v\nwant %+v", got.Issuers, err, test.want)
			}
		})
	}
}

// Issuers that are no https URL (RFC 7519 section 4.1.1), or in another form than usual.
func TestIssuerMayBeAnyStringIfTheKeysAreGiven(t *testing.T) {
	for _, test := range []struct{ name, provider, issuer string }{
		{"AD FS", "entra", "http://adfs.example.com/adfs/services/trust"},
		{"Cloud Foundry UAA", "", "http://uaa.example.com/oauth/token"},
		{"FusionAuth", "", "acme.com"},
		{"name with a blank", "", "Acme Identity"},
		{"URN", "rfc9068", "urn:example:issuer"},
		{"letters beyond ASCII", "", "https://id.example.com/straße"},
		{"query", "", "https://id.example.com/?tenant=1"},
		{"Keycloak without TLS", "keycloak", "http://keycloak.internal:8080/realms/shop"},
		{"Duende with a slash", "duende", "https://id.example.com/"},
		{"WorkOS before 2025", "workos", "https://api.workos.com/"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := parse(t, object{"issuer": test.issuer, "provider": test.provider, "audience": "api",
				"jwksUri": "https://keys.example.com/jwks"})
			if err != nil {
				t.Fatal(err)
			}
			if i := got.Issuers[0]; i.Issuer != test.issuer || i.JWKSURI != "https://keys.example.com/jwks" {
				t.Errorf("got %+v", i)
			}
		})
	}
}

func TestMistakesInOneIssuerNameTheFix(t *testing.T) {
	const jwksURI = "https://keys.example.com/jwks"
	const clerk = "https://clerk.example.com"
	const isList = "is a list: each issuer is an object in issuers, for example {"
	const client = "https://api.workos.com/user_management/client_A"
	for _, test := range []struct {
		name         string
		context      object
		key, problem string
	}{
		{"AD FS without keys", object{"issuer": "http://adfs.example.com/adfs/services/trust", "provider": "entra"},
			"jwksUri", `is missing, and "http://adfs.example.com/adfs/services/trust" does not start with https://`},
		{"FusionAuth without keys", object{"issuer": "acme.com"}, "jwksUri", `is missing, and "acme.com" does not`},
		{"another provider without keys", object{"issuer": "https://id.example.com/main"},
			"issuer", "is not the iss of the tokens of provider auth0: set another -c provider (auth0 clerk"},
		{"another provider without keys, what else", object{"issuer": "https://id.example.com/main"},
			"issuer", "rfc9068 workos), or -c jwksUri, or use -c issuer=https://id.example.com/"},
		{"all tenants of Entra", object{"issuer": "https://login.microsoftonline.com/common/v2.0", "provider": "entra"},
			"issuer", "use -c issuer=https://login.microsoftonline.com/TENANT_ID/v2.0 with the ID of your tenant"},
		{"discovery document for keys", object{"jwksUri": "https://id.example.com/.well-known/openid-configuration"},
			"jwksUri", "is the discovery document: use the jwks_uri in it"},
		{"control character", object{"issuer": "acme\x00", "jwksUri": jwksURI}, "issuer", "has a control character"},
		{"blank at an end", object{"issuer": "acme ", "jwksUri": jwksURI}, "issuer", "or a blank at an end"},
		{"list", object{"issuer": []any{"https://a.example/"}}, "issuer", isList},
		{"list as JSON", object{"issuer": `["https://a.example/"]`, "jwksUri": jwksURI}, "issuer", isList},
		{"list with blanks", object{"issuer": "https://a/ https://b/", "jwksUri": jwksURI}, "issuer", isList},
		{"list with commas", object{"issuer": "acme.com,example.com", "jwksUri": jwksURI}, "issuer", isList},
		{"keys without TLS", object{"jwksUri": "http://id.example.com/keys"}, "jwksUri", "does not start with https://"},
		{"keys on this machine", object{"jwksUri": "http://127.0.0.1:3001/.well-known/jwks.json"},
			"jwksUri", "is on this machine, which AWS cannot reach: make run has its own settings for such an issuer"},
		{"long jwksUri", object{"jwksUri": "https://id.example.com/" + strings.Repeat("x", 233)}, "jwksUri", "at most 255"},
		{"jwksUri beyond ASCII", object{"jwksUri": "https://id.example.com/straße"}, "jwksUri", "at most 255 ASCII"},
		{"Auth0 with a domain of its own, without a slash",
			object{"provider": "auth0", "issuer": "https://id.example.com", "jwksUri": jwksURI},
			"issuer", "use -c issuer=https://id.example.com/, or set another -c provider"},
		{"Keycloak with a slash", object{"provider": "keycloak", "issuer": "https://id.example.com/realms/shop/"},
			"issuer", "use -c issuer=https://id.example.com/realms/shop, or set another -c provider"},
		{"Clerk with a slash", object{"provider": "clerk", "issuer": clerk + "/", "audience": "https://app.example.com"},
			"issuer", "use -c issuer=https://clerk.example.com, or set another -c provider"},
		{"Clerk with an API", object{"provider": "clerk", "issuer": clerk, "audience": "api"},
			"audience", `"api" is not an origin`},
		{"Clerk with a page", object{"provider": "clerk", "issuer": clerk, "audience": "https://app.example.com/"},
			"audience", "use https://app.example.com: tokens of Clerk have the origin of the front end in azp"},
		{"Clerk without audience", object{"provider": "clerk", "issuer": clerk, "audience": ""},
			"audience", "set it to the origin of the front end, for example -c audience=https://app.example.com"},
		{"WorkOS with a slash", object{"provider": "workos", "issuer": client + "/", "audience": "client_A"},
			"issuer", "use -c issuer=" + client + ", "},
		{"WorkOS without audience", object{"provider": "workos", "issuer": client, "audience": ""},
			"audience", "set it to the client whose tokens are meant for this API, -c audience=client_A"},
		{"WorkOS with another client", object{"provider": "workos", "issuer": client, "audience": "client_A client_B"},
			"audience", `"client_B" is another client than the one that the issuer ends in: use -c audience=client_A`},
		{"WorkOS with a client that iss does not name",
			object{"provider": "workos", "issuer": "https://api.workos.com", "audience": "client_A", "jwksUri": jwksURI},
			"audience", "add aud to the JWT template at WorkOS, and set audience to its value"},
		{"WorkOS without keys", object{"provider": "workos", "issuer": "https://auth.example.com"},
			"jwksUri", "provider workos has no convention for https://auth.example.com"},
		{"key of an issuer at the top level", object{"refusedClaims": object{"sub": "x"}},
			"refusedClaims", "is a setting of an issuer: write it into an object of issuers"},
	} {
		t.Run(test.name, func(t *testing.T) { refuse(t, test.context, test.key, test.problem) })
	}
}

func TestMistakesInTheListOfIssuersNameTheirPlace(t *testing.T) {
	const both = "and -c issuer, -c audience are two forms of the same settings: keep one of them"
	for _, test := range []struct {
		name         string
		flat, list   any
		key, problem string
	}{
		{"both forms", "x", []any{two()}, "issuers", both},
		{"an object", nil, one(), "issuers", "must be a list of objects"},
		{"an empty list", nil, []any{}, "issuers", "must be a list of objects"},
		{"no JSON", nil, "https://a.example/", "issuers", "is not JSON"},
		{"JSON of an object", nil, "{}", "issuers", "must be a list of objects"},
		{"a string in it", nil, []any{one(), "https://b.example/"}, "issuers[1]", "must be an object with the keys issuer, "},
		{"the same issuer twice", nil, []any{one(), two(), one()}, "issuers[2].issuer", `/" is in issuers[0] too: write one`},
	} {
		t.Run(test.name, func(t *testing.T) {
			refuse(t, object{"issuer": test.flat, "audience": test.flat, "issuers": test.list}, test.key, test.problem)
		})
	}
}

func TestMistakesInAnObjectOfIssuersNameTheirPlace(t *testing.T) {
	for _, test := range []struct {
		key     string // in the second object
		value   any
		place   string
		problem string
	}{
		{"audiance", "x", "audiance", "is not a setting of an issuer: did you mean audience?"},
		{"resultTtl", 5.0, "resultTtl", "is not a setting of an issuer: write it outside of the object"},
		{"contextClaims", "email", "contextClaims", "is not a setting of an issuer: write it outside of the object"},
		{"issuer", "", "issuer", `whose tokens are trusted, for example "issuer": "https://TENANT.eu.auth0.com/"`},
		{"issuer", []any{"a", "b"}, "issuer", "is a list: each issuer is an object in issuers"},
		{"issuer", "https://id.example.com/realms/shop/", "issuer", `use "issuer": "https://id.example.com/realms/shop", or`},
		{"issuer", "https://id.example.com/a/", "issuer", "set another provider (auth0 clerk"},
		{"audience", nil, "audience", `is missing: set it to the API that tokens must be issued for, for example "aud`},
		{"audience", []any{"a b"}, "audience", `contains "a b"`},
		{"provider", "google", "provider", `"google" is not supported`},
		{"provider", "rfc9068", "jwksUri", `is missing, and provider rfc9068 has no convention`},
		{"provider", "rfc9068", "jwksUri", `for example "jwksUri": "https://ISSUER/jwks.json"`},
		{"jwksUri", "http://id.example.com/keys", "jwksUri", "does not start with https://"},
		{"algorithms", []any{"HS256"}, "algorithms", `for example "algorithms": "RS256"`},
		{"scopeClaims", []any{1.0}, "scopeClaims", "1 must be the name of a claim"},
		{"scopeClaims", []any{""}, "scopeClaims", "the name of a claim is empty"},
		{"scopeClaims", "/a~2b", "scopeClaims", `"/a~2b" is not a JSON Pointer`},
		{"scopeClaims", "/a~", "scopeClaims", `"/a~" is not a JSON Pointer`},
		{"requiredClaims", []any{"sub"}, "requiredClaims", "must be an object of claims"},
		{"requiredClaims", object{"level": 1.0}, "requiredClaims.level", "must be a string, or a list of strings"},
		{"requiredClaims", object{"": "x"}, "requiredClaims", "the name of a claim is empty"},
		{"refusedClaims", object{"sub": ""}, "refusedClaims.sub", "must be a string, or a list of strings"},
		{"refusedClaims", object{"sub": []any{"x", nil}}, "refusedClaims.sub", "must be a string, or a list of strings"},
		{"refusedClaims", object{"sub": []any{}}, "refusedClaims.sub", "has no values: add one, or remove the claim"},
		{"refusedClaims", object{"/~": "x"}, "refusedClaims", `"/~" is not a JSON Pointer`},
	} {
		t.Run(fmt.Sprintf("%s=%v", test.key, test.value), func(t *testing.T) {
			list := []any{one(), plus(two(), object{test.key: test.value})}
			refuse(t, object{"issuer": "", "audience": "", "issuers": list}, "issuers[1]."+test.place, test.problem)
		})
	}
}

func TestMistakesInSeveralIssuersAreReportedAtOnce(t *testing.T) {
	_, err := parse(t, object{"issuers": []any{
		plus(one(), object{"audience": ""}), "x", plus(two(), object{"provider": "x"}),
	}})
	for _, want := range []string{"issuers[0].audience: ", "issuers[1]: ", "issuers[2].provider: "} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want also %s", err, want)
		}
	}
}

func TestBothFormsAreNamedInTheWordsOfMake(t *testing.T) {
	_, err := parse(t, object{"issuers": []any{two()}, "issuer": "https://tenant.eu.auth0.com/", "jwksUri": "x"})
	if err == nil {
		t.Fatal("got no error")
	}
	const want = "issuers: and ISSUER, JWKS_URI are two forms of the same settings: keep one of them"
	if got := withMakeVariables(err.Error()); !strings.HasPrefix(got, want) {
		t.Errorf("got  %s\nwant %s…", got, want)
	}
}

func TestExampleOfIssuersInREADMEIsValid(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, example, _ := strings.Cut(string(readme), "```json\n\"issuers\": ")
	example, _, _ = strings.Cut(example, "```")
	got, err := parse(t, object{"issuers": example})
	if err != nil || len(got.Issuers) != 2 {
		t.Errorf("got %+v, %v", got.Issuers, err)
	}
}
