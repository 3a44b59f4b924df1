// Package compiled is about programs that tests run as processes.
package compiled

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Tests are the tests of a package that share a program, compiled once for all of them.
type Tests struct {
	M       *testing.M
	Source  string  // the program's folder
	Program *string // is set to its path
}

// Run compiles the program, runs the tests and returns their exit code, like [testing.M].
func (t Tests) Run() int {
	folder, err := os.MkdirTemp("", "compiled")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(folder)
	*t.Program = filepath.Join(folder, "bootstrap") // the name that Lambda requires
	if err := Build(t.Source, *t.Program); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return t.M.Run()
}

// isCommand is a variable of the processes that tests start as a command.
const isCommand = "TEST_IS_COMMAND"

// Command returns the path of the command whose main function this is: the test binary
// itself, which then also runs main, and does not return. TestMain calls it first.
//
// go test reuses a cached result if the test binary is the same. If the command were built
// separately, a change of code that only main calls would not change the test binary.
func Command(main func()) (program string) {
	if os.Getenv(isCommand) != "" {
		main()
		os.Exit(0)
	}
	program, err := os.Executable()
	if err != nil {
		panic(err)
	}
	os.Setenv(isCommand, "1") // for the processes that the tests start
	return program
}

// Build compiles the program in the folder source for this machine. Its error holds the
// compiler's messages.
func Build(source, program string) error {
	command := exec.Command("go", "build", "-tags", "lambda.norpc", "-o", program, source)
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("go build %s: %w\n%s", source, err, output)
	}
	return nil
}
