// Command infra is the CDK app of the Account API: it reads the settings of a stage from
// the CDK context (config.go) and synthesizes one stack (stack.go). It does not build the
// functions: it takes the folders that make lambdas has written.
package main

import (
	"fmt"
	"os"
)

func main() {
	stderr := os.Stderr
	err := synthesize(os.Args[1:])
	closeKernel()
	if err != nil {
		message := err.Error()
		if os.Getenv("CALLED_BY") == "make" {
			message = withMakeVariables(message)
		}
		fmt.Fprintln(stderr, message)
		os.Exit(1)
	}
}
