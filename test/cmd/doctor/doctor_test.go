package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"accountapi/test/internal/compiled"
	"accountapi/test/internal/project"
	"accountapi/test/issuer"
)

// The tests run the compiled command, as make doctor does.

var program string

func TestMain(m *testing.M) {
	program = compiled.Command(main)
	os.Exit(m.Run())
}

const (
	audience = "https://api.example.com"
	// thingsAPI is a cloud assembly with the routes of the API that the tokens are for.
	thingsAPI = "testdata/assembly"
	// forAPI begins the arguments of most calls: the issuer follows. A flag that is given
	// again, such as -audience, overrides this one.
	forAPI = "-assembly " + thingsAPI + " -audience " + audience + " -issuer "
)

// buildAuthorizer brings the authorizer up to date once, because parallel tests would all
// build it.
var buildAuthorizer = sync.OnceValue(func() error {
	_, err := project.Function(context.Background(), "authorizer", os.Stderr)
	return err
})

// call is one call of the command.
type call struct {
	args  string // separated by spaces
	token string
	env   []string
	stdin string
}

// run returns what the command prints and its exit code. No part of the token may be in
// the output.
func (c call) run(t *testing.T) (output string, code int) {
	t.Helper()
	if err := buildAuthorizer(); err != nil {
		t.Fatal(err)
	}
	command := exec.Command(program, strings.Fields(c.args)...)
	command.Env = append(append(os.Environ(), "TOKEN="+c.token), c.env...)
	command.Stdin = strings.NewReader(c.stdin)
	var buffer bytes.Buffer
	command.Stdout, command.Stderr = &buffer, &buffer
	if err := command.Run(); err != nil {
		if _, exited := errors.AsType[*exec.ExitError](err); !exited {
			t.Fatal(err)
		}
	}
	for part := range strings.SplitSeq(c.token, ".") {
		if len(part) > 20 && strings.Contains(buffer.String(), part) {
			t.Errorf("a part of the token is in the output")
		}
	}
	return buffer.String(), command.ProcessState.ExitCode()
}

// expect runs the command and checks its exit code and that its output contains texts.
func (c call) expect(t *testing.T, code int, texts ...string) {
	t.Helper()
	output, got := c.run(t)
	if got != code {
		t.Errorf("exit code %d, want %d", got, code)
	}
	for _, text := range texts {
		if !strings.Contains(output, text) {
			t.Errorf("the output does not contain %q", text)
		}
	}
	if t.Failed() {
		t.Logf("doctor %s\n%s", c.args, output)
	}
}

// expectMistake runs the command and checks the first mistake in its report and its fix.
func (c call) expectMistake(t *testing.T, says, fix string) {
	t.Helper()
	c.expect(t, 1, "!! ", says, "fix: "+fix, "Fix this first: "+fix)
}

// startIssuer starts an issuer on this machine.
func startIssuer(t *testing.T, algorithms ...string) *issuer.Server {
	t.Helper()
	server, err := issuer.Start("127.0.0.1:0", issuer.Config{Audience: audience, Algorithms: algorithms})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	return server
}
