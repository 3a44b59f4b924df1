// Package token is the part of a TOKEN authorizer that all contestants in Go have in
// common: the event, the answer, and nothing about tokens. What a contestant adds is
// how its library checks one.
package token

import (
	"context"
	"errors"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
)

// Caller is whom a token speaks for.
type Caller struct {
	Subject string
	Scope   string // handed on, for the API to decide with
}

// errUnauthorized is what API Gateway makes a 401 of.
var errUnauthorized = errors.New("Unauthorized") //nolint:staticcheck // to the letter

// Serve runs an authorizer that lets in whoever verify returns. It does not return.
func Serve(verify func(ctx context.Context, token string) (Caller, error)) {
	lambda.Start(func(ctx context.Context, event events.APIGatewayCustomAuthorizerRequest) (events.APIGatewayCustomAuthorizerResponse, error) {
		caller, err := verify(ctx, strings.TrimPrefix(event.AuthorizationToken, "Bearer "))
		if err != nil {
			return events.APIGatewayCustomAuthorizerResponse{}, errUnauthorized
		}
		return events.APIGatewayCustomAuthorizerResponse{
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

// stage widens the ARN of a method to its whole stage, so that the cached answer is
// right for the caller's next route too.
func stage(methodArn string) string {
	parts := strings.SplitN(methodArn, "/", 3)
	return strings.Join(parts[:min(2, len(parts))], "/") + "/*"
}
