package main

import (
	"encoding/json"
	"strings"
	"testing"

	"accountapi/lambdas/internal/principal"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"
)

func TestStageIsTakenFromTheARNOfTheMethod(t *testing.T) {
	const china = "arn:aws-cn:execute-api:cn-north-1:123456789012:"
	const europe = "arn:aws:execute-api:eu-west-1:123456789012:"
	for methodArn, want := range map[string]string{
		testArn:                           testStage,
		china + "xyz/test/GET/":           china + "xyz/test/*",
		europe + "abc/prod/GET/a:b/*/arn": europe + "abc/prod/*",
	} {
		if got, err := stageARN(request{Type: "TOKEN", MethodArn: methodArn}); err != nil || got != want {
			t.Errorf("%s: got %q (%v), want %q", methodArn, got, err, want)
		}
	}
}

func TestPrincipalIDOfAClientWithoutSubIsTheClient(t *testing.T) {
	var answer struct {
		PrincipalID string `json:"principalId"`
		Context     map[string]string
	}
	policy := encodePolicy("Allow", testStage, principal.Principal{ClientID: "m2m.client", Issuer: testIssuer})
	if err := json.Unmarshal(policy, &answer); err != nil {
		t.Fatal(err)
	}
	if _, hasSub := answer.Context["sub"]; hasSub || answer.PrincipalID != "m2m.client" {
		t.Errorf("principalId %q, context %v; want the client, and no sub", answer.PrincipalID, answer.Context)
	}
}

func TestPolicyIsWrittenAsEncodingJSONWritesIt(t *testing.T) {
	for _, who := range []principal.Principal{
		{Subject: "auth0|42", ClientID: "c", Scopes: []string{"a", "b"}, Issuer: testIssuer},
		{Subject: "s", Claims: map[string]string{"groups": `["a","b"]`, "name": `"\u00e9\""`}},
		{Subject: "\"\\/\b\u0001\u2028<é😀>", Issuer: strings.Repeat("x", 2000)},
	} {
		policy := encodePolicy("Deny", testStage, who)
		var got, want any
		reference, _ := json.Marshal(events.APIGatewayCustomAuthorizerResponse{
			PrincipalID: who.Subject,
			PolicyDocument: events.APIGatewayCustomAuthorizerPolicy{
				Version: "2012-10-17",
				Statement: []events.IAMPolicyStatement{{
					Action: []string{"execute-api:Invoke"}, Effect: "Deny", Resource: []string{testStage},
				}},
			},
			Context: who.Context(),
		})
		if json.Unmarshal(policy, &got) != nil || json.Unmarshal(reference, &want) != nil {
			t.Fatalf("no JSON: %s", policy)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
}
