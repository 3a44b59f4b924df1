package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"accountapi/test/internal/internet"
	"accountapi/test/issuer"
)

// reported returns a token with these claims, as JSON, and none of the issuer's own: one
// from a public report, signed with the issuer's key.
func reported(i *issuer.Issuer, iss, claims string) string {
	all := map[string]any{"iss": iss, "iat": time.Now().Unix() - 5, "exp": time.Now().Unix() + 600, "aud": audience}
	more := map[string]any{}
	if err := json.Unmarshal([]byte(claims), &more); err != nil {
		panic(err)
	}
	maps.Copy(all, more)
	payload, _ := json.Marshal(all)
	header := map[string]any{}
	first, _, _ := strings.Cut(i.Token(), ".")
	maps.Copy(header, decode(first+"..").header)
	text, _ := json.Marshal(header)
	return i.Sign(text, payload)
}

// What the doctor says about genuine tokens in public reports. With the settings that a
// fix names, the second call must be ready.
func TestTokensInPublicReportsAreExplained(t *testing.T) {
	const (
		kinde = "https://shop.kinde.com"
		ping  = "https://auth.pingone.eu/1b2c/as"
		b2c   = "https://contoso.b2clogin.com/c64a4f7d-3091-4c73-a722-a3f0694caaaa/v2.0/"
		realm = "https://id.example.com/realms/shop"
		uaa   = "http://uaa.example.com/oauth/token"
		plain = "https://other.example.com/"
		clerk = "https://clerk.example.com"
		trust = "http://adfs.example.com/adfs/services/trust"
		pool  = "https://cognito-idp.eu-west-1.amazonaws.com/pool"
		noSub = "!! provider   without the provider duende, the authorizer refuses the token: there is no sub"
	)
	keys := newIssuer(t, "https://keys.example.com/")
	env := internet.Serve(t, map[string]http.Handler{"keys.example.com": discoverable("/none", "/keys", nil, keys.JWKS())})
	for name, test := range map[string]struct {
		iss, settings, claims string
		says, fix, ready      string // ready are more arguments with which the token is accepted
	}{
		"Kinde, client": {kinde, "", `{"azp":"c","gty":["client_credentials"],"scope":"read:things","jti":"j"}`,
			noSub + ", which tokens of clients do not have at Kinde", "add PROVIDER=duende", "-provider duende"},
		"PingOne, client": {ping, "", `{"client_id":"c","scope":"read:things","jti":"j"}`,
			noSub + ", which tokens of clients do not have at PingOne", "add PROVIDER=duende", "-provider duende"},
		"another issuer, client": {plain, "", `{"client_id":"c","scope":"read:things","jti":"j"}`,
			"there is no sub, as in tokens of clients at some issuers",
			"configure the issuer to put it into its access tokens, or, if it is the token of a client, add PROVIDER=duende",
			"-provider duende"},
		"B2C, user": {b2c, "", `{"sub":"s","azp":"c","scp":"read:things","tfp":"B2C_1_signin","ver":"1.0"}`,
			"the issuer's URL is one of Azure AD B2C, and the default is auth0", "add PROVIDER=entra", "-provider entra"},
		"B2C, user with nonce": {b2c, "-provider entra",
			`{"sub":"s","azp":"c","scp":"read:things","tfp":"B2C_1_signin","nonce":"n"}`,
			"it has the claim nonce, which marks an ID token, although some issuers put it into access tokens too",
			"send the access_token of the issuer's response, not the id_token; " +
				"if it is the access_token, have the client log in without a nonce", ""},
		"B2C, ID token": {b2c, "-provider entra", `{"sub":"s","tfp":"B2C_1_signin","ver":"1.0"}`,
			"there is no azp or appid", "send the access_token of the issuer's response, not the id_token\n", ""},
		"Keycloak, lightweight": {realm, "-provider keycloak", `{"typ":"Bearer","azp":"spa","scope":"read:things"}`,
			"there is no sub", "add the client scope basic to the client", ""},
		"Keycloak, DPoP": {realm, "-provider keycloak", `{"sub":"s","typ":"DPoP","azp":"spa","cnf":{"jkt":"x"}}`,
			"it is bound to a key of its holder", "request a token that is not bound to a key", ""},
		"AD FS, user without sub": {trust, "", `{"upn":"u@x","appid":"c","apptype":"Public","scp":"openid","ver":"1.0"}`,
			"there is no sub", "add a rule that issues the claim sub", ""},
		"AD FS, ID token without nonce": {trust, "",
			`{"iss":"https://adfs.example.com/adfs","sub":"s","appid":"c","apptype":"Public","scp":"openid"}`,
			"and this is an ID token, as its claim iss shows", "send the access_token", ""},
		"UAA, refresh token": {uaa, "", `{"sub":"s","cid":"c","client_id":"c","granted_scopes":["x"],"zid":"uaa"}`,
			"it is a refresh token, as its claim granted_scopes shows", "send the access_token", ""},
		"ForgeRock, refresh token": {plain, "", `{"sub":"s","tokenName":"refresh_token","scope":["read:things"]}`,
			`it is a refresh token, because its claim tokenName is "refresh_token"`, "send the access_token", ""},
		"Descope, refresh token": {plain, "", `{"sub":"s","drn":"DSR"}`,
			`it is a refresh token, because its claim drn is "DSR"`, "send the access_token", ""},
		"Cognito, another resource": {pool, "-provider cognito -audience c",
			`{"sub":"s","aud":"https://other.example.com","client_id":"c","token_use":"access","scope":"read:things"}`,
			`!! aud        the token is for "https://other.example.com", this API is "c": it is for another API`,
			"use AUDIENCE='c https://other.example.com' if that is this API",
			"-provider cognito -audience c,https://other.example.com"},
		"Cognito, scope of a resource server": {pool, "-provider cognito -audience c",
			`{"sub":"s","aud":"c","client_id":"c","token_use":"access","scope":"api/read:things"}`,
			"!! scope      GET /things answers 403", "Cognito names a custom scope IDENTIFIER/NAME", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := fmt.Sprintf("%s%s -jwks-uri https://keys.example.com/keys ", forAPI, test.iss)
			c := call{args: args + test.settings, token: reported(keys, test.iss, test.claims), env: env}
			c.expectMistake(t, test.says, test.fix)
			if c.args = args + test.ready; test.ready != "" {
				c.expect(t, 0, "\nready to deploy:\n")
			}
		})
	}
	for name, test := range map[string]struct{ iss, claims, without string }{
		"Clerk, aud in a template": {clerk, `{"sub":"user_2","azp":"https://app.example","scope":"read:things"}`, "clerk"},
		"Clerk, machine":           {clerk, `{"sub":"mch_1","jti":"mt_1","scope":"read:things"}`, "clerk"},
		"ForgeRock":                {plain, `{"sub":"s","client_id":"c","jti":"j","scope":["read:things"]}`, "Duende"},
		"Kinde, user":              {kinde, `{"sub":"kp_1","azp":"c","gty":["refresh_token"],"scp":["read:things"]}`, "Auth0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := fmt.Sprintf("%s%s -jwks-uri https://keys.example.com/keys", forAPI, test.iss)
			output, code := call{args: args, token: reported(keys, test.iss, test.claims), env: env}.run(t)
			if code != 0 || strings.Contains(output, test.without) && test.without != "clerk" ||
				strings.Contains(output, "PROVIDER="+test.without) {
				t.Errorf("exit code %d, want 0 without advice about %s\n%s", code, test.without, output)
			}
		})
	}
}
