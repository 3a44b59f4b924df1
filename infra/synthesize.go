package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
)

// synthesize builds the stack and writes the cloud assembly to the folder in CDK_OUTDIR,
// which the CLI sets. With the argument stand-ins, settings about issuers, stages and the
// account are replaced.
func synthesize(args []string) (err error) {
	context, err := readContext(os.Getenv)
	if err != nil {
		return err
	}
	if slices.Contains(args, "stand-ins") {
		context = standIns(context)
	}
	if err := checkName(apiName); err != nil {
		return err
	}
	cfg, err := parseConfig(context)
	if err != nil {
		return fmt.Errorf("the configuration is not valid:\n%w", err)
	}
	if err := cfg.checkCredentials(os.Getenv); err != nil {
		return err
	}
	// The jsii kernel reports errors by a panic, for example a missing Node.js or a tag
	// that is too long. These are printed without a stack trace; a runtime error, which
	// is a bug in this program, remains a panic.
	defer func() {
		switch refused := recover().(type) {
		case nil:
		case runtime.Error:
			panic(refused)
		case error:
			err = fmt.Errorf("synthesize: %w", refused)
		default:
			panic(refused)
		}
	}()
	app := awscdk.NewApp(nil)
	stack := newStack(app, cfg, routes)
	app.Synth(nil)
	template, err := os.ReadFile(filepath.Join(*app.Outdir(), *stack.TemplateFile()))
	if err != nil {
		return fmt.Errorf("read the template: %w", err)
	}
	return checkEnvironments(template)
}

// checkName checks the name of the API, with which the name of the stack begins. An error
// of the CDK would not name the file with the name.
func checkName(name string) error {
	if !regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]*$`).MatchString(name) {
		return fmt.Errorf("infra/routes.go: apiName %q: begin with a letter, and use letters, digits and hyphens only", name)
	}
	return nil
}

// closedTwice is what jsii.Close prints about a kernel that has ended normally: two of
// its goroutines wait for the process, and the second one fails.
var closedTwice = regexp.MustCompile(`Runtime process exited abnormally: wait(id)?: no child processes`)

// closeKernel ends the jsii kernel and removes its temporary folder. The last output of
// the kernel, such as a validation report, is copied to stderr; the message closedTwice
// is not. os.Stderr is not restored, because that message may come after jsii.Close has
// returned.
func closeKernel() {
	stderr := os.Stderr
	reader, writer, err := os.Pipe()
	if err != nil { // then closedTwice is printed too
		jsii.Close()
		return
	}
	os.Stderr = writer
	rest := make(chan []byte)
	go func() {
		text, _ := io.ReadAll(reader)
		rest <- text
	}()
	jsii.Close()
	writer.Close()
	stderr.Write(closedTwice.ReplaceAll(<-rest, nil))
}
