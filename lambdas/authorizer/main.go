// Command authorizer is the Lambda function behind a TOKEN authorizer of an API Gateway
// REST API: it verifies the caller's bearer token against the JWK Set of its issuer and
// answers with an IAM policy.
//
// Read it in this order: main, handler, event, bearer, policy, log, config, issuers,
// cabundle. Tokens are verified by the package jwt, with keys from the package jwks.
//
// It has three outcomes:
//
//   - the token is good: an Allow policy for the whole stage;
//   - the token is bad: the error "Unauthorized", which API Gateway turns into a 401
//     (a genuine token without a required scope gets a Deny policy, a 403);
//   - it could not be checked: any other error, which API Gateway turns into a 5xx.
package main

import (
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
	log.SetFlags(0) // CloudWatch adds the time
	log.SetOutput(runtimeLog{os.Stderr})
	debug.SetGCPercent(75) // as fast as with 100, with a megabyte less memory
	authorizer.prefetch()
	// Init has a whole CPU. From now on there is one invocation at a time, and with less
	// than 1,769 MB it has less than one CPU (AWS: "Configure Lambda function memory"): a
	// second thread would use a part of that to look for work.
	runtime.GOMAXPROCS(1)
	lambda.Start(authorizer)
}
