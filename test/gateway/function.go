package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"time"

	"accountapi/test/gateway/iam"
	"accountapi/test/runtimeapi"
)

// functions are the Lambda functions that an API invokes.
type functions struct {
	byARN    map[string]*function
	unpacked string // the folder for assets that were zip files, "" until there is one
}

// A function is a Lambda function and who may invoke it.
type function struct {
	logicalID   string
	arn         string
	config      runtimeapi.Config
	permissions []permission
	*runtimeapi.Function
}

// A permission is a statement of a function's resource-based policy that allows API
// Gateway to invoke the function
// (https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html).
type permission struct {
	sourceARN     string // "" for any
	sourceAccount string // "" for any
}

// permits reports whether API Gateway may invoke the function for source.
func (f *function) permits(source, account string) bool {
	return slices.ContainsFunc(f.permissions, func(p permission) bool {
		return (p.sourceARN == "" || iam.Match(p.sourceARN, source)) &&
			(p.sourceAccount == "" || p.sourceAccount == account)
	})
}

// invoke runs the function with the time limit of the integration or authorizer. It goes
// on when ctx ends: AWS does not notice a client that goes away.
func (f *function) invoke(ctx context.Context, t trace, limit time.Duration, event []byte) (runtimeapi.Result, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	return f.Invoke(runtimeapi.WithTraceID(ctx, t.forFunction()), event)
}

func isTimeout(err error) bool { return errors.Is(err, context.DeadlineExceeded) }

// errorMessage returns the message of a function's error, "" if the payload has none.
func errorMessage(payload []byte) string {
	var e struct {
		Message string `json:"errorMessage"`
	}
	json.Unmarshal(payload, &e)
	return e.Message
}

// close ends the functions' processes and removes what was unpacked.
func (f *functions) close() error {
	var problems []error
	for _, function := range f.byARN {
		if function.Function != nil {
			problems = append(problems, function.Close())
		}
	}
	if f.unpacked != "" {
		problems = append(problems, os.RemoveAll(f.unpacked))
	}
	return errors.Join(problems...)
}
