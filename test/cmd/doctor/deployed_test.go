package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"accountapi/test/issuer"

	"github.com/google/go-cmp/cmp"
)

// deploy writes an assembly with these variables of the authorizer, and the CDK context
// from which it was made. It returns the arguments for a call.
func deploy(t *testing.T, variables map[string]string, context string) (args string) {
	t.Helper()
	folder := t.TempDir()
	functions, err := os.ReadFile(filepath.Join(thingsAPI, "Things.template.json"))
	if err != nil {
		t.Fatal(err)
	}
	authorizer, err := json.Marshal(map[string]any{"Resources": map[string]any{"Authorizer": map[string]any{
		"Properties": map[string]any{
			"Environment": map[string]any{"Variables": variables}, "Code": map[string]any{"S3Key": "0123.zip"},
		},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{
		"Things.template.json": functions, "Authorizer.template.json": authorizer, "cdk.json": []byte(context),
	} {
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return "-assembly " + folder + " -context " + filepath.Join(folder, "cdk.json")
}

// issuersOf returns the value of ISSUERS, and a CDK context with the same.
func issuersOf(t *testing.T, entries ...map[string]any) (variable, context string) {
	t.Helper()
	text, err := json.Marshal(entries)
	if err != nil {
		t.Fatal(err)
	}
	return string(text), `{"context":{"issuers":` + string(text) + `}}`
}

func entryFor(s *issuer.Server, more map[string]any) map[string]any {
	entry := map[string]any{"issuer": s.URL(), "jwksUri": s.JWKSURL(), "audience": []string{s.Audience()}}
	for key, value := range more {
		entry[key] = value
	}
	return entry
}

func TestSeveralIssuersAreExaminedAndATokenAgainstItsOwn(t *testing.T) {
	a, b, stranger := startIssuer(t), startIssuer(t), startIssuer(t)
	variable, context := issuersOf(t, entryFor(a, nil), entryFor(b, nil))
	args := deploy(t, map[string]string{"ISSUERS": variable}, context)
	wrongAudience, context := issuersOf(t, entryFor(a, nil), entryFor(b, map[string]any{"audience": []string{"other"}}))
	other := deploy(t, map[string]string{"ISSUERS": wrongAudience}, context)
	noSlash := b.URL()[:len(b.URL())-1]
	slash, context := issuersOf(t, entryFor(a, nil), entryFor(b, map[string]any{"issuer": noSlash}))
	near := deploy(t, map[string]string{"ISSUERS": slash}, context)
	swapped, context := issuersOf(t, entryFor(a, map[string]any{"jwksUri": b.JWKSURL()}),
		entryFor(b, map[string]any{"jwksUri": a.JWKSURL()}))
	swappedArgs := deploy(t, map[string]string{"ISSUERS": swapped}, context)
	ofOther := `its key is of another issuer, "` + b.URL() + `"`
	const ofNobody = "is of another issuer, or is not used"
	useOtherKeys := `set issuers[0].jwksUri to "` + b.JWKSURL() + `" in cdk.json`
	useOwnKeys := `set issuers[1].jwksUri to "` + b.JWKSURL() + `" in cdk.json`
	first, second := "\nissuer 1 of 2: \""+a.URL()+"\" (issuers[0] in cdk.json)\n", "\nissuer 2 of 2: \""
	const useOurs = `set issuers[1].audience to "https://api.example.com" in cdk.json`
	ofBoth := `which none of the issuers is: "` + a.URL() + `", "` + b.URL() + `"`
	corrected := "    issuers[1].issuer: \"" + b.URL() + "\"\n"
	useSlash := "fix: set issuers[1].issuer to \"" + b.URL() + "\" in cdk.json"
	for name, test := range map[string]struct {
		args, token string
		code        int
		texts       []string
	}{
		"no token":       {args, "", 0, []string{first, second + b.URL(), "\ntoken\n?? token ", "ready to run"}},
		"of the first":   {args, a.Token(), 0, []string{`ok iss        the token has "` + a.URL(), "ok signature"}},
		"of the second":  {args, b.Token(), 0, []string{`ok iss        the token has "` + b.URL(), "ok signature"}},
		"of neither":     {args, stranger.Token(), 1, []string{"!! iss ", ofBoth, "add its issuer to the setting issuers"}},
		"key of another": {args, b.Token(issuer.Claim("iss", a.URL())), 1, []string{"!! key ", ofOther, useOtherKeys}},
		"keys swapped":   {swappedArgs, b.Token(), 1, []string{"!! key ", "its key is of another issuer", useOwnKeys}},
		"key of nobody":  {args, stranger.Token(issuer.Claim("iss", a.URL())), 1, []string{"!! key ", ofNobody}},
		"audience":       {other, b.Token(), 1, []string{"!! aud ", useOurs + " if that is this API"}},
		"slash":          {near, b.Token(), 1, []string{"!! issuer ", useSlash, corrected}},
		"opaque":         {args, "kj3h45kj34h5kj34h5k", 1, []string{"!! token ", "an opaque token, not a JWT"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			call{args: test.args, token: test.token}.expect(t, test.code, test.texts...)
		})
	}
}

func TestSettingsOfATemplateAreExplained(t *testing.T) {
	s := startIssuer(t)
	token := func(options ...issuer.Option) string { return s.Token(options...) }
	args := func(more map[string]any, whole map[string]string) string {
		variable, context := issuersOf(t, entryFor(s, more))
		variables := map[string]string{"ISSUERS": variable}
		for name, value := range whole {
			variables[name] = value
		}
		return deploy(t, variables, context)
	}
	flat := map[string]string{"TOKEN_ISSUER": s.URL(), "AUDIENCE": audience, "JWKS_URI": s.JWKSURL(), "PROVIDER": "auth0",
		"ALGORITHMS": "RS256"}
	staged := `{"context":{"audience":"x","stages":{"dev":{"issuer":"i"},"default":{}}}}`
	required := map[string]any{"requiredClaims": map[string]any{"org_id": []string{"org1"}}}
	nested := map[string]any{"requiredClaims": map[string]any{"/ctx/tenant": []string{"acme"}}}
	refused := map[string]any{"refusedClaims": map[string]any{"sub": []string{"eve"}}}
	rights := map[string]any{"scopeClaims": []string{"permissions"}}
	onlyES := map[string]any{"algorithms": []string{"ES256"}}
	bigClaim := map[string]string{"CONTEXT_CLAIMS": "groups"}
	wholeAPI := map[string]string{"REQUIRED_SCOPES": "enter"}
	boolean := map[string]any{"requiredClaims": map[string]any{"email_verified": []string{"true"}}}
	group := map[string]any{"requiredClaims": map[string]any{"groups": []string{"a", "b"}}}
	element := map[string]any{"requiredClaims": map[string]any{"/orgs/0/id": []string{"acme"}}}
	refusedElement := map[string]any{"refusedClaims": map[string]any{"/orgs/0/id": []string{"other"}}}
	elementRights := map[string]any{"scopeClaims": []string{"/orgs/0/roles", "scope"}}
	big := make([]string, 600)
	for i := range big {
		big[i] = "a-group"
	}
	permissions := token(issuer.Claim("permissions", []string{"read:things"}), issuer.Without("scope"))
	ofTenant := token(issuer.Claim("ctx", map[string]any{"tenant": "other"}))
	orgs := token(issuer.Claim("orgs", []any{map[string]any{"id": "other", "roles": 7}}))
	const flatContext = `{"context":{"issuer":"i","audience":"a"}}`
	const setAudience = `set audience to "https://api.example.com" in cdk.json if`
	const noOrg = `its claim org_id is none, and issuers[0].requiredClaims requires one of "org1"`
	const other = `its claim /ctx/tenant is "other", and issuers[0].requiredClaims requires one of "acme"`
	const isTrue = `its claim email_verified is true, and issuers[0].requiredClaims requires one of "true"`
	const inside = `its claim groups is [["a"]], and issuers[0].requiredClaims requires one of "a", "b"`
	const otherElement = `its claim /orgs/0/id is "other", and issuers[0].requiredClaims requires one of "acme"`
	const eveElement = `its claim /orgs/0/id is "other", which issuers[0].refusedClaims refuses`
	const roles = "/orgs/0/roles is 7, and must be a string or an array of strings"
	const eve = `its claim sub is "eve", which issuers[0].refusedClaims refuses`
	const long = "the claims of contextClaims (groups) are longer than 4,096 bytes in this token"
	const noEnter = "every route answers 403: the token has no enter, which requiredScopes demands"
	wrongStage := map[string]string{"TOKEN_ISSUER": s.URL(), "AUDIENCE": "x", "JWKS_URI": s.JWKSURL()}
	for name, test := range map[string]struct {
		args, token string
		code        int
		want        string
	}{
		"flat":                {deploy(t, flat, flatContext), token(), 0, "ok provider   auth0, the default"},
		"in a stage":          {deploy(t, wrongStage, staged) + " -stage dev", token(), 1, setAudience},
		"no required claim":   {args(required, nil), token(), 1, noOrg},
		"a required claim":    {args(required, nil), token(issuer.Claim("org_id", "org1")), 0, "ok scope"},
		"other nested claim":  {args(nested, nil), ofTenant, 1, other},
		"a boolean":           {args(boolean, nil), token(issuer.Claim("email_verified", true)), 1, isTrue},
		"array in an array":   {args(group, nil), token(issuer.Claim("groups", [][]string{{"a"}})), 1, inside},
		"required element":    {args(element, nil), orgs, 1, otherElement},
		"refused element":     {args(refusedElement, nil), orgs, 1, eveElement},
		"scopes in element":   {args(elementRights, nil), orgs, 1, roles},
		"refused claim":       {args(refused, nil), token(issuer.Subject("eve")), 1, eve},
		"scopes elsewhere":    {args(rights, nil), permissions, 0, `ok scope      "read:things" opens GET /things`},
		"too much context":    {args(nil, bigClaim), token(issuer.Claim("groups", big)), 1, long},
		"whole API":           {args(nil, wholeAPI), token(), 1, noEnter},
		"no usable algorithm": {args(onlyES, nil), "", 1, `set issuers[0].algorithms to "RS256" in cdk.json`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			call{args: test.args, token: test.token}.expect(t, test.code, test.want)
		})
	}
}

func TestSettingsAreNamedByTheirPlaceInTheContext(t *testing.T) {
	const flat = `{"issuer":"i","audience":"a"}`
	const split = `{"audience":"a","stages":{"dev":{"issuer":"i"}}}`
	const shared = `{"stages":{"default":{"audience":"a"},"dev-1":{"issuer":"i"}}}`
	const listed = `{"stages":{"default":{"issuers":[{},{"audience":"a"}]},"dev":{}}}`
	for name, test := range map[string]struct {
		context, stage, key string
		index               int
		want                string
	}{
		"top level":             {flat, "", "audience", 0, "audience"},
		"not there":             {flat, "", "provider", 0, "provider"},
		"top level and a stage": {split, "dev", "audience", 0, "audience"},
		"in the stage":          {split, "dev", "issuer", 0, "stages.dev.issuer"},
		"beside the issuer":     {split, "dev", "provider", 0, "stages.dev.provider"},
		"shared by all stages":  {shared, "dev-1", "audience", 0, "stages.default.audience"},
		"stage with a hyphen":   {shared, "dev-1", "issuer", 0, `stages["dev-1"].issuer`},
		"list":                  {listed, "dev", "audience", 1, "stages.default.issuers[1].audience"},
		"stage of the context":  {`{"stage":"dev","stages":{"dev":{"issuer":"i"}}}`, "", "issuer", 0, "stages.dev.issuer"},
		"the default stage":     {`{"stages":{"prod":{"issuer":"i"}}}`, "", "issuer", 0, "stages.prod.issuer"},
	} {
		t.Run(name, func(t *testing.T) {
			var context map[string]any
			if err := json.Unmarshal([]byte(test.context), &context); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, findPlace(context, test.stage, test.index).of(test.key)); diff != "" {
				t.Error(diff)
			}
		})
	}
	if p := findPlace(map[string]any{}, "", 0); p != nil {
		t.Errorf("no key of an issuer in the context: got %v, want nil", p)
	}
}
