package e2e

import (
	"crypto/sha256"
	"debug/buildinfo"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// shippedGo is the version of Go that everything deployed is built with.
const shippedGo = "go1.26.11"

// built is what a build makes of one function: its content and the permissions of the
// file and its folder.
type built struct{ hash, file, folder string }

// The same sources give the same bytes in any folder, with any umask, with or without
// git. Otherwise every deploy from another machine would replace functions that have not
// changed. The permissions are part of what is deployed, but not of the asset's hash: a
// function that Lambda may not read would stay so.
func TestBuildsInDifferentFoldersWithAnyUmaskAndWithGitAreIdentical(t *testing.T) {
	skipIfDeployed(t, "nothing is built for that")
	want := map[string]built{}
	for _, test := range []struct{ name, command string }{
		{"in a plain folder", ":"},
		{"in git", "git init -q && git add . && git -c user.name=x -c user.email=x commit -qm x"},
		{"with the umask of a hardened machine", "umask 077"},
	} {
		folder := filepath.Join(t.TempDir(), test.name)
		copySources(t, folder)
		makeLambdas(t, folder, test.command)
		got := functions(t, folder)
		if len(want) == 0 {
			want = got
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, want %+v", test.name, got, want)
		}
	}
	for function, b := range want {
		if b.file != "755" || b.folder != "755" {
			t.Errorf("%s: got permissions %s in a folder with %s, want 755 in 755", function, b.file, b.folder)
		}
	}
}

func TestDeployedFunctionsAreBuiltByThePinnedGo(t *testing.T) {
	skipIfDeployed(t, "nothing is built for that")
	if output, err := goVersion(shippedGo); err != nil {
		t.Skipf("skipped: %s cannot be downloaded here: %s", shippedGo, output)
	}
	folder := t.TempDir()
	copySources(t, folder)
	makeLambdas(t, folder, ":")
	for function, version := range versions(t, folder) {
		if version != shippedGo {
			t.Errorf("%s is built by %s, want %s", function, version, shippedGo)
		}
	}

	// What was built with the override must not be taken for what is deployed.
	atHand, err := goVersion("local")
	if err != nil {
		t.Fatal(atHand)
	}
	for _, test := range []struct{ command, want string }{
		{"export LAMBDA_GO=local", strings.Fields(atHand)[2]}, {":", shippedGo},
	} {
		makeLambdas(t, folder, test.command)
		for function, version := range versions(t, folder) {
			if version != test.want {
				t.Errorf("after %q: %s is built by %s, want %s", test.command, function, version, test.want)
			}
		}
	}
}

func TestMissingGoVersionStopsTheBuildWithOneSentence(t *testing.T) {
	skipIfDeployed(t, "nothing is built for that")
	folder := t.TempDir()
	copySources(t, folder)
	run := exec.Command("make", "--no-print-directory", "-s", "lambdas", "LAMBDA_GO=go1.26.99")
	run.Dir = folder
	run.Env = append(os.Environ(), "GOPROXY=off")
	output, err := run.CombinedOutput()
	sentence, _, _ := strings.Cut(string(output), "\nmake") // make's own line follows
	if err == nil || strings.Contains(sentence, "\n") || !strings.Contains(sentence, "go1.26.99 cannot be downloaded") ||
		!strings.Contains(sentence, "make lambdas LAMBDA_GO=local") {
		t.Errorf("got %v, %q; want one sentence that names the version and the override", err, output)
	}
	if left, _ := filepath.Glob(filepath.Join(folder, ".build", "lambdas", "*", "bootstrap")); len(left) > 0 {
		t.Errorf("got %v, want nothing built", left)
	}
}

// goVersion returns what the Go toolchain of this name says about itself.
func goVersion(toolchain string) (string, error) {
	command := exec.Command("go", "version")
	command.Env = append(os.Environ(), "GOTOOLCHAIN="+toolchain)
	output, err := command.CombinedOutput()
	return strings.TrimSpace(string(output)), err
}

// copySources copies what the functions are built from into folder.
func copySources(t *testing.T, folder string) {
	t.Helper()
	if err := os.CopyFS(filepath.Join(folder, "lambdas"), os.DirFS(filepath.Join(root, "lambdas"))); err != nil {
		t.Fatal(err)
	}
	for _, other := range []string{"infra", "test/bench/contestants"} { // the Makefile lists their files
		if err := os.MkdirAll(filepath.Join(folder, other), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "Makefile"), makefile, 0o644); err != nil {
		t.Fatal(err)
	}
}

// makeLambdas runs a command of the shell in folder and then builds as a deploy does;
// without the pinned version of Go, with the installed Go.
func makeLambdas(t *testing.T, folder, command string) {
	t.Helper()
	if _, err := goVersion(shippedGo); err != nil {
		command += "; export LAMBDA_GO=local"
	}
	run := exec.Command("sh", "-ec", command+"; make --no-print-directory -s lambdas")
	run.Dir = folder
	if output, err := run.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
}

// bootstraps returns the built functions in folder by name.
func bootstraps(t *testing.T, folder string) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, ".build", "lambdas", "*", "bootstrap"))
	if err != nil || len(files) < 2 {
		t.Fatalf("got %v, %v; want the authorizer and at least one more function", files, err)
	}
	found := map[string]string{}
	for _, file := range files {
		found[filepath.Base(filepath.Dir(file))] = file
	}
	return found
}

func functions(t *testing.T, folder string) map[string]built {
	t.Helper()
	found := map[string]built{}
	for name, file := range bootstraps(t, folder) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		b := built{hash: fmt.Sprintf("%x", sha256.Sum256(text))}
		for path, mode := range map[string]*string{file: &b.file, filepath.Dir(file): &b.folder} {
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			*mode = fmt.Sprintf("%o", info.Mode().Perm())
		}
		found[name] = b
	}
	return found
}

// versions returns the version of Go that each function in folder is built by.
func versions(t *testing.T, folder string) map[string]string {
	t.Helper()
	found := map[string]string{}
	for name, file := range bootstraps(t, folder) {
		info, err := buildinfo.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		found[name] = info.GoVersion
	}
	return found
}
