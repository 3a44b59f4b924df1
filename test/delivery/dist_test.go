package delivery

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"debug/buildinfo"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A release can be compared with a build of one's own only if the same sources give the
// same bytes in any folder and with any umask.
func TestDistIsTheSameInAnyFolderWithAnyUmask(t *testing.T) {
	first := dist(t, filepath.Join(t.TempDir(), "first"), ":")
	second := dist(t, filepath.Join(t.TempDir(), "second", "with another path"), "umask 077")
	sorted := []string{"authorizer-linux-amd64.zip", "authorizer-linux-arm64.zip", "modules.txt"}
	for _, name := range append(sorted, "SHA256SUMS") {
		if len(first[name]) == 0 || !bytes.Equal(first[name], second[name]) {
			t.Errorf("%s: got %d and %d bytes, want the same bytes twice", name, len(first[name]), len(second[name]))
		}
	}
	if len(first) != 4 {
		t.Errorf("got %d files, want 4", len(first))
	}

	var sums strings.Builder
	for _, name := range sorted {
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(first[name]), name)
	}
	if got := string(first["SHA256SUMS"]); got != sums.String() {
		t.Errorf("SHA256SUMS: got\n%swant\n%s", got, &sums)
	}
	for _, module := range []string{"github.com/aws/aws-lambda-go", "github.com/lestrrat-go/jwx/v2"} {
		if !strings.Contains(string(first["modules.txt"]), "\tdep\t"+module+"\tv") {
			t.Errorf("modules.txt does not have %s:\n%s", module, first["modules.txt"])
		}
	}
	for _, arch := range []string{"amd64", "arm64"} {
		checkZip(t, first["authorizer-linux-"+arch+".zip"], arch)
	}
}

// checkZip checks that a zip file holds one executable that Lambda can start.
func checkZip(t *testing.T, content []byte, arch string) {
	t.Helper()
	archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	if len(archive.File) != 1 || archive.File[0].Name != "bootstrap" || archive.File[0].Mode() != 0o755 {
		t.Fatalf("%s: got %+v, want one file bootstrap with the permissions 755", arch, archive.File)
	}
	entry, err := archive.File[0].Open()
	if err != nil {
		t.Fatal(err)
	}
	program, err := io.ReadAll(entry)
	if err != nil {
		t.Fatal(err)
	}
	info, err := buildinfo.Read(bytes.NewReader(program))
	if err != nil {
		t.Fatal(err)
	}
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	if !strings.HasSuffix(info.Path, "/lambdas/authorizer") || settings["GOOS"] != "linux" || settings["GOARCH"] != arch {
		t.Errorf("%s: got the program %s for %s/%s", arch, info.Path, settings["GOOS"], settings["GOARCH"])
	}
}

// dist copies what make dist reads into folder, runs a command of the shell and make dist
// there, and returns the files that it makes.
func dist(t *testing.T, folder, command string) map[string][]byte {
	t.Helper()
	for _, name := range []string{"lambdas", "test/cmd/dist"} {
		if err := os.CopyFS(filepath.Join(folder, name), os.DirFS(filepath.Join(root, name))); err != nil {
			t.Fatal(err)
		}
	}
	copyMakefile(t, folder)
	for _, name := range []string{"test/go.mod", "test/go.sum"} {
		content, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(folder, name), string(content))
	}
	// Without the pinned version of Go, the installed one shows the same.
	pinned := exec.Command("go", "version")
	pinned.Env = append(os.Environ(), "GOTOOLCHAIN=go1.26.11")
	if pinned.Run() != nil {
		command += "; export LAMBDA_GO=local"
	}
	run(t, folder, "sh", "-ec", command+"; make --no-print-directory -s dist")

	files := map[string][]byte{}
	made, err := os.ReadDir(filepath.Join(folder, ".build", "dist"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range made {
		content, err := os.ReadFile(filepath.Join(folder, ".build", "dist", file.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[file.Name()] = content
	}
	return files
}
