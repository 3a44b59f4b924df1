// Command bench measures the authorizer side by side with what its users would pick
// instead: handlers around the libraries of the field, in Go and on Node.js, each a real
// process behind a real Lambda Runtime API. It is what make bench starts.
//
// All contestants take turns in one run, in a new order each round: whatever else the
// machine does hits all of them. Every answer is checked; figures are medians with their
// quartiles, and the ratios are taken within a round. One contestant, the floor, runs
// twice: how far it is from itself tells how exact a median is.
//
// What it is not: a load test of a deployed stage, or a claim about absolute times on
// AWS. Figures that need Linux (CPU, memory) or cgroups (Lambda's CPU shares) are left out
// elsewhere, and say so.
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
