package jwt

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"accountapi/lambdas/internal/principal"
	"accountapi/lambdas/internal/tokentest"
)

// issued are the claims of a token, as JSON, with the test's issuer and times.
func issued(text string) edit {
	claims := members{}
	if err := json.Unmarshal([]byte(text), &claims); err != nil {
		panic(err)
	}
	return func(d *tokentest.Draft) {
		tokentest.Claims(claims)(d)
		claim("iss", testIssuer)(d)
		claim("iat", tokentest.Now.Unix()-10)(d)
		claim("exp", tokentest.Now.Unix()+3600)(d)
	}
}

// Access tokens as each provider issues them, taken from their documentation.
var (
	auth0User = issued(`{"sub":"auth0|5f7c8ec7c33c6c004bbafe82","azp":"my_client_id","gty":"password",
		"aud":["https://api.example","https://tenant.example/userinfo"],"scope":"openid profile read:items"}`)
	auth0Machine = issued(`{"sub":"my_client_id@clients","azp":"my_client_id","gty":"client-credentials",
		"aud":"https://api.example","scope":"read:items"}`)
	rfc9068 = issued(`{"sub":"5ba552d67","aud":"https://api.example","client_id":"s6BhdRkqt3_",
		"jti":"dbe39bf3a3ba4238a513f51d6e1691c4","scope":"read:items openid"}`)
	cognitoUser = issued(`{"sub":"aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee","cognito:groups":["admin"],
		"client_id":"xxxxxxxxxxxxexample","origin_jti":"a","event_id":"b","token_use":"access","scope":"read:items",
		"auth_time":1676312777,"jti":"c","username":"my-test-user","version":2}`)
	cognitoMachine = issued(`{"sub":"xxxxxxxxxxxxexample","token_use":"access","scope":"res/read:items",
		"auth_time":1,"jti":"c","client_id":"xxxxxxxxxxxxexample","version":2}`)
	cognitoID = issued(`{"sub":"aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee","aud":"xxxxxxxxxxxxexample","token_use":"id",
		"auth_time":1,"cognito:username":"u","email":"u@example.com"}`)
	entraUser = issued(`{"aud":"https://api.example","nbf":1,"acct":0,"acr":"1","aio":"x","amr":["pwd"],
		"azp":"6e74172b-be56-4843-9ff4-e66a39bb12e3","azpacr":"0","name":"Abe","oid":"690222be",
		"preferred_username":"abe@example.com","rh":"I","scp":"read:items openid",
		"sub":"HKZpfaHyWadeOouYlitjrI-KffTm222X5rrV3xDqfKQ","tid":"72f988bf","uti":"f","ver":"2.0"}`)
	entraV1 = issued(`{"aud":"https://api.example","nbf":1,"appid":"b14a7505-96e9-4927-91e8-0601d0fc9caa",
		"appidacr":"0","scp":"read:items","sub":"x","ver":"1.0"}`)
	okta = issued(`{"ver":1,"jti":"AT.0mP4JKAZX1iACIT4vbEDF7LpvDVjxypPMf0D7uX39RE","aud":"https://api.example",
		"cid":"nmdP1fcyvdVO11AL7ECm","uid":"00ujmkLgagxeRrAg20g3","scp":["openid","read:items"],
		"sub":"jimi@example.com"}`)

	accessToken = withHeader("typ", "at+jwt")
	withoutType = withHeader("typ", absent)
)

// newProviderBed is a bed for the tokens above.
func newProviderBed(t *testing.T, name string) *bed {
	t.Helper()
	provider, ok := ProviderNamed(name)
	if !ok {
		t.Fatalf("there is no provider %s", name)
	}
	return newBed(t, keySet(key1().JWK(members{"alg": nil})), func(c *Config) {
		c.Issuers[0].Provider, c.Issuers[0].Audiences = provider, []string{"https://api.example", "xxxxxxxxxxxxexample"}
	})
}

func TestAccessTokensOfEveryProviderAreAccepted(t *testing.T) {
	for name, test := range map[string]struct {
		provider string
		token    string
		clientID string
		scope    string
	}{
		"auth0, a user":    {"auth0", mint(auth0User), "my_client_id", "openid profile read:items"},
		"auth0, a machine": {"auth0", mint(auth0Machine), "my_client_id", "read:items"},
		"auth0, RFC 9068":  {"auth0", mint(rfc9068, accessToken), "s6BhdRkqt3_", "read:items openid"},
		"auth0, scopes in scp": {"auth0", mint(auth0User, claim("scope", absent), claim("scp", "read:items")),
			"my_client_id", "read:items"},
		"auth0, two of each": {"auth0", mint(auth0User, claim("client_id", "first"), claim("scp", "x")),
			"first", "openid profile read:items"},
		"rfc9068":            {"rfc9068", mint(rfc9068, accessToken), "s6BhdRkqt3_", "read:items openid"},
		"cognito, a user":    {"cognito", mint(cognitoUser, withoutType), "xxxxxxxxxxxxexample", "read:items"},
		"cognito, a machine": {"cognito", mint(cognitoMachine, withoutType), "xxxxxxxxxxxxexample", "res/read:items"},
		"cognito, a resource": {"cognito", mint(cognitoUser, claim("aud", testAudience)),
			"xxxxxxxxxxxxexample", "read:items"},
		"entra, v2": {"entra", mint(entraUser), "6e74172b-be56-4843-9ff4-e66a39bb12e3", "read:items openid"},
		"entra, v1": {"entra", mint(entraV1), "b14a7505-96e9-4927-91e8-0601d0fc9caa", "read:items"},
		"okta":      {"okta", mint(okta, withoutType), "nmdP1fcyvdVO11AL7ECm", "openid read:items"},
		"rfc9068, long typ": {"rfc9068", mint(rfc9068, withHeader("typ", "application/at+jwt")),
			"s6BhdRkqt3_", "read:items openid"},
		"cognito, names of JWKS members": {"cognito", mint(cognitoUser, claim("keys", []int{}), claim("kty", "x")),
			"xxxxxxxxxxxxexample", "read:items"},
	} {
		t.Run(name, func(t *testing.T) {
			who, why := newProviderBed(t, test.provider).verify(t, test.token)
			if why != OK || who.ClientID != test.clientID || !slices.Equal(who.Scopes, strings.Fields(test.scope)) {
				t.Errorf("got %s, client %q, scopes %q; want client %q, scopes %q",
					why, who.ClientID, who.Scopes, test.clientID, test.scope)
			}
		})
	}
}

func TestPrincipalIsWhatTheTokenSays(t *testing.T) {
	who, why := newBed(t, tokentest.EveryKey()).verify(t, mint())
	want := principal.Principal{
		Subject: "auth0|42", ClientID: "client", Scopes: []string{"read:items"},
		Issuer: "https://tenant.example/", Expiry: time.Unix(1_800_003_600, 0), Until: time.Unix(1_800_003_630, 0),
	}
	if why != OK || who.Subject != want.Subject || who.ClientID != want.ClientID || who.Issuer != want.Issuer ||
		!slices.Equal(who.Scopes, want.Scopes) || !who.Expiry.Equal(want.Expiry) || !who.Until.Equal(want.Until) {
		t.Errorf("got %+v (%s), want %+v", who, why, want)
	}
}

func TestTypesOfEveryProviderAreAccepted(t *testing.T) {
	for provider, token := range map[string]edit{
		"auth0": auth0User, "cognito": cognitoUser, "entra": entraUser, "okta": okta,
	} {
		newProviderBed(t, provider).expect(t, OK, rows{
			provider + ", typ JWT":                mint(token, withHeader("typ", "JWT")),
			provider + ", typ application/at+jwt": mint(token, withHeader("typ", "application/at+jwt")),
			provider + ", typ at+jwt":             mint(token, accessToken),
			provider + ", no typ":                 mint(token, withoutType),
		})
	}
}

func TestSubjectIsTakenByteForByte(t *testing.T) {
	const subject = " Auth0|\u00e9\u0065\u0301\t "
	who, why := newBed(t, tokentest.EveryKey()).verify(t, mint(claim("sub", subject)))
	if why != OK || who.Subject != subject {
		t.Errorf("got %s, %q; want %q", why, who.Subject, subject)
	}
}

func TestTokenWithoutClientAndScopeNamesNone(t *testing.T) {
	who, why := newBed(t, tokentest.EveryKey()).verify(t, mint(claim("azp", absent), claim("scope", absent)))
	if why != OK || who.ClientID != "" || len(who.Scopes) != 0 {
		t.Errorf("got %s, client %q, scopes %q; want neither", why, who.ClientID, who.Scopes)
	}
}

func TestOtherTokensOfAProviderAreRefused(t *testing.T) {
	for name, test := range map[string]struct {
		provider string
		want     Reason
		tokens   rows
	}{
		"rfc9068: not of its type": {"rfc9068", ErrTokenKind, rows{
			"typ JWT": mint(rfc9068),
			"no typ":  mint(rfc9068, withoutType),
		}},
		"rfc9068: without a required claim": {"rfc9068", ErrClaimType, rows{
			"client_id": mint(rfc9068, accessToken, claim("client_id", absent)),
			"jti":       mint(rfc9068, accessToken, claim("jti", absent)),
			"iat":       mint(rfc9068, accessToken, claim("iat", absent)),
		}},
		"cognito: no access token": {"cognito", ErrTokenKind, rows{
			"an ID token":      mint(cognitoID),
			"no token_use":     mint(cognitoUser, claim("token_use", absent)),
			"token_use a list": mint(cognitoUser, claim("token_use", []string{"access"})),
		}},
		"cognito: for another client": {"cognito", ErrAudience, rows{
			"another client":   mint(cognitoUser, claim("client_id", "stranger")),
			"no client":        mint(cognitoUser, claim("client_id", absent)),
			"another resource": mint(cognitoUser, claim("aud", "https://other.example")),
			"aud null":         mint(cognitoUser, claim("aud", nil)),
		}},
		"auth0: no access token": {"auth0", ErrTokenKind, rows{
			"an ID token":         mint(auth0User, claim("aud", "my_client_id"), claim("nonce", "n")),
			"a Cognito ID token":  mint(cognitoID, claim("aud", testAudience)),
			"an ID token for API": mint(auth0User, claim("nonce", "n")),
		}},
		"entra: for another API": {"entra", ErrAudience, rows{
			"Microsoft Graph": mint(entraUser, claim("aud", "00000003-0000-0000-c000-000000000000")),
		}},
		"entra: without a client": {"entra", ErrClaimType, rows{
			"an ID token": mint(entraUser, claim("azp", absent)),
		}},
		"okta: of the org authorization server": {"okta", ErrIssuer, rows{
			"without a path": mint(okta, claim("iss", "https://tenant.example")),
		}},
		"okta: a wrong type": {"okta", ErrClaimType, rows{
			"an ID token":  mint(okta, claim("cid", absent), claim("aud", testAudience)),
			"scp a number": mint(okta, claim("scp", 1)),
		}},
	} {
		t.Run(name, func(t *testing.T) { newProviderBed(t, test.provider).expect(t, test.want, test.tokens) })
	}
}
