package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The CDK CLI is replaced by a script that prints what the CLI prints about a new stack.
func TestDiffShowsNamesInsteadOfJSON(t *testing.T) {
	skipIfDeployed(t, "nothing is deployed for that")
	folder := t.TempDir()
	copySources(t, folder)
	script := `#!/bin/sh
test "$1" = diff || exit 0
printf '\033[32m[+]\033[39m Parameter Boot Boot: {"Type":"String"}\n[+] Condition A/B C: {"Fn::Or":[]}\n' >&2
echo '[+] Output ApiUrl ApiUrl: {"Value":{"Ref":"Api"}}'
echo '[+] AWS::Logs::LogGroup Logs Logs1'
echo ' └─ [~] .Variables: {"a":"b"}'
exit $CODE
`
	// In this order: make installs the CLI if the lock file is newer than what is installed.
	for _, f := range []struct{ file, text string }{
		{"cdk", script}, {"infra/cli/package-lock.json", "{}"}, {"installed", ""},
	} {
		path := filepath.Join(folder, filepath.FromSlash(f.file))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(f.text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	const want = "\x1b[32m[+]\x1b[39m Parameter Boot Boot\n[+] Condition A/B C\n[+] Output ApiUrl ApiUrl\n" +
		"[+] AWS::Logs::LogGroup Logs Logs1\n └─ [~] .Variables: {\"a\":\"b\"}\n"
	for code, fails := range map[string]bool{"0": false, "1": true} {
		run := exec.Command("make", "--no-print-directory", "-s", "diff", "CDK=./cdk", "CDK_CLI=installed")
		run.Dir = folder
		run.Env = append(os.Environ(), "AWS_PROFILE=x", "CODE="+code, "MAKEFLAGS=", "MAKELEVEL=")
		output, err := run.CombinedOutput()
		if !strings.HasPrefix(string(output), want) || (err != nil) != fails {
			t.Errorf("exit code %s of the CDK: got %v\n%s\nwant\n%s", code, err, output, want)
		}
	}
}
