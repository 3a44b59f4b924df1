// Command function is every Lambda function of this package's tests: it sends
// its event to the test (at SCRIPT) and does what the test answers.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
)

type scripted struct{}

func (scripted) Invoke(_ context.Context, event []byte) ([]byte, error) {
	response, err := http.Post(os.Getenv("SCRIPT"), "application/json", bytes.NewReader(event))
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	var do struct {
		Answer string
		Error  *string
		Panic  string
		Exit   bool
		Hang   bool
	}
	if err := json.NewDecoder(response.Body).Decode(&do); err != nil {
		return nil, err
	}
	switch {
	case do.Error != nil:
		return nil, errors.New(*do.Error)
	case do.Panic != "":
		panic(do.Panic)
	case do.Exit:
		os.Exit(1)
	case do.Hang:
		select {}
	}
	return []byte(do.Answer), nil
}

func main() { lambda.Start(scripted{}) }
