package e2e

import (
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Otherwise a deploy from another machine would replace functions without a change.
func TestBuildsInDifferentFoldersAndWithGitAreIdentical(t *testing.T) {
	skipIfDeployed(t, "nothing is built for that")
	plain := filepath.Join(t.TempDir(), "a")
	inGit := filepath.Join(t.TempDir(), "another", "folder")
	first := build(t, plain, "")
	second := build(t, inGit, "git init -q && git add . && git -c user.name=x -c user.email=x commit -qm x")
	for function, hash := range first {
		if hash != second[function] {
			t.Errorf("%s: %s in one folder, %s in the other", function, hash, second[function])
		}
	}
}

// build copies the functions' sources into folder, runs a command there, builds as a
// deploy does, and returns each function's hash.
func build(t *testing.T, folder, command string) map[string]string {
	t.Helper()
	if err := os.CopyFS(filepath.Join(folder, "lambdas"), os.DirFS(filepath.Join(root, "lambdas"))); err != nil {
		t.Fatal(err)
	}
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "Makefile"), makefile, 0o644); err != nil {
		t.Fatal(err)
	}
	if command == "" {
		command = ":"
	}
	run := exec.Command("sh", "-ec", command+"; make --no-print-directory -s lambdas")
	run.Dir = folder
	if output, err := run.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	built, err := filepath.Glob(filepath.Join(folder, ".build", "lambdas", "*", "bootstrap"))
	if err != nil || len(built) == 0 {
		t.Fatalf("no function was built: %v", err)
	}
	hashes := map[string]string{}
	for _, bootstrap := range built {
		text, err := os.ReadFile(bootstrap)
		if err != nil {
			t.Fatal(err)
		}
		hashes[filepath.Base(filepath.Dir(bootstrap))] = fmt.Sprintf("%x", sha256.Sum256(text))
	}
	return hashes
}
