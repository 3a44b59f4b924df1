package main

import (
	"fmt"
	"regexp"

	"accountapi/lambdas/internal/jwt"
	"accountapi/lambdas/internal/principal"
	"accountapi/lambdas/internal/strictjson"
)

// stageARN returns the resource of all routes of the stage of the event. methodArn alone
// is too narrow: API Gateway caches the policy for the token, and applies it to the next
// route that the caller uses too (AWS: "Output from an API Gateway Lambda authorizer").
func stageARN(event request) (string, error) {
	if event.Type != "TOKEN" {
		return "", fmt.Errorf("%w: event type %q: attach this function by an AWS::ApiGateway::Authorizer of type TOKEN",
			jwt.ErrInternal, event.Type)
	}
	match := methodARN.FindStringSubmatch(event.MethodArn)
	if match == nil {
		return "", fmt.Errorf("%w: methodArn %q is not the ARN of a method", jwt.ErrInternal, event.MethodArn)
	}
	return match[1] + "/*", nil
}

// methodARN is arn:PARTITION:execute-api:REGION:ACCOUNT:API_ID/STAGE/VERB/PATH, in parts
// without a wildcard: it would widen the policy, and API Gateway never sends one.
var methodARN = regexp.MustCompile(`^(arn:[a-z0-9-]+:execute-api:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9]+/[A-Za-z0-9._$-]+)/`)

// encodePolicy writes the answer to API Gateway about a verified caller: a policy of one
// statement, and the context for the function behind the route (AWS: "Output from an API
// Gateway Lambda authorizer"). The effect is Allow or Deny.
func encodePolicy(effect, resource string, who principal.Principal) []byte {
	id := who.Subject
	if id == "" {
		id = who.ClientID
	}
	out := make([]byte, 0, 768)
	out = append(out, `{"principalId":`...)
	out = strictjson.AppendString(out, id)
	out = append(out, `,"policyDocument":{"Version":"2012-10-17","Statement":[`...)
	out = append(out, `{"Action":["execute-api:Invoke"],"Effect":`...)
	out = strictjson.AppendString(out, effect)
	out = append(out, `,"Resource":[`...)
	out = strictjson.AppendString(out, resource)
	out = append(out, `]}]},"context":{`...)
	first := true
	for name, value := range who.Context() {
		if !first {
			out = append(out, ',')
		}
		first = false
		out = strictjson.AppendString(out, name)
		out = append(out, ':')
		out = strictjson.AppendString(out, value.(string)) // principal.Context has nothing else
	}
	return append(out, "}}"...)
}
