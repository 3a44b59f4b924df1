package e2e

import (
	"encoding/json"
	"fmt"
	"testing"

	"accountapi/test/internal/authorizer"
	"accountapi/test/issuer"

	"github.com/google/go-cmp/cmp"
)

// The tokens that providers issue, and what the authorizer decides about each with the
// provider's preset. "ok" means that the token is accepted; every other word is the
// reason for a refusal. The ID of the client is an audience too where the provider allows
// that, so that an ID token is refused for what it is.
var shapes = []struct{ provider, preset, kind, reason, principal string }{
	{"auth0", "auth0", "user", "ok", "auth0|5be86359-073c-434b-ad2d-a3932222dabe"},
	{"auth0", "auth0", "client", "ok", "local-client@clients"},
	{"auth0", "auth0", "id", "token_kind", ""},
	{"auth0", "auth0", "logout", "token_kind", ""},
	{"rfc9068", "rfc9068", "user", "ok", "5be86359-073c-434b-ad2d-a3932222dabe"},
	{"rfc9068", "rfc9068", "client", "ok", "local-client"},
	{"rfc9068", "rfc9068", "id", "token_kind", ""},
	{"rfc9068", "rfc9068", "logout", "token_kind", ""},
	{"cognito", "cognito", "user", "ok", "5be86359-073c-434b-ad2d-a3932222dabe"},
	{"cognito", "cognito", "client", "ok", "1example23456789"},
	{"cognito", "cognito", "id", "token_kind", ""},
	{"cognito", "cognito", "refresh", "malformed_token", ""},
	{"entra", "entra", "user", "ok", "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ"},
	{"entra", "entra", "client", "ok", "5be86359-073c-434b-ad2d-a3932222dabe"},
	{"entra", "entra", "id", "token_kind", ""},
	{"okta", "okta", "user", "ok", "ada@example.com"},
	{"okta", "okta", "client", "ok", "local-client"},
	{"okta", "okta", "id", "token_kind", ""},
	{"keycloak", "keycloak", "user", "ok", "5be86359-073c-434b-ad2d-a3932222dabe"},
	{"keycloak", "keycloak", "client", "ok", "5be86359-073c-434b-ad2d-a3932222dabe"},
	{"keycloak", "keycloak", "id", "token_kind", ""},
	{"keycloak", "keycloak", "refresh", "alg_not_allowed", ""},
	{"keycloak", "keycloak", "old-refresh", "token_kind", ""},
	{"keycloak", "keycloak", "logout", "token_kind", ""},
	{"keycloak", "keycloak", "old-logout", "token_kind", ""},
	{"duende", "duende", "user", "ok", "5be86359-073c-434b-ad2d-a3932222dabe"},
	{"duende", "duende", "client", "ok", "local-client"},
	{"duende", "duende", "id", "token_kind", ""},
	{"duende", "duende", "logout", "token_kind", ""},
	{"clerk", "clerk", "user", "ok", "user_2x"},
	{"clerk", "clerk", "pending", "token_kind", ""},
	{"clerk", "clerk", "id", "token_kind", ""},
	{"workos", "workos", "user", "ok", "user_01HBEQKA6K4QJAS93VPE39W1JT"},
	{"workos", "workos", "id", "token_kind", ""},
	{"adfs", "entra", "user", "ok", "Qk2oLtdjV1a"},
	{"adfs", "entra", "id", "issuer", ""},
}

func TestTokensOfEveryProviderAreAcceptedOrRefusedByTheirKind(t *testing.T) {
	skipIfDeployed(t, needsBinary)
	for _, provider := range issuer.Providers() {
		t.Run(provider, func(t *testing.T) {
			i, err := issuer.Start("127.0.0.1:0", issuer.Config{Provider: provider, Scopes: []string{"get:all", "put:all"}})
			if err != nil {
				t.Fatal(err)
			}
			defer i.Close()
			a := startAuthorizerOf(t, i)
			var kinds []issuer.Kind
			var want, got []string // the reasons
			for _, row := range shapes {
				if row.provider != provider {
					continue
				}
				kind := issuer.Kind(row.kind)
				kinds, want = append(kinds, kind), append(want, row.kind+": "+row.reason)
				answer, err := authorizer.Ask(t.Context(), a.Function, "Bearer "+i.Token(kind))
				if err != nil {
					t.Fatal(err)
				}
				expected := authorizer.Answer{Error: refuse}
				if row.reason == "ok" {
					expected = authorizer.Answer{Effect: allow, PrincipalID: row.principal}
					if scope := answer.Context["scope"]; scope != "get:all put:all" {
						t.Errorf("%s: the scope in the context is %q, want get:all put:all", row.kind, scope)
					}
				}
				answer.Context = nil
				if diff := cmp.Diff(expected, answer); diff != "" {
					t.Errorf("%s (-want +got):\n%s", row.kind, diff)
				}
			}
			a.Close() // nothing is written to the log after this
			log, err := authorizer.ReadLog(a.log.String())
			if err != nil || len(log.Decisions) != len(kinds) {
				t.Fatalf("%d decisions for %d tokens: %v", len(log.Decisions), len(kinds), err)
			}
			for n, decision := range log.Decisions {
				got = append(got, string(kinds[n])+": "+decision.Reason)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("reasons (-want +got):\n%s", diff)
			}
			byName := cmp.Transformer("set", func(kinds []issuer.Kind) (set map[issuer.Kind]int) {
				set = map[issuer.Kind]int{}
				for _, kind := range kinds {
					set[kind]++
				}
				return set
			})
			if diff := cmp.Diff(i.Kinds(), kinds, byName); diff != "" {
				t.Errorf("the table does not have every kind of the provider (-provider +table):\n%s", diff)
			}
		})
	}
}

// startAuthorizerOf starts the authorizer with the preset of the provider that an issuer
// imitates.
func startAuthorizerOf(t *testing.T, i *issuer.Server) *function {
	t.Helper()
	settings := map[string]any{
		"issuer": i.URL(), "jwksUri": i.JWKSURL(), "audience": []string{i.Audience(), i.ClientID()},
	}
	for _, row := range shapes {
		if row.provider == i.Provider() {
			settings["provider"] = row.preset
		}
	}
	if i.ScopeClaim() == "permissions" { // the rights of a user; they count only by setting
		settings["scopeClaims"] = []string{"permissions"}
	}
	text, err := json.Marshal([]any{settings})
	if err != nil {
		t.Fatal(err)
	}
	return startAuthorizer(t, i, "TOKEN_ISSUER=", "AUDIENCE=", "JWKS_URI=", fmt.Sprintf("ISSUERS=%s", text))
}
