package main

import (
	"fmt"
	"strings"

	"accountapi/lambdas/internal/jwt"
	"accountapi/lambdas/internal/principal"
	"accountapi/lambdas/internal/strictjson"
)

// stageARN returns the resource that stands for the whole stage the event is about.
// Not methodArn alone: API Gateway keeps the policy for the token and uses it for the
// caller's next route as well, which a narrower one would refuse (AWS: "Output from an
// API Gateway Lambda authorizer").
func stageARN(event request) (string, error) {
	if event.Type != "TOKEN" {
		return "", fmt.Errorf("%w: event type %q: attach this function by an AWS::ApiGateway::Authorizer of type TOKEN",
			jwt.ErrInternal, event.Type)
	}
	// arn:PARTITION:execute-api:REGION:ACCOUNT:API_ID/STAGE/VERB/PATH
	parts := strings.SplitN(event.MethodArn, ":", 6)
	if len(parts) == 6 && parts[0] == "arn" && parts[2] == "execute-api" {
		api, rest, _ := strings.Cut(parts[5], "/")
		stage, _, found := strings.Cut(rest, "/")
		// A wildcard would widen the policy; API Gateway never sends one.
		if found && api != "" && stage != "" && !strings.ContainsAny(api+stage, "*?") {
			return strings.Join(parts[:5], ":") + ":" + api + "/" + stage + "/*", nil
		}
	}
	return "", fmt.Errorf("%w: methodArn %q is not the ARN of a method", jwt.ErrInternal, event.MethodArn)
}

// answer is what API Gateway is told about a verified caller: a policy of one statement,
// and the context for the function behind the route.
type answer struct {
	effect   string // Allow or Deny
	resource string // an ARN with a wildcard
	who      principal.Principal
}

// encode writes the answer as JSON (AWS: "Output from an API Gateway Lambda authorizer").
func (a answer) encode() []byte {
	out := make([]byte, 0, 768)
	out = append(out, `{"principalId":`...)
	out = strictjson.AppendString(out, a.who.Subject)
	out = append(out, `,"policyDocument":{"Version":"2012-10-17","Statement":[`...)
	out = append(out, `{"Action":["execute-api:Invoke"],"Effect":`...)
	out = strictjson.AppendString(out, a.effect)
	out = append(out, `,"Resource":[`...)
	out = strictjson.AppendString(out, a.resource)
	out = append(out, `]}]},"context":{`...)
	first := true
	for name, value := range a.who.Context() {
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
