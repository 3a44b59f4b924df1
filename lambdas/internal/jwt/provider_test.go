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

	entraApp = issued(`{"aud":"https://api.example","azp":"00001111-aaaa","azpacr":"1","idtyp":"app","oid":"aaaaaaaa",
		"roles":["read:items"],"sub":"aaaaaaaa","tid":"aaaabbbb","uti":"x","ver":"2.0"}`)
	adfs = issued(`{"aud":"https://api.example","appid":"9f0e","apptype":"Confidential","authmethod":"urn:x",
		"scp":"openid read:items","sub":"Qk2o","ver":"1.0"}`)
	keycloakUser = issued(`{"typ":"Bearer","azp":"spa","nonce":"0e4f","sub":"7f1f6b80",
		"aud":["https://api.example","account"],"acr":"1","sid":"1c9d","session_state":"1c9d",
		"scope":"openid read:items","realm_access":{"roles":["user"]}}`)
	keycloakMachine = issued(`{"typ":"Bearer","azp":"service","client_id":"service","sub":"8a1b",
		"aud":"https://api.example","clientHost":"127.0.0.1","preferred_username":"service-account-service",
		"scope":"read:items"}`)
	duendeUser = issued(`{"aud":["https://api.example","https://ids.example/resources"],"client_id":"web","sub":"1",
		"auth_time":1,"idp":"local","amr":["pwd"],"sid":"s","jti":"j","nbf":1,"scope":["openid","read:items"]}`)
	duendeMachine = issued(`{"aud":"https://api.example","client_id":"m2m.client","jti":"1D73","nbf":1,
		"scope":["read:items"]}`)
	kindeMachine = issued(`{"aud":["https://api.example"],"azp":"d4d3c5b7","gty":["client_credentials"],"jti":"f95e",
		"scope":"read:items","scp":["read:items"],"v":"2"}`)
	pingMachine = issued(`{"aud":["https://api.example"],"client_id":"3c9b","scope":"read:items","jti":"j"}`)
	uaaRefresh  = issued(`{"aud":["https://api.example","app"],"jti":"1a2b-r","sub":"6a1b","cid":"app","client_id":"app",
		"granted_scopes":["openid","read:items"],"grant_type":"authorization_code","zid":"uaa","rev_sig":"d6"}`)
	forgeRock = issued(`{"aud":"https://api.example","sub":"(usr!demo)","cts":"OAUTH2_STATELESS_GRANT","realm":"/",
		"tokenName":"access_token","token_type":"Bearer","client_id":"app","scope":["openid","read:items"]}`)
	descope = issued(`{"aud":"https://api.example","sub":"U2abc","drn":"DS","amr":["email"],"permissions":["read:items"]}`)

	clerkSession = issued(`{"azp":"https://app.example.com","sub":"user_2x","sid":"sess_2x","sts":"active","fva":[0,-1],
		"v":2,"o":{"id":"org_1","rol":"admin"}}`)
	clerkTemplate = issued(`{"azp":"https://app.example.com","aud":"https://api.example","sub":"user_2x","jti":"j"}`)
	workosSession = issued(`{"sub":"user_01","sid":"session_01","org_id":"org_01","role":"member","jti":"j",
		"permissions":["read:items"]}`)

	workosTemplate = issued(`{"aud":"https://api.example","sub":"user_01","sid":"session_01","jti":"j"}`)

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
		c.Issuers[0].Provider, c.Issuers[0].Audiences = provider, []string{
			"https://api.example", "xxxxxxxxxxxxexample", "https://app.example.com",
		}
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
		"entra, v2":          {"entra", mint(entraUser), "6e74172b-be56-4843-9ff4-e66a39bb12e3", "read:items openid"},
		"entra, v1":          {"entra", mint(entraV1), "b14a7505-96e9-4927-91e8-0601d0fc9caa", "read:items"},
		"okta":               {"okta", mint(okta, withoutType), "nmdP1fcyvdVO11AL7ECm", "openid read:items"},
		"entra, an app":      {"entra", mint(entraApp), "00001111-aaaa", "read:items"},
		"entra, AD FS":       {"entra", mint(adfs), "9f0e", "openid read:items"},
		"keycloak, a user":   {"keycloak", mint(keycloakUser), "spa", "openid read:items"},
		"keycloak, a client": {"keycloak", mint(keycloakMachine), "service", "read:items"},
		"keycloak, client_id, scp": {"keycloak",
			mint(keycloakMachine, claim("azp", absent), claim("scope", absent), claim("scp", "a")), "service", "a"},
		"duende, scopes in scp": {"duende", mint(duendeUser, claim("scope", absent), claim("scp", "a")), "web", "a"},
		"keycloak, RFC 9068":    {"keycloak", mint(keycloakUser, accessToken), "spa", "openid read:items"},
		"duende, a user":        {"duende", mint(duendeUser, accessToken), "web", "openid read:items"},
		"duende, a client":      {"duende", mint(duendeMachine, accessToken), "m2m.client", "read:items"},
		"duende, typ JWT":       {"duende", mint(duendeMachine), "m2m.client", "read:items"},
		"duende, Kinde":         {"duende", mint(kindeMachine), "d4d3c5b7", "read:items"},
		"duende, PingOne":       {"duende", mint(pingMachine, withoutType), "3c9b", "read:items"},
		"auth0, ForgeRock":      {"auth0", mint(forgeRock), "app", "openid read:items"},
		"auth0, Descope":        {"auth0", mint(descope), "", ""},
		"clerk, a session":      {"clerk", mint(clerkSession), "", ""},
		"clerk, a template":     {"clerk", mint(clerkTemplate), "", ""},
		"workos, a template":    {"workos", mint(workosTemplate), "", ""},
		"clerk, rights in a template": {"clerk", mint(clerkTemplate, claim("client_id", "app"), claim("scope", "read:items")),
			"app", "read:items"},
		"clerk, rights in scp": {"clerk", mint(clerkTemplate, claim("scp", "read:items")), "", "read:items"},
		"workos, rights in scope": {"workos", mint(workosTemplate, claim("azp", "app"), claim("scope", "read:items")),
			"app", "read:items"},
		"workos, rights in scp": {"workos", mint(workosTemplate, claim("client_id", "app"), claim("scp", "read:items")),
			"app", "read:items"},
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

func TestClientWithoutSubIsNoSubject(t *testing.T) {
	who, why := newProviderBed(t, "duende").verify(t, mint(duendeMachine, accessToken))
	if why != OK || who.Subject != "" || who.ClientID != "m2m.client" {
		t.Errorf("got %s, subject %q, client %q; want the client m2m.client alone", why, who.Subject, who.ClientID)
	}
	who, why = newProviderBed(t, "duende").verify(t, mint(duendeUser, accessToken))
	if why != OK || who.Subject != "1" {
		t.Errorf("got %s, subject %q; want the user", why, who.Subject)
	}
}

func TestTokenWithoutSubAndClientIsRefusedIfClientsNeedNoName(t *testing.T) {
	bed := newBed(t, keySet(key1().JWK()), withIssuer(func(i *Issuer) { i.Provider.special = noSubject }))
	bed.expect(t, OK, rows{"a client": mint(claim("sub", absent))})
	bed.expect(t, ErrClaimType, rows{"neither": mint(claim("sub", absent), claim("azp", absent))})
}

func TestIssuerOfWorkOSNamesTheClient(t *testing.T) {
	const iss = "https://api.workos.com/user_management/client_01AB"
	bed := newBed(t, keySet(key1().JWK()), withIssuer(func(i *Issuer) {
		i.Name, i.Audiences = iss, []string{"client_01AB"}
		i.Provider, _ = ProviderNamed("workos")
	}))
	token := func(edits ...edit) string { return mint(append([]edit{workosSession, claim("iss", iss)}, edits...)...) }
	bed.expect(t, OK, rows{"no aud": token(), "aud of the client": token(claim("aud", "client_01AB"))})
	bed.expect(t, ErrAudience, rows{
		"another aud": token(claim("aud", "client_02")), "aud null": token(claim("aud", nil)),
	})
	bed.expect(t, ErrIssuer, rows{"another client": token(claim("iss", iss+"2"))})
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
		"auth0": auth0User, "cognito": cognitoUser, "entra": entraUser, "okta": okta, "keycloak": keycloakUser,
		"duende": duendeUser, "workos": workosTemplate,
	} {
		newProviderBed(t, provider).expect(t, OK, rows{
			provider + ", typ JWT":                mint(token, withHeader("typ", "JWT")),
			provider + ", typ application/at+jwt": mint(token, withHeader("typ", "application/at+jwt")),
			provider + ", typ at+jwt":             mint(token, accessToken),
			provider + ", no typ":                 mint(token, withoutType),
		})
	}
	newProviderBed(t, "clerk").expect(t, OK, rows{
		"clerk, typ JWT": mint(clerkSession), "clerk, typ at+jwt": mint(clerkSession, accessToken),
	})
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
		"rfc9068: without an audience": {"rfc9068", ErrAudience, rows{
			"no aud": mint(rfc9068, accessToken, claim("aud", absent)),
		}},
		"entra: without an audience":    {"entra", ErrAudience, rows{"no aud": mint(entraUser, claim("aud", absent))}},
		"okta: without an audience":     {"okta", ErrAudience, rows{"no aud": mint(okta, claim("aud", absent))}},
		"keycloak: without an audience": {"keycloak", ErrAudience, rows{"no aud": mint(keycloakUser, claim("aud", absent))}},
		"duende: without an audience":   {"duende", ErrAudience, rows{"no aud": mint(duendeUser, claim("aud", absent))}},
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
		"keycloak: no access token": {"keycloak", ErrTokenKind, rows{
			"an ID token":       mint(keycloakUser, claim("typ", "ID")),
			"a refresh token":   mint(keycloakUser, claim("typ", "Refresh")),
			"an offline token":  mint(keycloakUser, claim("typ", "Offline")),
			"a logout token":    mint(keycloakUser, claim("typ", "Logout"), withHeader("typ", "logout+jwt")),
			"bound by DPoP":     mint(keycloakUser, claim("typ", "DPoP")),
			"typ in other case": mint(keycloakUser, claim("typ", "bearer")),
			"typ in an array":   mint(keycloakUser, claim("typ", []string{"Bearer"})),
			"without typ":       mint(keycloakUser, claim("typ", absent)),
			"with at_hash":      mint(keycloakUser, claim("at_hash", "h")),
		}},
		"auth0: a token of Keycloak with nonce": {"auth0", ErrTokenKind, rows{"a user": mint(keycloakUser)}},
		"duende: a token without a name": {"duende", ErrClaimType, rows{
			"no sub, no client":    mint(duendeMachine, accessToken, claim("client_id", absent)),
			"sub empty":            mint(duendeMachine, accessToken, claim("sub", "")),
			"sub null":             mint(duendeMachine, accessToken, claim("sub", nil)),
			"sub a number":         mint(duendeMachine, accessToken, claim("sub", 1)),
			"client_id a number":   mint(duendeMachine, accessToken, claim("client_id", 1)),
			"an ID token, no mark": mint(duendeUser, claim("client_id", absent)),
		}},
		"duende: another type": {"duende", ErrTokenKind, rows{
			"a logout token": mint(duendeUser, withHeader("typ", "logout+jwt"), claim("events", members{})),
			"an ID token":    mint(duendeUser, claim("nonce", "n")),
		}},
		"auth0: another token, as a claim says": {"auth0", ErrTokenKind, rows{
			"Keycloak, ID token":       mint(keycloakUser, claim("nonce", absent), claim("typ", "ID")),
			"Keycloak, refresh token":  mint(keycloakUser, claim("nonce", absent), claim("typ", "Refresh")),
			"Keycloak, offline token":  mint(keycloakUser, claim("nonce", absent), claim("typ", "Offline")),
			"Keycloak, logout token":   mint(keycloakUser, claim("nonce", absent), claim("typ", "Logout")),
			"UAA, refresh token":       mint(uaaRefresh),
			"ForgeRock, refresh token": mint(forgeRock, claim("tokenName", "refresh_token")),
			"ForgeRock, ID token":      mint(forgeRock, claim("tokenName", "id_token")),
			"Descope, refresh token":   mint(descope, claim("drn", "DSR")),
		}},
		"every other provider: a refresh token": {"entra", ErrTokenKind, rows{
			"Keycloak": mint(entraUser, claim("typ", "Refresh")), "UAA": mint(entraUser, claim("granted_scopes", []string{})),
		}},
		"auth0: a client without sub": {"auth0", ErrClaimType, rows{"of Duende": mint(duendeMachine, accessToken)}},
		"clerk: for another front end": {"clerk", ErrAudience, rows{
			"another origin": mint(clerkSession, claim("azp", "https://evil.example.com")),
			"no azp":         mint(clerkSession, claim("azp", absent)),
			"another aud":    mint(clerkTemplate, claim("aud", "https://other.example")),
			"aud alone":      mint(clerkTemplate, claim("azp", absent)),
		}},
		"clerk: no access token": {"clerk", ErrTokenKind, rows{
			"pending": mint(clerkSession, claim("sts", "pending")),
			"no typ":  mint(clerkSession, withoutType),
		}},
		"workos: not for this API": {"workos", ErrAudience, rows{
			"iss without a client, no aud": mint(workosSession),
			"another aud":                  mint(workosSession, claim("aud", "https://other.example")),
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
