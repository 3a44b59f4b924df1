package tokentest

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// wycheproof is the exact version of the vectors; the counts below hold for it alone.
const wycheproof = "github.com/C2SP/wycheproof@v0.0.0-20250901140545-b51abcfb8daf"

// vectorsDir is the folder of the vectors in Go's module cache: they are data, and are
// read from where the go command puts them.
var vectorsDir = sync.OnceValues(func() (string, error) {
	output, err := exec.Command("go", "mod", "download", "-json", wycheproof).Output()
	if err != nil {
		return "", err
	}
	var module struct{ Dir string }
	err = json.Unmarshal(output, &module)
	return filepath.Join(module.Dir, "testvectors_v1"), err
})

// Vectors reads a file of vectors and fails if it does not hold as many as it should.
func Vectors[T any](t *testing.T, file string, want int) []T {
	t.Helper()
	dir, err := vectorsDir()
	if err != nil {
		t.Skipf("skipped: the vectors cannot be downloaded (go mod download %s): %v", wycheproof, err)
	}
	text, err := os.ReadFile(filepath.Join(dir, file))
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		NumberOfTests int
		TestGroups    []T
	}
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	if document.NumberOfTests != want {
		t.Errorf("%d vectors, want %d", document.NumberOfTests, want)
	}
	return document.TestGroups
}
