// Command local serves the Account API on this machine: the synthesized template in a
// local API Gateway, the compiled functions behind a Lambda Runtime API, and a local
// issuer that replaces the Auth0 tenant, unless -issuer names a real one. make run starts
// it.
//
// With -assembly it serves another cloud assembly (a cdk.out folder) as its template
// says. It then starts a local issuer only if -issuer-port is set.
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

// stopWithGoRun stops this program when its parent "go run" has ended: on SIGTERM go run
// ends without stopping its child, which would keep the port open.
func stopWithGoRun(stop func()) {
	program, err := os.Executable()
	if err != nil || !strings.Contains(program, "go-build") {
		return // not started by go run; its parent may be a shell that has ended
	}
	for parent := os.Getppid(); os.Getppid() == parent; {
		time.Sleep(200 * time.Millisecond)
	}
	stop()
}
