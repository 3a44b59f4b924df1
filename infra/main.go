// Command infra is the CDK app of the Account API: it reads what differs
// between stages from the CDK context (config.go) and synthesizes one stack
// (stack.go). It builds no function, it takes the folders that make lambdas
// left, and it knows nothing about how they work inside.
package main

import (
	"fmt"
	"os"

	"github.com/aws/jsii-runtime-go"
)

func main() {
	err := synthesize()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	// Close removes the kernel's temporary folder. It also waits for node from
	// two goroutines at once, and the one that comes too late complains on
	// stderr about a child that ended just as it should.
	os.Stderr = nil
	jsii.Close()
	if err != nil {
		os.Exit(1)
	}
}
