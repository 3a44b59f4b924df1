// Command doctor looks for the mistakes that keep an API from accepting its tokens, before
// anything is deployed. It is what make doctor starts.
//
// It asks the issuer, compares what it says with the settings, and lets the compiled
// authorizer judge: which keys it would use, and, with a token, whether it would let it
// pass. The rules are the authorizer's own; the doctor only explains them.
//
// The token comes from the environment (TOKEN) or a file, never from an argument, and
// neither it nor its signature is ever printed. Settings that are left out have the
// defaults of a deploy. It exits with 0 if it is fine to deploy with these settings, with 1
// if not, and with 2 if it was called wrongly.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"accountapi/test/internal/project"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	s, err := parse(os.Args[1:], os.Getenv("TOKEN"))
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "doctor:", err)
		os.Exit(2)
	}
	bootstrap, err := project.Function(ctx, "authorizer", os.Stderr)
	if err == nil {
		err = examine(ctx, s, bootstrap, &report{out: os.Stdout})
	}
	if err != nil {
		if !errors.Is(err, errNotFine) {
			fmt.Fprintln(os.Stderr, "doctor:", err)
		}
		os.Exit(1)
	}
}
