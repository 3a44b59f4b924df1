package main

import (
	"fmt"
	"strings"

	"accountapi/lambdas/internal/principal"

	"github.com/aws/aws-lambda-go/events"
)

// stageARN returns the resource that stands for the whole stage the event is about.
// Not methodArn alone: API Gateway keeps the policy for the token and uses it for the
// caller's next route as well, which a narrower one would refuse (AWS: "Output from an
// API Gateway Lambda authorizer").
func stageARN(event request) (string, error) {
	if event.Type != "TOKEN" {
		return "", fmt.Errorf("%w: event type %q: set this function up as a TOKEN authorizer", errInternal, event.Type)
	}
	// arn:PARTITION:execute-api:REGION:ACCOUNT:API_ID/STAGE/VERB/PATH
	parts := strings.SplitN(event.MethodArn, ":", 6)
	if len(parts) == 6 && parts[0] == "arn" && parts[2] == "execute-api" {
		resource := strings.SplitN(parts[5], "/", 3)
		// A wildcard would widen the policy; API Gateway never sends one.
		if len(resource) == 3 && resource[0] != "" && resource[1] != "" && !strings.ContainsAny(resource[0]+resource[1], "*?") {
			return strings.Join(parts[:5], ":") + ":" + resource[0] + "/" + resource[1] + "/*", nil
		}
	}
	return "", fmt.Errorf("%w: methodArn %q is not the ARN of a method", errInternal, event.MethodArn)
}

// policy is the authorizer's answer for a verified caller.
func policy(effect string, who principal.Principal, resource string) response {
	return response{
		PrincipalID: who.Subject,
		PolicyDocument: events.APIGatewayCustomAuthorizerPolicy{
			Version: "2012-10-17",
			Statement: []events.IAMPolicyStatement{{
				Action:   []string{"execute-api:Invoke"},
				Effect:   effect,
				Resource: []string{resource},
			}},
		},
		Context: who.Context(),
	}
}
