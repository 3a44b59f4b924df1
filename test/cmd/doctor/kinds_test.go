package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"accountapi/test/internal/internet"
	"accountapi/test/issuer"
)

// discoverable serves a discovery document with these members at path, and keys at
// keysPath.
func discoverable(path, keysPath string, members map[string]string, keys []byte) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc(path+"/.well-known/openid-configuration", func(w http.ResponseWriter, r *http.Request) {
		document := map[string]string{"jwks_uri": "https://" + r.Host + keysPath}
		for name, value := range members {
			document[name] = value
		}
		json.NewEncoder(w).Encode(document)
	})
	mux.HandleFunc(keysPath, func(w http.ResponseWriter, r *http.Request) { w.Write(keys) })
	return mux
}

// startProvider starts an issuer that imitates a provider, and returns arguments that trust
// it for the things API, with the default preset.
func startProvider(t *testing.T, provider string) (server *issuer.Server, args string) {
	t.Helper()
	server, err := issuer.Start("127.0.0.1:0", issuer.Config{Provider: provider})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	return server, "-assembly " + thingsAPI + " -audience " + server.Audience() + " -issuer " + server.URL()
}

// presetOf returns the flag with the preset of a provider. For AD FS, the default fits.
func presetOf(provider string) string {
	if provider == "adfs" {
		return ""
	}
	return " -provider " + provider
}

func TestTokensOfEachProviderAreReadyWithItsSettings(t *testing.T) {
	for _, provider := range issuer.Providers() {
		if provider == "workos" {
			continue // its rights are in permissions: see TestRightsInOtherClaimsAreFound
		}
		server, args := startProvider(t, provider)
		for _, kind := range server.Kinds() {
			if kind != "user" && kind != "client" {
				continue
			}
			t.Run(provider+", "+string(kind), func(t *testing.T) {
				t.Parallel()
				call{args: args + presetOf(provider), token: server.Token(kind)}.
					expect(t, 0, `ok scope      "read:things" opens GET /things`)
			})
		}
	}
}

func TestOtherTokensOfEachProviderAreExplained(t *testing.T) {
	const access, notRefresh = "send the access_token of the issuer's response", "not the refresh_token"
	const typ = `typ in its header is "logout+jwt": an access token does not have this typ`
	const isRefresh = `it is a refresh token, because its claim typ is "Refresh"`
	for name, test := range map[string]struct {
		provider  string
		kind      issuer.Kind
		says, fix string
	}{
		"Auth0, ID token":             {"auth0", "id", "it has the claim nonce, which marks an ID token", access},
		"Cognito, ID token":           {"cognito", "id", `it is an ID token, because its claim token_use is "id"`, access},
		"Cognito, refresh token":      {"cognito", "refresh", "the refresh tokens of Cognito are such tokens", notRefresh},
		"Entra, ID token":             {"entra", "id", "it has the claim nonce", access},
		"Okta, ID token":              {"okta", "id", "it has the claim nonce", access},
		"Keycloak, ID token":          {"keycloak", "id", `its claim typ is "ID"`, access},
		"Keycloak, refresh token":     {"keycloak", "refresh", isRefresh, notRefresh},
		"Keycloak, old refresh token": {"keycloak", "old-refresh", `its claim typ is "Refresh"`, access},
		"Keycloak, logout token":      {"keycloak", "logout", typ, "send an access token"},
		"Clerk, pending session":      {"clerk", "pending", `its claim sts is "pending"`, "complete the sign-in"},
		"Duende, ID token":            {"duende", "id", "it has the claim nonce", access},
		"WorkOS, ID token":            {"workos", "id", "it has the claim nonce", access},
		"AD FS, ID token":             {"adfs", "id", "and this is an ID token, as its claim nonce shows", access},
		"RFC 9068, ID token":          {"rfc9068", "id", `typ in its header is "JWT"`, access},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, args := startProvider(t, test.provider)
			call{args: args + presetOf(test.provider), token: server.Token(test.kind)}.
				expect(t, 1, "!! ", test.says, "fix: ", test.fix, "Fix this first: ")
		})
	}
}

func TestProviderIsProposedWhereTheTokenNeedsIt(t *testing.T) {
	const refuses = ", the authorizer refuses the token: "
	for name, test := range map[string]struct {
		provider  string
		kind      issuer.Kind
		code      int
		says, fix string
	}{
		"Keycloak, nonce":         {"keycloak", "user", 1, refuses + "it has the claim nonce, which Keycloak", "keycloak"},
		"Keycloak, no nonce":      {"keycloak", "client", 0, "?? provider   the issuer's URL is one of Keycloak", "keycloak"},
		"Duende, no sub":          {"duende", "client", 1, refuses + "there is no sub", "duende"},
		"Duende, a user":          {"duende", "user", 0, "?? provider   the token looks like one of Duende", "duende"},
		"Clerk":                   {"clerk", "user", 1, "the token looks like one of Clerk", "clerk"},
		"WorkOS":                  {"workos", "user", 1, "the issuer's URL is one of WorkOS", "workos"},
		"Cognito":                 {"cognito", "user", 1, "the token looks like one of Cognito", "cognito"},
		"Entra, app permissions":  {"entra", "client", 1, `has the scopes "", and with it "read:things"`, "entra"},
		"Okta, on another domain": {"okta", "user", 0, "?? provider   the token looks like one of Okta", "okta"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, args := startProvider(t, test.provider)
			call{args: args, token: server.Token(test.kind)}.expect(t, test.code, test.says, "add PROVIDER="+test.fix)
		})
	}
}

func TestProviderWithWhichTheTokenGetsLessFarIsNotProposed(t *testing.T) {
	server, args := startProvider(t, "keycloak")
	token := server.Token(issuer.Kind("client"), issuer.Without("typ")) // the preset requires it
	output, code := call{args: args, token: token}.run(t)
	if _, conclusion, _ := strings.Cut(output, "\nready to run"); code != 0 || strings.Contains(conclusion, "PROVIDER") {
		t.Errorf("exit code %d, want 0 and no provider at the end\n%s", code, output)
	}
}

func TestScopesAreReadFromTheClaimsOfTheProvider(t *testing.T) {
	for _, test := range []struct{ provider, kind, claim string }{
		{"auth0", "user", "scope"},
		{"rfc9068", "user", "scope"},
		{"cognito", "user", "scope"},
		{"entra", "user", "scp"},
		{"entra", "client", "roles"},
		{"okta", "user", "scp"},
		{"keycloak", "user", "scope"},
		{"duende", "client", "scope"},
		{"clerk", "user", "scope"},
		{"workos", "user", ""}, // permissions, by setting
	} {
		server, _ := startProvider(t, test.provider)
		d := &doctor{use: trusted{Provider: test.provider}, token: decode(server.Token(issuer.Kind(test.kind)))}
		if got := d.readClaim(); got != test.claim {
			t.Errorf("%s, %s: the scopes are read from %q, want %q", test.provider, test.kind, got, test.claim)
		}
	}
}

// The name of an issuer in its tokens may differ from its URL and from its discovery
// document. The fix is applied in each row: the second call must be ready.
func TestIssuerIsCorrectedToTheOneInTheToken(t *testing.T) {
	const (
		trust  = "http://adfs.example.com/adfs/services/trust"
		adfs   = "https://adfs.example.com/adfs"
		fusion = "https://fusion.example.com"
		name   = "acme.example"
		uaa    = "http://uaa.example.com/oauth/token"
	)
	keys := newIssuer(t, "https://keys.example.com/")
	env := internet.Serve(t, map[string]http.Handler{
		"adfs.example.com": discoverable("/adfs", "/adfs/discovery/keys",
			map[string]string{"issuer": adfs, "access_token_issuer": trust}, keys.JWKS()),
		"fusion.example.com": discoverable("", "/.well-known/jwks.json", map[string]string{"issuer": name}, keys.JWKS()),
		"uaa.example.com":    discoverable("", "/token_keys", map[string]string{"issuer": uaa}, keys.JWKS()),
		"moved.example.com": discoverable("", "/keys",
			map[string]string{"issuer": "https://old.example.com/"}, keys.JWKS()),
	})
	token := func(iss string) string { return keys.Token(issuer.Claim("iss", iss), issuer.Subject("ada")) }
	const adfsKeys = " -jwks-uri https://adfs.example.com/adfs/discovery/keys"
	const fusionKeys = " -jwks-uri https://fusion.example.com/.well-known/jwks.json"
	const uaaKeys = " -jwks-uri https://uaa.example.com/token_keys"
	const named = "which its discovery document names"
	const movedKeys = " -jwks-uri https://moved.example.com/keys"
	for row, test := range map[string]struct{ given, token, says, right, ready string }{
		"AD FS":                {adfs, token(trust), named, trust, trust + adfsKeys},
		"AD FS, no token":      {adfs, "", "access_token_issuer in its discovery document", trust, trust + adfsKeys},
		"AD FS, keys given":    {adfs + adfsKeys, token(trust), named, trust, trust + adfsKeys},
		"FusionAuth":           {fusion, token(name), named, name, name + fusionKeys},
		"FusionAuth, no token": {fusion, "", "its discovery document has", name, name + fusionKeys},
		"UAA":                  {"https://uaa.example.com", token(uaa), "its discovery document", uaa, uaa + uaaKeys},
		"another name": {"https://moved.example.com/" + movedKeys, token("https://new.example.com/"),
			"which is signed with the keys of this issuer", "https://new.example.com/", "https://new.example.com/" + movedKeys},
	} {
		t.Run(row, func(t *testing.T) {
			t.Parallel()
			call{args: forAPI + test.given, token: test.token, env: env}.expect(t, 1,
				"!! issuer ", test.says, "fix: use ISSUER="+test.right, "  make deploy ISSUER="+test.right+" ")
			call{args: forAPI + test.ready, token: test.token, env: env}.expect(t, 0, "\nready to deploy:\n")
		})
	}
	const theirs = `the iss of the tokens counts, so keep "https://moved.example.com/"`
	call{args: forAPI + "https://moved.example.com/" + movedKeys, token: token("https://moved.example.com/"), env: env}.
		expect(t, 0, `"https://moved.example.com/" is exactly the iss of the token`, theirs)
}

func TestTenantOfEntraIsNotReplacedByAnotherWithTheSameKeys(t *testing.T) {
	const host, ours = "https://login.microsoftonline.com/", "11111111-2222-3333-4444-555555555555"
	const other = "66666666-2222-3333-4444-555555555555"
	keys := newIssuer(t, "https://keys.example.com/")
	env := internet.Serve(t, map[string]http.Handler{
		"login.microsoftonline.com": discoverable("/"+ours+"/v2.0", "/"+ours+"/discovery/v2.0/keys",
			map[string]string{"issuer": host + ours + "/v2.0"}, keys.JWKS()),
	})
	token := func(iss string) string { return keys.Token(issuer.Claim("iss", iss)) }
	args := forAPI + host + ours + "/v2.0 -provider entra"
	call{args: args, token: token(host + other + "/v2.0"), env: env}.expectMistake(t,
		"!! iss ", "use ISSUER="+host+other+"/v2.0 if that is the issuer you mean")
	call{args: args, token: token("https://sts.windows.net/" + ours + "/"), env: env}.expectMistake(t,
		"which is signed with the keys of this issuer", "use ISSUER=https://sts.windows.net/"+ours+"/")
}

func TestKindIsShownByTheNameOfTheIssuer(t *testing.T) {
	for issuer, want := range map[string]string{
		"https://tenant.eu.auth0.com/":                       "Auth0",
		"https://cognito-idp.eu-west-1.amazonaws.com/pool":   "Cognito",
		"https://login.microsoftonline.com/t/v2.0":           "Entra",
		"https://contoso.ciamlogin.com/t/v2.0":               "Entra",
		"https://sts.windows.net/t/":                         "Entra",
		"https://org.okta.com/oauth2/default":                "Okta",
		"https://id.example.com/realms/shop":                 "Keycloak",
		"https://id.example.com/auth/realms/shop":            "Keycloak",
		"https://clerk.example.com":                          "Clerk",
		"https://site-1.clerk.accounts.dev":                  "Clerk",
		"https://api.workos.com":                             "WorkOS",
		"https://auth.example.com/user_management/client_01": "WorkOS",
		"http://adfs.example.com/adfs/services/trust":        "AD FS",
		"https://adfs.example.com/adfs":                      "AD FS",
		"https://uaa.example.com/oauth/token":                "UAA",
		"https://acme.fusionauth.io":                         "FusionAuth",
		"https://demo.duendesoftware.com":                    "Duende IdentityServer",
		"https://id.example.com/":                            "the issuer",
		"acme.example":                                       "the issuer",
	} {
		if k, _ := kindOfIssuer(issuer); k.name != want {
			t.Errorf("%s: got %s, want %s", issuer, k.name, want)
		}
	}
}

// Advice of one provider must not be given to users of another.
func TestAdviceIsThatOfTheProvider(t *testing.T) {
	for _, of := range append(kinds, unknownKind) {
		texts := reflect.ValueOf(of)
		for _, field := range []string{"request", "grant", "signing", "opaque"} {
			text := texts.FieldByName(field).String()
			if text == "" {
				t.Errorf("%s has no advice for %s", of.name, field)
			}
			for _, other := range kinds {
				if other.name != of.name && strings.Contains(text, other.name) {
					t.Errorf("the advice of %s is about %s: %s", of.name, other.name, text)
				}
			}
		}
	}
}

func TestTokensForAnotherAPIAreExplainedInTheWordsOfTheProvider(t *testing.T) {
	for provider, want := range map[string]string{
		"auth0":    "make token ISSUER=… CLIENT_ID=… AUDIENCE=https://mine.example.com",
		"cognito":  "use AUDIENCE=1example23456789 if that is your app client",
		"entra":    "App registrations → the API → Expose an API",
		"okta":     "Authorization Servers → Settings → Audience",
		"keycloak": "add a mapper of the type Audience with https://mine.example.com",
		"duende":   "add an ApiResource with the name https://mine.example.com",
		"clerk":    "a front end with the origin https://mine.example.com",
		"adfs":     "add a Web API to the application group",
	} {
		t.Run(provider, func(t *testing.T) {
			t.Parallel()
			server, args := startProvider(t, provider)
			args += presetOf(provider) + " -audience https://mine.example.com"
			output, code := call{args: args, token: server.Token(issuer.Kind("user"))}.run(t)
			if code != 1 || !strings.Contains(output, want) {
				t.Errorf("exit code %d, want 1 and %q\n%s", code, want, output)
			}
			if provider != "auth0" && strings.Contains(output, "Auth0") {
				t.Errorf("advice about Auth0:\n%s", output)
			}
		})
	}
}

func TestRightsInOtherClaimsAreFound(t *testing.T) {
	const rights = "these are the user's rights, and not what the client was granted"
	scope := func(claim string) string {
		return fmt.Sprintf(`it is in the claim %s, which is not read: describe the issuer in the setting issuers `+
			`in cdk.json, with "scopeClaims": [%q]; `, claim, claim) + rights
	}
	things := []string{"read:things"}
	with := func(claim string, value any) []issuer.Option {
		return []issuer.Option{issuer.Scopes("openid"), issuer.Claim(claim, value)}
	}
	inRealm := map[string]any{"roles": things}
	for name, test := range map[string]struct {
		provider string
		kind     issuer.Kind
		options  []issuer.Option
		want     string
	}{
		"Auth0": {"auth0", "user", with("permissions", things),
			"request it with SCOPE=read:things: the user has it, as the claim permissions shows"},
		"Auth0, setting": {"auth0", "user", with("permissions", things),
			`"scopeClaims": ["permissions"]; ` + rights},
		"Cognito":     {"cognito", "user", with("cognito:groups", things), scope("cognito:groups")},
		"Keycloak":    {"keycloak", "user", with("realm_access", inRealm), scope("/realm_access/roles")},
		"Entra, user": {"entra", "user", with("roles", things), scope("roles")},
		"WorkOS":      {"workos", "user", nil, scope("permissions")},
		"Entra, none": {"entra", "client", []issuer.Option{issuer.Without("roles")}, "add it as an app role for"},
		"Clerk, none": {"clerk", "user", []issuer.Option{issuer.Without("scope")}, "Sessions → Customize session token"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, args := startProvider(t, test.provider)
			token := server.Token(append([]issuer.Option{test.kind}, test.options...)...)
			call{args: args + presetOf(test.provider), token: token}.expect(t, 1, "!! scope ", test.want)
		})
	}
}

func TestEveryUserOfAnAuth0TenantMayHaveEveryScope(t *testing.T) {
	server := startIssuer(t)
	user, client := issuer.Kind("user"), issuer.Kind("client")
	const question = "?? rights     is RBAC enabled for this API at Auth0"
	for name, test := range map[string]struct {
		token string
		asked bool
	}{
		"a user":                      {server.Token(user), true},
		"a client":                    {server.Token(client), false},
		"a user with permissions":     {server.Token(user, issuer.Claim("permissions", []string{"read:things"})), false},
		"no permissions for any user": {server.Token(user, issuer.Claim("permissions", []string{})), false},
		"no scope of the API":         {server.Token(user, issuer.Scopes("openid")), false},
	} {
		t.Run(name, func(t *testing.T) {
			output, _ := call{args: forAPI + server.URL(), token: test.token}.run(t)
			if got := strings.Contains(output, question); got != test.asked {
				t.Errorf("asked: %t, want %t\n%s", got, test.asked, output)
			}
		})
	}
}

func TestKeysThatTakeTwoSecondsAreUsed(t *testing.T) {
	i := newIssuer(t, "https://slow.example.com/")
	env := internet.Serve(t, map[string]http.Handler{"slow.example.com": http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/jwks.json") {
				time.Sleep(2 * time.Second)
			}
			i.ServeHTTP(w, r)
		})})
	call{args: forAPI + i.URL(), token: i.Token(), env: env}.expect(t, 0, "ok signature ", "\nready to deploy:\n")
}
