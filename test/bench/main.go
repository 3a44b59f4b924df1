// Command bench measures the authorizer side by side with handlers around the libraries
// that its users could use instead, in Go and on Node.js, each a real process behind a
// real Lambda Runtime API. make bench starts it.
//
// All contestants take turns in one run, in a new order each round, so that other load on
// the machine affects all of them. Every answer is checked. Figures are medians with
// their quartiles; ratios are taken within a round. One contestant, the floor, takes part
// twice: the difference between the two shows how exact a median is.
//
// It is not a load test of a deployed stage, and its times are not those on AWS. Figures
// that need Linux (CPU, memory) or cgroups (Lambda's CPU shares) are left out on other
// systems.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:])
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}
