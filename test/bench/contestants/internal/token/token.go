// Package token is the part of a TOKEN authorizer that all contestants in Go have in
// common: event and answer. A contestant adds the verification of a token by its library.
package token

import (
	"context"
	"errors"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
)

// Caller is the caller that a token names.
type Caller struct {
	Subject string
	Scope   string // for the function behind the route
}

// errUnauthorized has exactly the message for which API Gateway answers 401.
var errUnauthorized = errors.New("Unauthorized") //nolint:staticcheck // hence the capital

type (
	request  = events.APIGatewayCustomAuthorizerRequest
	response = events.APIGatewayCustomAuthorizerResponse
)

// Serve runs an authorizer that allows the caller that verify returns, and does not
// return.
func Serve(verify func(ctx context.Context, token string) (Caller, error)) {
	lambda.Start(func(ctx context.Context, event request) (response, error) {
		caller, err := verify(ctx, strings.TrimPrefix(event.AuthorizationToken, "Bearer "))
		if err != nil {
			return response{}, errUnauthorized
		}
		return response{
			PrincipalID: caller.Subject,
			PolicyDocument: events.APIGatewayCustomAuthorizerPolicy{
				Version: "2012-10-17",
				Statement: []events.IAMPolicyStatement{{
					Action:   []string{"execute-api:Invoke"},
					Effect:   "Allow",
					Resource: []string{stage(event.MethodArn)},
				}},
			},
			Context: map[string]any{"scope": caller.Scope},
		}, nil
	})
}

// stage returns the ARN of all methods of a method's stage: API Gateway uses the cached
// answer for the caller's other routes too.
func stage(methodArn string) string {
	parts := strings.SplitN(methodArn, "/", 3)
	return strings.Join(parts[:min(2, len(parts))], "/") + "/*"
}
