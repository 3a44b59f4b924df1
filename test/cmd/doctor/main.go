// Command doctor looks for mistakes that would keep an API from accepting its tokens,
// before a deploy. make doctor starts it.
//
// It reads the issuer's discovery document, compares it with the settings, and runs the
// compiled authorizer with them: which keys does the authorizer use, and, with a token,
// does it accept the token? All decisions are the authorizer's; the doctor explains them.
//
// The token comes from the environment (TOKEN) or a file, never from an argument, and
// neither the token nor its signature is ever printed. Settings that are left out have
// the defaults of a deploy; without an issuer, all of them are read from the template of
// a cloud assembly, so that what would be deployed is examined. The exit code is 0 if the
// settings are ready for a deploy, 1 if they are not, and 2 if the arguments are wrong.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"accountapi/test/internal/authorizer"
	"accountapi/test/internal/printable"
	"accountapi/test/internal/project"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	stderr := printable.Writer(os.Stderr)
	s, err := parse(os.Args[1:], os.Getenv("TOKEN"))
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(stderr, "doctor:", err)
		os.Exit(2)
	}
	bootstrap, err := project.Function(ctx, "authorizer", os.Stderr)
	if err == nil && s.caBundle != "" {
		err = authorizer.TrustCABundle(s.caBundle)
	}
	if err == nil {
		err = examine(ctx, s, bootstrap, &report{out: printable.Writer(os.Stdout)})
	}
	if err != nil {
		if !errors.Is(err, errNotReady) {
			fmt.Fprintln(stderr, "doctor:", err)
		}
		os.Exit(1)
	}
}
