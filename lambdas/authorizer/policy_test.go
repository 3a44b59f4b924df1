package main

import (
	"encoding/json"
	"strings"
	"testing"

	"accountapi/lambdas/internal/principal"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"
)

func TestAnswerIsWrittenAsEncodingJSONWritesIt(t *testing.T) {
	for _, who := range []principal.Principal{
		{Subject: "auth0|42", ClientID: "c", Scopes: []string{"a", "b"}, Issuer: testIssuer},
		{Subject: "\"\\/\b\u0001\u2028<é😀>", Issuer: strings.Repeat("x", 2000)},
	} {
		answer := answer{"Deny", testStage, who}
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
		if json.Unmarshal(answer.encode(), &got) != nil || json.Unmarshal(reference, &want) != nil {
			t.Fatalf("no JSON: %s", answer.encode())
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
}
