package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"sync/atomic"
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
	reserved    int // concurrency, -1: not reserved
	running     atomic.Int64
	*runtimeapi.Function
}

// A target is a function as an integration or an authorizer names it: itself, or one of
// its versions or aliases.
type target struct {
	*function
	qualifier string // "" for the function itself
}

func (t target) String() string {
	if t.qualifier == "" {
		return t.logicalID
	}
	return t.logicalID + ":" + t.qualifier
}

// A permission is a statement of a function's resource-based policy that allows API
// Gateway to invoke the function. The function itself, each version and each alias have
// policies of their own
// (https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html).
type permission struct {
	qualifier     string
	sourceARN     string // "" for any
	sourceAccount string // "" for any
}

// permits reports whether API Gateway may invoke the target for source.
func (t target) permits(source, account string) bool {
	return slices.ContainsFunc(t.permissions, func(p permission) bool {
		return p.qualifier == t.qualifier &&
			(p.sourceARN == "" || iam.Match(p.sourceARN, source)) &&
			(p.sourceAccount == "" || p.sourceAccount == account)
	})
}

// errThrottled is Lambda's answer to an invocation beyond the reserved concurrency
// (https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html).
var errThrottled = errors.New("the reserved concurrency allows no further invocation: Lambda throttles it")

// invoke runs the function with the time limit of the integration or authorizer. It goes
// on when ctx ends: AWS does not notice a client that goes away.
func (f *function) invoke(ctx context.Context, t trace, limit time.Duration, event []byte) (runtimeapi.Result, error) {
	running := f.running.Add(1)
	defer f.running.Add(-1)
	if f.reserved >= 0 && running > int64(f.reserved) {
		return runtimeapi.Result{}, errThrottled
	}
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
