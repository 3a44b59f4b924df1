// Command infra is the CDK app of the Account API: it reads what differs
// between stages from the CDK context (config.go) and synthesizes one stack
// (stack.go). It builds no function, it takes the folders that make lambdas
// left, and it knows nothing about how they work inside.
package main

import (
	"fmt"
	"os"
)

func main() {
	stderr := os.Stderr
	err := synthesize()
	closeKernel()
	if err != nil {
		fmt.Fprintln(stderr, err)
		os.Exit(1)
	}
}
