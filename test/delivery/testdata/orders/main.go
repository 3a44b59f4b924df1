// Command orders is the function of an API that exists: it answers with what the
// authorizer says about the caller.
package main

import (
	"context"
	"encoding/json"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
)

func main() { lambda.Start(handle) }

func handle(_ context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	body, err := json.Marshal(event.RequestContext.Authorizer)
	return events.APIGatewayProxyResponse{StatusCode: 200, Body: string(body)}, err
}
