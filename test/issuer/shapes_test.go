package issuer_test

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"accountapi/test/issuer"

	"github.com/google/go-cmp/cmp"
)

// TestTokensHaveTheFormOfTheirProvider lists what tells the tokens of the providers
// apart: where the API, the client and the scopes are named, and what the kind shows.
func TestTokensHaveTheFormOfTheirProvider(t *testing.T) {
	type m = map[string]any
	both := []any{"read:things", "write:things"}
	const all = "read:things write:things"
	const api, iss, origin = "https://account-api.example.com/", "http://127.0.0.1:3001", "https://app.example.com"
	for _, test := range []struct {
		provider, kind, typ string
		claims              m // nil for those that are missing
	}{
		{"auth0", "user", "JWT", m{"aud": []any{api, iss + "/userinfo"}, "azp": "local-client", "scope": all}},
		{"rfc9068", "client", "at+jwt", m{"iss": iss + "/", "client_id": "local-client", "sub": "local-client"}},
		{"cognito", "user", "", m{"iss": iss + "/eu-west-1_local", "client_id": "1example23456789", "aud": nil}},
		{"cognito", "id", "", m{"aud": "1example23456789", "token_use": "id", "scope": nil}},
		{"entra", "user", "JWT", m{"aud": api, "scp": all, "roles": nil}},
		{"entra", "client", "JWT", m{"aud": api, "roles": both, "scp": nil, "idtyp": "app"}},
		{"okta", "user", "", m{"iss": iss + "/oauth2/default", "scp": both, "cid": "local-client"}},
		{"keycloak", "user", "JWT", m{"iss": iss + "/realms/local", "aud": []any{api, "account"}, "typ": "Bearer"}},
		{"keycloak", "id", "JWT", m{"typ": "ID", "aud": "local-client"}},
		{"keycloak", "logout", "logout+jwt", m{"typ": "Logout"}},
		{"duende", "client", "at+jwt", m{"sub": nil, "client_id": "local-client", "scope": both}},
		{"clerk", "user", "JWT", m{"aud": nil, "azp": origin, "sts": "active", "scope": all}},
		{"clerk", "pending", "JWT", m{"aud": nil, "azp": origin, "sts": "pending"}},
		{"workos", "user", "JWT", m{"iss": iss + "/user_management/client_local", "aud": nil, "permissions": both}},
		{"adfs", "user", "JWT", m{"iss": iss + "/adfs/services/trust", "aud": api, "scp": all}},
	} {
		t.Run(test.provider+" "+test.kind, func(t *testing.T) {
			i, err := issuer.New(issuer.Config{
				URL: iss + "/", Provider: test.provider, Scopes: []string{"read:things", "write:things"},
			})
			if err != nil {
				t.Fatal(err)
			}
			header, claims := decode(t, i.Token(issuer.Kind(test.kind)))
			if typ, _ := header["typ"].(string); typ != test.typ {
				t.Errorf("typ %q, want %q", typ, test.typ)
			}
			for name, want := range test.claims {
				if diff := cmp.Diff(want, claims[name]); diff != "" {
					t.Errorf("%s (-want +got):\n%s", name, diff)
				}
			}
		})
	}
}

func TestOptionsChangeTheClaimsThatTheProviderUses(t *testing.T) {
	i, err := issuer.New(issuer.Config{URL: "http://127.0.0.1:3001/", Provider: "clerk"})
	if err != nil {
		t.Fatal(err)
	}
	_, claims := decode(t, i.Token(issuer.Audience("https://other.example.com"), issuer.Scopes("a", "b")))
	if claims["azp"] != "https://other.example.com" || claims["aud"] != nil || claims["scope"] != "a b" {
		t.Errorf("the claims are %v", claims)
	}
	_, claims = decode(t, i.Token(issuer.WrongAudience))
	if claims["azp"] != "https://another-api.example.com/" {
		t.Errorf("the claims are %v", claims)
	}
	defer func() {
		if reason := recover(); !strings.Contains(fmt.Sprint(reason), `clerk has no kind of token "refresh"`) {
			t.Errorf("a kind that the provider does not have: %v", reason)
		}
	}()
	i.Token(issuer.Kind("refresh"))
}

func TestTokensThatAreNotSignedWithAPublishedKey(t *testing.T) {
	for _, test := range []struct {
		provider, kind, alg string
		parts               int
	}{
		{"keycloak", "refresh", "HS512", 3},
		{"cognito", "refresh", "RSA-OAEP", 5},
	} {
		i, err := issuer.New(issuer.Config{URL: "http://127.0.0.1:3001/", Provider: test.provider})
		if err != nil {
			t.Fatal(err)
		}
		token := i.Token(issuer.Kind(test.kind))
		if parts := strings.Split(token, "."); len(parts) != test.parts {
			t.Errorf("%s: %d parts, want %d", test.provider, len(parts), test.parts)
		} else if header := decodePart(t, parts[0]); header["alg"] != test.alg || header["kid"] == i.KeyID() {
			t.Errorf("%s: the header is %v", test.provider, header)
		}
	}
}

// OpenID libraries look for the document at the identifier, which may have a path
// (Discovery section 4).
func TestDiscoveryIsServedAtTheIdentifierOfEveryProvider(t *testing.T) {
	for _, provider := range issuer.Providers() {
		i, err := issuer.New(issuer.Config{URL: "http://127.0.0.1:3001/", Provider: provider})
		if err != nil {
			t.Fatal(err)
		}
		recorder := httptest.NewRecorder()
		address := strings.TrimRight(i.URL(), "/") + "/.well-known/openid-configuration"
		i.ServeHTTP(recorder, httptest.NewRequest("GET", address, nil))
		if !strings.Contains(recorder.Body.String(), `"issuer":"`+i.URL()+`"`) {
			t.Errorf("%s: %s answers %d %s", provider, address, recorder.Code, recorder.Body)
		}
	}
}
