package e2e

import (
	"errors"
	"os/exec"
	"testing"
)

// This project is cloned, and its example route replaced. Only what is replaced with it
// may name the example: its function, its row, what is generated from that, and the
// READMEs. Everything else follows from the table of routes.
func TestOnlyTheExampleAndItsRowNameItsPathAndItsScope(t *testing.T) {
	const example = "profile" // not with its slash or colon, or this file would be found
	command := exec.Command("git", "grep", "-nI", "-e", "/"+example, "-e", "get:"+example, "--",
		".", ":!*.md",
		":!infra/routes.go", ":!infra/testdata", ":!lambdas/"+example,
	)
	command.Dir = root
	output, err := command.Output()
	exit, failed := errors.AsType[*exec.ExitError](err)
	switch {
	case err == nil:
		t.Errorf("these files name the example: use a route of the table, or another name\n%s", output)
	case !failed || exit.ExitCode() != 1: // 1 is nothing found
		t.Skipf("skipped: git grep does not work here: %v", err)
	}
}
