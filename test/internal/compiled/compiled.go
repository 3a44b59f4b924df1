// Package compiled compiles a program, so that tests can run it as a process.
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

// Build compiles the program in the folder source for this machine. Its error holds the
// compiler's messages.
func Build(source, program string) error {
	command := exec.Command("go", "build", "-tags", "lambda.norpc", "-o", program, source)
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("go build %s: %w\n%s", source, err, output)
	}
	return nil
}
