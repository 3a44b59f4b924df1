package main

import (
	"fmt"
	"io"
	"os"
	"regexp"
	"runtime"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
)

// synthesize builds the stack and writes the cloud assembly to the folder that
// the CLI, or CDK_OUTDIR, names.
func synthesize() (err error) {
	context, err := readContext(os.Getenv)
	if err != nil {
		return err
	}
	cfg, err := parseConfig(context)
	if err != nil {
		return fmt.Errorf("the configuration needs attention:\n%w", err)
	}
	// The jsii kernel reports what it refuses by a panic. A person whose node is
	// missing, or whose tag is too long, is to see the reason and not a stack
	// trace; a mistake in this program stays a panic.
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
	newStack(app, cfg)
	app.Synth(nil)
	return nil
}

// closedTwice is what jsii.Close says about a kernel that ended just as it
// should: it waits for node in two goroutines, and one of them comes too late.
var closedTwice = regexp.MustCompile(`Runtime process exited abnormally: wait(id)?: no child processes`)

// closeKernel ends the jsii kernel and removes its temporary folder. What the
// kernel still has to say, a validation report for one, reaches stderr; jsii's
// complaint about itself does not. os.Stderr stays closed afterwards, because
// the complaint may come later than jsii.Close returns.
func closeKernel() {
	stderr := os.Stderr
	reader, writer, err := os.Pipe()
	if err != nil { // then with the complaint
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
