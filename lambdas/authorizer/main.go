// Command authorizer is the Lambda function behind a TOKEN authorizer of an API Gateway
// REST API: it verifies the caller's bearer token against the issuer's JWK Set and answers
// with an IAM policy.
//
// Read it in this order: main, handler, event, bearer, policy, log, config. Tokens are
// verified by the package jwt, with keys from the package jwks.
//
// It tells three outcomes apart and never confuses them:
//
//   - the token is good: an Allow policy for the whole stage;
//   - the token is bad: the error "Unauthorized", which API Gateway turns into a 401
//     (a genuine token without a required scope gets a Deny policy, a 403);
//   - it could not be checked: any other error, which API Gateway turns into a 5xx.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
)

func main() {
	authorizer, err := newAuthorizer(os.Getenv, os.Stdout, time.Now)
	if err != nil {
		fmt.Fprintf(os.Stderr, "authorizer: the configuration is not usable:\n%v\n", err)
		os.Exit(1)
	}
	log.SetOutput(runtimeLog{os.Stderr})
	debug.SetGCPercent(75) // as fast as with 100, and a megabyte smaller
	authorizer.keys.Prefetch(context.Background())
	// Init had all the CPU. From now on there is one invocation at a time, and below 1,769 MB
	// less than one CPU for it (AWS: "Configure Lambda function memory"): a second thread
	// would spend that on looking for work.
	runtime.GOMAXPROCS(1)
	lambda.Start(authorizer)
}
