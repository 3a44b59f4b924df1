package main

import (
	"fmt"
	"os"
	"runtime"

	"github.com/aws/aws-cdk-go/awscdk/v2"
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
