package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Access tokens as each provider issues them, taken from their documentation, with the
// test's issuer, audience and times.

func claims(text string) edit {
	return func(d *draft) {
		d.claims = members{}
		if err := json.Unmarshal([]byte(text), &d.claims); err != nil {
			panic(err)
		}
		for name, value := range map[string]any{"iss": testIssuer, "iat": testNow.Unix() - 10, "exp": testNow.Unix() + 3600} {
			d.claims[name] = value
		}
	}
}

var (
	auth0User = claims(`{"sub":"auth0|5f7c8ec7c33c6c004bbafe82","aud":["https://api.example","https://tenant.example/userinfo"],
		"azp":"my_client_id","scope":"openid profile get:profile","gty":"password"}`)
	auth0Machine = claims(`{"sub":"my_client_id@clients","aud":"https://api.example","azp":"my_client_id","scope":"get:profile","gty":"client-credentials"}`)
	rfc9068      = claims(`{"sub":"5ba552d67","aud":"https://api.example","client_id":"s6BhdRkqt3_","jti":"dbe39bf3a3ba4238a513f51d6e1691c4","scope":"get:profile openid"}`)
	cognitoUser  = claims(`{"sub":"aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee","cognito:groups":["admin"],"client_id":"xxxxxxxxxxxxexample","origin_jti":"a",
		"event_id":"b","token_use":"access","scope":"get:profile","auth_time":1676312777,"jti":"c","username":"my-test-user","version":2}`)
	cognitoMachine = claims(`{"sub":"xxxxxxxxxxxxexample","token_use":"access","scope":"res/get:profile","auth_time":1,"jti":"c","client_id":"xxxxxxxxxxxxexample","version":2}`)
	cognitoID      = claims(`{"sub":"aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee","aud":"xxxxxxxxxxxxexample","token_use":"id","auth_time":1,"cognito:username":"u","email":"u@example.com"}`)
	entraUser      = claims(`{"aud":"https://api.example","nbf":1,"acct":0,"acr":"1","aio":"x","amr":["pwd"],"azp":"6e74172b-be56-4843-9ff4-e66a39bb12e3","azpacr":"0",
		"name":"Abe","oid":"690222be","preferred_username":"abe@example.com","rh":"I","scp":"get:profile openid","sub":"HKZpfaHyWadeOouYlitjrI-KffTm222X5rrV3xDqfKQ","tid":"72f988bf","uti":"f","ver":"2.0"}`)
	entraV1 = claims(`{"aud":"https://api.example","nbf":1,"appid":"b14a7505-96e9-4927-91e8-0601d0fc9caa","appidacr":"0","scp":"get:profile","sub":"x","ver":"1.0"}`)
	okta    = claims(`{"ver":1,"jti":"AT.0mP4JKAZX1iACIT4vbEDF7LpvDVjxypPMf0D7uX39RE","aud":"https://api.example","cid":"nmdP1fcyvdVO11AL7ECm",
		"uid":"00ujmkLgagxeRrAg20g3","scp":["openid","get:profile"],"sub":"jimi@example.com"}`)
)

func TestEveryProvidersTokensAreLetIn(t *testing.T) {
	for name, test := range map[string]struct {
		provider string
		edits    []edit
		clientID string
		scope    string
	}{
		"auth0, a user":              {"auth0", []edit{auth0User}, "my_client_id", "openid profile get:profile"},
		"auth0, a machine":           {"auth0", []edit{auth0Machine}, "my_client_id", "get:profile"},
		"auth0, the RFC 9068 format": {"auth0", []edit{rfc9068, headerMember("typ", "at+jwt")}, "s6BhdRkqt3_", "get:profile openid"},
		"rfc9068":                    {"rfc9068", []edit{rfc9068, headerMember("typ", "at+jwt")}, "s6BhdRkqt3_", "get:profile openid"},
		"rfc9068, the long typ":      {"rfc9068", []edit{rfc9068, headerMember("typ", "application/at+jwt")}, "s6BhdRkqt3_", "get:profile openid"},
		"cognito, a user":            {"cognito", []edit{cognitoUser, headerMember("typ", absent)}, "xxxxxxxxxxxxexample", "get:profile"},
		"cognito, a machine":         {"cognito", []edit{cognitoMachine, headerMember("typ", absent)}, "xxxxxxxxxxxxexample", "res/get:profile"},
		"cognito, a resource":        {"cognito", []edit{cognitoUser, claim("aud", testAudience)}, "xxxxxxxxxxxxexample", "get:profile"},
		"cognito, odd claim names":   {"cognito", []edit{cognitoUser, claim("keys", []int{}), claim("kty", "x"), claim("ciphertext", "x")}, "xxxxxxxxxxxxexample", "get:profile"},
		"entra, v2":                  {"entra", []edit{entraUser}, "6e74172b-be56-4843-9ff4-e66a39bb12e3", "get:profile openid"},
		"entra, v1":                  {"entra", []edit{entraV1}, "b14a7505-96e9-4927-91e8-0601d0fc9caa", "get:profile"},
		"okta":                       {"okta", []edit{okta, headerMember("typ", absent)}, "nmdP1fcyvdVO11AL7ECm", "openid get:profile"},
	} {
		t.Run(name, func(t *testing.T) {
			bed := newBed(t, jwks(key1().jwk(members{"alg": nil})), "PROVIDER="+test.provider, "AUDIENCE=https://api.example xxxxxxxxxxxxexample")
			answer, err := bed.handle(t.Context(), request{Type: "TOKEN", MethodArn: testArn, AuthorizationToken: bearerOf(test.edits...)})
			if err != nil {
				t.Fatalf("%v\n%s", err, bed.lines)
			}
			if answer.Context["client_id"] != test.clientID || answer.Context["scope"] != test.scope {
				t.Errorf("got client_id %q scope %q, want %q %q", answer.Context["client_id"], answer.Context["scope"], test.clientID, test.scope)
			}
		})
	}
}

func TestOtherTokensOfAProviderAreRefused(t *testing.T) {
	for name, test := range map[string]struct {
		provider string
		edits    []edit
		want     reason
	}{
		"rfc9068, typ JWT":            {"rfc9068", []edit{rfc9068}, errTokenKind},
		"rfc9068, no typ":             {"rfc9068", []edit{rfc9068, headerMember("typ", absent)}, errTokenKind},
		"rfc9068, no client_id":       {"rfc9068", []edit{rfc9068, headerMember("typ", "at+jwt"), claim("client_id", absent)}, errClaimType},
		"rfc9068, no jti":             {"rfc9068", []edit{rfc9068, headerMember("typ", "at+jwt"), claim("jti", absent)}, errClaimType},
		"rfc9068, no iat":             {"rfc9068", []edit{rfc9068, headerMember("typ", "at+jwt"), claim("iat", absent)}, errClaimType},
		"cognito, an ID token":        {"cognito", []edit{cognitoID}, errTokenKind},
		"cognito, no token_use":       {"cognito", []edit{cognitoUser, claim("token_use", absent)}, errTokenKind},
		"cognito, token_use a list":   {"cognito", []edit{cognitoUser, claim("token_use", []string{"access"})}, errTokenKind},
		"cognito, another client":     {"cognito", []edit{cognitoUser, claim("client_id", "stranger")}, errAudience},
		"cognito, no client":          {"cognito", []edit{cognitoUser, claim("client_id", absent)}, errAudience},
		"cognito, another resource":   {"cognito", []edit{cognitoUser, claim("aud", "https://other.example")}, errAudience},
		"cognito, aud null":           {"cognito", []edit{cognitoUser, claim("aud", nil)}, errAudience},
		"auth0, an ID token":          {"auth0", []edit{auth0User, claim("aud", "my_client_id"), claim("nonce", "n")}, errTokenKind},
		"entra, for Microsoft Graph":  {"entra", []edit{entraUser, claim("aud", "00000003-0000-0000-c000-000000000000")}, errAudience},
		"okta, of the org server":     {"okta", []edit{okta, claim("iss", "https://tenant.example")}, errIssuer},
		"okta, an ID token":           {"okta", []edit{okta, claim("cid", absent), claim("aud", testAudience)}, errClaimType},
		"entra, an ID token":          {"entra", []edit{entraUser, claim("azp", absent)}, errClaimType},
		"okta, scp a number":          {"okta", []edit{okta, claim("scp", 1)}, errClaimType},
		"a Cognito ID token at auth0": {"auth0", []edit{cognitoID, claim("aud", testAudience)}, errTokenKind},
	} {
		t.Run(name, func(t *testing.T) {
			bed := newBed(t, jwks(key1().jwk()), "PROVIDER="+test.provider, "AUDIENCE=https://api.example xxxxxxxxxxxxexample")
			bed.expect(t, test.want, test.edits...)
		})
	}
}

func TestATokenWithoutAScopeThatTheWholeAPIDemandsIsDenied(t *testing.T) {
	bed := newBed(t, jwks(key1().jwk()), "REQUIRED_SCOPES=read:things get:profile")
	for name, test := range map[string]struct {
		scope          any
		decision, want string
	}{
		"both":               {"get:profile read:things", "allow", "ok"},
		"both in an array":   {[]string{"read:things", "get:profile"}, "allow", "ok"},
		"one":                {"get:profile", "deny", "scope"},
		"none":               {absent, "deny", "scope"},
		"a tab between":      {"get:profile\tread:things", "deny", "scope"},
		"a no-break space":   {"get:profile\u00a0read:things", "deny", "scope"},
		"one that is longer": {"get:profile read:things2", "deny", "scope"},
		"in other case":      {"get:profile Read:Things", "deny", "scope"},
	} {
		t.Run(name, func(t *testing.T) {
			if decision, why := bed.call(t, bearerOf(claim("scope", test.scope))); decision != test.decision || why != test.want {
				t.Errorf("got %s (%s), want %s (%s)", decision, why, test.decision, test.want)
			}
		})
	}
	t.Run("but a bad token stays a bad token", func(t *testing.T) {
		bed.expect(t, errExpired, claim("scope", absent), claim("exp", 1))
	})
}

func TestTheAnswerIsAPolicyForTheWholeStage(t *testing.T) {
	bed := newBed(t, jwks(key1().jwk()))
	answer, err := bed.handle(t.Context(), request{Type: "TOKEN", MethodArn: testArn, AuthorizationToken: bearerOf()})
	if err != nil {
		t.Fatal(err)
	}
	got, _ := json.Marshal(answer)
	want := `{"principalId":"auth0|42","policyDocument":{"Version":"2012-10-17","Statement":[{"Action":["execute-api:Invoke"],"Effect":"Allow","Resource":["` + testStage + `"]}]},` +
		`"context":{"client_id":"client","exp":"1800003600","iss":"https://tenant.example/","scope":"get:profile","sub":"auth0|42"}}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
}

func TestAnEventThatIsNotATokenAuthorizersIsNoFaultOfTheCaller(t *testing.T) {
	bed := newBed(t, jwks(key1().jwk()))
	for name, event := range map[string]request{
		"null":                     {},
		"type REQUEST":             {Type: "REQUEST", MethodArn: testArn, AuthorizationToken: bearerOf()},
		"no methodArn":             {Type: "TOKEN", AuthorizationToken: bearerOf()},
		"methodArn of a function":  {Type: "TOKEN", AuthorizationToken: bearerOf(), MethodArn: "arn:aws:lambda:eu-west-1:123456789012:function:f"},
		"methodArn without stage":  {Type: "TOKEN", AuthorizationToken: bearerOf(), MethodArn: "arn:aws:execute-api:eu-west-1:123456789012:abcdef1234"},
		"methodArn, empty stage":   {Type: "TOKEN", AuthorizationToken: bearerOf(), MethodArn: "arn:aws:execute-api:eu-west-1:123456789012:abcdef1234//GET/"},
		"a wildcard for the API":   {Type: "TOKEN", AuthorizationToken: bearerOf(), MethodArn: "arn:aws:execute-api:eu-west-1:123456789012:*/prod/GET/"},
		"no token, wrong type too": {Type: "", MethodArn: testArn},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := bed.handle(t.Context(), event)
			if err == nil || err.Error() != "internal" {
				t.Errorf("got %v, want internal", err)
			}
		})
	}
}

func TestABugIsAnsweredAsCouldNotCheck(t *testing.T) {
	bed := newBed(t, jwks(key1().jwk()))
	bed.verifier.now = nil // a call panics
	token := mint()
	_, err := bed.handle(t.Context(), request{Type: "TOKEN", MethodArn: testArn, AuthorizationToken: "Bearer " + token})
	if err == nil || err.Error() != "internal" {
		t.Errorf("got %v, want internal", err)
	}
	if log := bed.lines.String(); !strings.Contains(log, `"reason":"internal"`) || strings.Contains(log, strings.Split(token, ".")[2]) {
		t.Errorf("the log line is not as it should be: %s", log)
	}
}
