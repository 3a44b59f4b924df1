// Command orders is a function of the standard library alone, so that it is built fast.
package main

import (
	"net/http"
	"os"
	"strings"
)

const answer = "first"

func main() {
	invocation := "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/invocation/"
	for {
		next, err := http.Get(invocation + "next")
		if err != nil {
			os.Exit(1)
		}
		next.Body.Close()
		id := next.Header.Get("Lambda-Runtime-Aws-Request-Id")
		body := strings.NewReader(`{"statusCode":200,"body":"` + answer + `"}`)
		response, err := http.Post(invocation+id+"/response", "application/json", body)
		if err != nil {
			os.Exit(1)
		}
		response.Body.Close()
	}
}
