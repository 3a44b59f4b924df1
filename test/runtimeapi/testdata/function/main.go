// Command function is the Lambda function of this package's tests: it does what the event
// (or, before the first event, the variable INIT) tells it.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

type event struct {
	Do   string // what to do
	Text string // with which text
	Size int
	URL  string // called before the answer; it answers when the test allows it
}

func main() {
	switch mode, file, _ := strings.Cut(os.Getenv("INIT"), ":"); mode {
	case "exit":
		os.Exit(3)
	case "hang":
		select {}
	case "exit once":
		if _, err := os.Stat(file); err != nil {
			os.WriteFile(file, nil, 0o600)
			os.Exit(3)
		}
	case "report":
		http.Post("http://"+os.Getenv("AWS_LAMBDA_RUNTIME_API")+"/2018-06-01/runtime/init/error", "application/json",
			strings.NewReader(`{"errorMessage":"no configuration","errorType":"ConfigError"}`))
		os.Exit(1)
	}
	var options []lambda.Option
	if os.Getenv("SIGTERM") != "" {
		options = append(options, lambda.WithEnableSIGTERM(func() {
			fmt.Println("terminated")
			os.Exit(0)
		}))
	}
	lambda.StartWithOptions(handle, options...)
}

func handle(ctx context.Context, e event) (any, error) {
	if e.URL != "" {
		response, err := http.Get(e.URL)
		if err != nil {
			return nil, err
		}
		response.Body.Close()
	}
	switch e.Do {
	case "fail":
		return nil, errors.New(e.Text)
	case "panic":
		panic(e.Text)
	case "exit":
		os.Exit(e.Size)
	case "kill":
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
	case "hang":
		select {}
	case "print":
		fmt.Fprint(os.Stdout, e.Text)
		return nil, nil
	case "answer bytes":
		return strings.NewReader(strings.Repeat("x", e.Size)), nil
	case "break off":
		return io.MultiReader(strings.NewReader("some of it"), broken{}), nil
	case "call":
		return call(ctx, e.Text)
	}
	deadline, _ := ctx.Deadline()
	lc, _ := lambdacontext.FromContext(ctx)
	dir, _ := os.Getwd()
	return map[string]any{
		"pid":      os.Getpid(),
		"pgid":     syscall.Getpgrp(),
		"text":     e.Text,
		"environ":  os.Environ(),
		"dir":      dir,
		"trace":    os.Getenv("_X_AMZN_TRACE_ID"),
		"request":  lc.AwsRequestID,
		"arn":      lc.InvokedFunctionArn,
		"deadline": deadline.Round(0).Format(time.RFC3339Nano),
	}, nil
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("the source failed") }

// call makes a call of the Runtime API that no runtime should make now: METHOD PATH
// [BODY], with ID in the path for the current invocation.
func call(ctx context.Context, line string) (any, error) {
	lc, _ := lambdacontext.FromContext(ctx)
	fields := strings.SplitN(strings.ReplaceAll(line, "ID", lc.AwsRequestID), " ", 3)
	body := ""
	if len(fields) == 3 {
		body = fields[2]
	}
	url := "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + fields[1]
	request, err := http.NewRequestWithContext(ctx, fields[0], url, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Lambda-Extension-Name", "test")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	var answer json.RawMessage
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		answer = []byte("null")
	}
	return map[string]any{"status": response.StatusCode, "answer": answer}, nil
}
