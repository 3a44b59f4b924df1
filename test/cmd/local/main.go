// Command local serves the Account API on this machine: the synthesized template through
// a local API Gateway, the compiled functions behind a real Lambda Runtime API, and, unless
// a real provider is named, a local issuer that stands in for the Auth0 tenant. It is what
// make run starts.
//
// With -assembly it serves any other cloud assembly (a cdk.out folder) instead, as its
// template says; a local issuer then comes only with -issuer-port.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	go stopWithGoRun(stop)
	err := run(ctx, os.Args[1:])
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "local:", err)
		os.Exit(1)
	}
}

// stopWithGoRun stops this program when the "go run" it was started by is gone: that ends
// on SIGTERM without telling its child, which would go on with the port in hand.
func stopWithGoRun(stop func()) {
	program, err := os.Executable()
	if err != nil || !strings.Contains(program, "go-build") {
		return // started otherwise, perhaps on purpose by a shell that is gone
	}
	for parent := os.Getppid(); os.Getppid() == parent; {
		time.Sleep(200 * time.Millisecond)
	}
	stop()
}
