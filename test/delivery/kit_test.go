// Package delivery tests what users take from this project without cloning it, the files
// of make dist and the snippets of lambdas/README.md, and how the project itself is
// deployed: the roles of the deployment from GitHub, and make flush.
package delivery

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// root is the folder of the project.
const root = "../.."

// write writes a file with the folders above it.
func write(t *testing.T, file, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// run runs a command in folder, and fails the test with what it has written if it fails.
func run(t *testing.T, folder, name string, args ...string) {
	t.Helper()
	command := exec.Command(name, args...)
	command.Dir = folder
	command.Env = append(os.Environ(), "CDK_OUTDIR=cdk.out", "CDK_CONTEXT_JSON={}")
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, output)
	}
}

// copyMakefile copies the Makefile into folder, and makes the folders whose files it
// lists.
func copyMakefile(t *testing.T, folder string) {
	t.Helper()
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(folder, "Makefile"), string(makefile))
	for _, name := range []string{"infra", "lambdas", "test/bench/contestants"} {
		if err := os.MkdirAll(filepath.Join(folder, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
}
