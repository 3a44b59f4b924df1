package authorizer

import (
	"bytes"
	"testing"

	"accountapi/test/issuer"
	"accountapi/test/runtimeapi"

	"github.com/google/go-cmp/cmp"
)

func TestReadTellsPoliciesFromErrors(t *testing.T) {
	const policy = `{"principalId":"ada","policyDocument":{"Statement":[{"Effect":"Deny"}]},"context":{"n":1}}`
	const unauthorized = `{"errorMessage":"Unauthorized","errorType":"errorString"}`
	const twoStatements = `{"policyDocument":{"Statement":[{"Effect":"Allow"},{"Effect":"Deny"}]}}`
	deny := Answer{Effect: "Deny", PrincipalID: "ada", Context: map[string]any{"n": 1.0}}
	for name, test := range map[string]struct {
		payload, failure string
		want             Answer
		fails            bool
	}{
		"a policy":                     {policy, "", deny, false},
		"an error":                     {unauthorized, "Unhandled", Answer{Error: "Unauthorized"}, false},
		"a policy with two statements": {twoStatements, "", Answer{}, true},
		"a policy without an effect":   {`{"policyDocument":{"Statement":[{}]}}`, "", Answer{}, true},
		"no policy":                    {`{"isAuthorized":true}`, "", Answer{}, true},
		"an error without a message":   {`{}`, "Unhandled", Answer{}, true},
		"no JSON":                      {`<html>`, "", Answer{}, true},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Read(runtimeapi.Result{Payload: []byte(test.payload), FunctionError: test.failure})
			if (err != nil) != test.fails {
				t.Errorf("the error is %v", err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestTheAnswersAndTheLogOfTheCompiledAuthorizerAreRead(t *testing.T) {
	tenant, err := issuer.Start("127.0.0.1:0", issuer.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer tenant.Close()
	var output bytes.Buffer
	f, err := Start(runtimeapi.Config{Output: &output, MaxEnvironments: 1, Env: map[string]string{
		"TOKEN_ISSUER": tenant.URL(), "AUDIENCE": tenant.Audience(), "JWKS_URI": tenant.JWKSURL(),
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	good, err := Ask(t.Context(), f, "Bearer "+tenant.Token(issuer.Subject("ada")))
	if err != nil || good.Effect != "Allow" || good.PrincipalID != "ada" || good.Context["scope"] != "get:profile" {
		t.Errorf("a good token: %+v, %v", good, err)
	}
	bad, err := Ask(t.Context(), f, "Bearer "+tenant.Token(issuer.Subject("bob"), issuer.Expired))
	if diff := cmp.Diff(Answer{Error: "Unauthorized"}, bad); err != nil || diff != "" {
		t.Errorf("an expired token: %v (-want +got)\n%s", err, diff)
	}
	f.Close()

	log, err := ReadLog("TOKEN_ISSUER is missing\n" + output.String())
	if err != nil {
		t.Fatal(err)
	}
	want := Log{
		KeySets:   []KeySet{{Kept: []string{tenant.KeyID()}}},
		Decisions: []Decision{{Reason: "ok", Issuer: tenant.URL()}, {Reason: "expired", Issuer: tenant.URL()}},
		Other:     []string{"TOKEN_ISSUER is missing"},
	}
	if diff := cmp.Diff(want, log); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
