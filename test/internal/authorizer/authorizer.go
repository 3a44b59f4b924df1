// Package authorizer drives the compiled authorizer as API Gateway does: it starts the
// bootstrap behind a Runtime API, sends it the event of a TOKEN authorizer, and reads the
// answer. Event and Read serve any other TOKEN authorizer too.
//
//	env := map[string]string{"TOKEN_ISSUER": …}
//	f, err := authorizer.Start(runtimeapi.Config{Env: env})
//	if err != nil { … }
//	defer f.Close()
//	answer, err := authorizer.Ask(ctx, f, "Bearer "+token)
package authorizer

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"time"

	"accountapi/test/internal/project"
	"accountapi/test/runtimeapi"
)

// deployedTimeout is the authorizer's timeout in the stack.
const deployedTimeout = 8 * time.Second

// build brings the bootstrap up to date, once for all that this process starts: several
// builds at the same time would write to the same file.
var build = sync.OnceValues(func() (bootstrap string, err error) {
	return project.Function(context.Background(), "authorizer", os.Stderr)
})

// Start returns the authorizer as cfg describes it; no process runs yet. The defaults are
// the name authorizer, the timeout of the stack, 8 s, and the bootstrap of this project,
// which is built for this machine if it is out of date; the build writes to stderr.
func Start(cfg runtimeapi.Config) (*runtimeapi.Function, error) {
	if cfg.Name == "" {
		cfg.Name = "authorizer"
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = deployedTimeout
	}
	if cfg.Bootstrap == "" {
		var err error
		if cfg.Bootstrap, err = build(); err != nil {
			return nil, err
		}
	}
	return runtimeapi.Start(cfg)
}

// Event is what API Gateway sends a TOKEN authorizer for GET /things in the stage prod
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-input.html).
// authorizationToken is the value of the header Authorization.
func Event(authorizationToken string) []byte {
	event, err := json.Marshal(map[string]string{
		"type":               "TOKEN",
		"authorizationToken": authorizationToken,
		"methodArn":          "arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/prod/GET/things",
	})
	if err != nil {
		panic(err) // strings always marshal
	}
	return event
}

// Answer is what a TOKEN authorizer answers: a policy, or an error
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-output.html).
type Answer struct {
	Effect      string         // of the policy's one statement: "Allow" or "Deny"
	PrincipalID string         // of the policy
	Context     map[string]any // of the policy; handed on to the function behind the route
	Error       string         // "Unauthorized": API Gateway answers 401; any other error: 500
}

// Ask invokes the authorizer and reads its answer.
func Ask(ctx context.Context, f *runtimeapi.Function, authorizationToken string) (Answer, error) {
	result, err := f.Invoke(ctx, Event(authorizationToken))
	if err != nil {
		return Answer{}, err
	}
	return Read(result)
}

// Read makes an Answer of the result of an invocation. Its error says that the result is
// neither an error nor a policy with one statement.
func Read(result runtimeapi.Result) (Answer, error) {
	var payload struct {
		ErrorMessage   string
		PrincipalID    string
		PolicyDocument struct{ Statement []struct{ Effect string } }
		Context        map[string]any
	}
	err := json.Unmarshal(result.Payload, &payload)
	statements := payload.PolicyDocument.Statement
	switch {
	case err == nil && result.FunctionError != "" && payload.ErrorMessage != "":
		return Answer{Error: payload.ErrorMessage}, nil
	case err == nil && result.FunctionError == "" && len(statements) == 1 && statements[0].Effect != "":
		return Answer{Effect: statements[0].Effect, PrincipalID: payload.PrincipalID, Context: payload.Context}, nil
	}
	return Answer{}, fmt.Errorf("the answer is neither a policy nor an error: %s", result.Payload)
}
