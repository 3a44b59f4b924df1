// Command profile is the Lambda function behind GET /profile. It does not verify
// tokens, the authorizer in front of it does; it decides whether the verified caller
// may read the profile, and answers.
package main

import (
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
)

func main() {
	profile := newHandler(os.Getenv, time.Now)
	lambda.Start(profile.handle)
}
