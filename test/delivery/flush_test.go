package delivery

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// fakeAWS replaces the AWS CLI: it records how it is called, and has the resources of
// some stacks. describe-stack-resources is not among them: it returns only the first 100
// resources (CloudFormation API reference).
const fakeAWS = `#!/bin/sh
echo "$*" >>"$CALLS"
case "$*" in
*"list-stack-resources --stack-name Shop-prod "* | *"list-stack-resources --stack-name Shop-dev "*) echo abc123 ;;
*"list-stack-resources --stack-name Shop-empty "*) ;;
*--stack-name*) echo "Stack does not exist" >&2; exit 254 ;;
esac
`

func TestFlushEmptiesTheCacheOfTheChosenStage(t *testing.T) {
	for _, test := range []struct {
		name, stage, flushed string
		fails                bool
		says                 string
	}{
		{"the default stage", "", "abc123 --stage-name prod", false, "the result cache of Shop-prod is empty"},
		{"another stage", "dev", "abc123 --stage-name dev", false, "the result cache of Shop-dev is empty"},
		{"a stage that is not deployed", "test", "", true, "the API of the stack Shop-test cannot be found"},
		{"a stack without an API", "empty", "", true, "the API of the stack Shop-empty cannot be found"},
	} {
		t.Run(test.name, func(t *testing.T) {
			folder := t.TempDir()
			write(t, filepath.Join(folder, "aws"), fakeAWS)
			if err := os.Chmod(filepath.Join(folder, "aws"), 0o755); err != nil {
				t.Fatal(err)
			}
			calls := filepath.Join(folder, "calls")
			output, err := flush(t, folder+":"+os.Getenv("PATH"), test.stage, "CALLS="+calls)
			if (err != nil) != test.fails || !strings.Contains(output, test.says) {
				t.Errorf("got %v, %s; want it to say %q", err, output, test.says)
			}
			called, _ := os.ReadFile(calls)
			_, flushed, _ := strings.Cut(string(called), "apigateway flush-stage-authorizers-cache --rest-api-id ")
			if strings.TrimSpace(flushed) != test.flushed {
				t.Errorf("got the calls\n%swant the cache flushed with %q", called, test.flushed)
			}
		})
	}
}

func TestFlushSaysThatTheAWSCLIIsMissing(t *testing.T) {
	folder := t.TempDir() // has make and sh, but no aws
	for _, name := range []string{"make", "sh", "find", "sed", "grep"} {
		program, err := exec.LookPath(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(program, filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	output, err := flush(t, folder, "")
	if err == nil || !strings.Contains(output, "the AWS CLI is missing") {
		t.Errorf("got %v, %s; want it to say that the AWS CLI is missing", err, output)
	}
}

// flush runs make flush of a project with the API Shop, with this PATH and these
// variables.
func flush(t *testing.T, path, stage string, variables ...string) (output string, err error) {
	t.Helper()
	command := exec.Command("make", "--no-print-directory", "flush", "STAGE="+stage)
	command.Dir = emptyProject(t)
	command.Env = append(append(os.Environ(), "PATH="+path, "AWS_PROFILE=test"), variables...)
	text, err := command.CombinedOutput()
	return string(text), err
}

// emptyProject returns a folder with the Makefile, its scripts and the API Shop, without
// functions.
func emptyProject(t *testing.T) (folder string) {
	t.Helper()
	folder = t.TempDir()
	copyMakefile(t, folder)
	for _, script := range []string{"infra/flush.sh", "infra/cli/context.js"} {
		text, err := os.ReadFile(filepath.Join(root, script))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(folder, script), string(text))
	}
	write(t, filepath.Join(folder, "infra", "routes.go"), "package main\n\nconst apiName = \"Shop\"\n")
	return folder
}
