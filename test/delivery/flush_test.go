package delivery

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// fakeAWS stands in for the AWS CLI: it writes down how it is called, and knows one stack.
const fakeAWS = `#!/bin/sh
echo "$*" >>"$CALLS"
case "$*" in
*"--stack-name AccountApi-prod "* | *"--stack-name AccountApi-dev "*) echo abc123 ;;
*"--stack-name AccountApi-empty "*) ;;
*--stack-name*) echo "Stack does not exist" >&2; exit 254 ;;
esac
`

func TestFlushEmptiesTheCacheOfTheChosenStage(t *testing.T) {
	for _, test := range []struct {
		name, stage, flushed string
		fails                bool
		says                 string
	}{
		{"the default stage", "", "--rest-api-id abc123 --stage-name prod", false, "the result cache of AccountApi-prod is empty"},
		{"another stage", "dev", "--rest-api-id abc123 --stage-name dev", false, "the result cache of AccountApi-dev is empty"},
		{"a stage that is not deployed", "test", "", true, "the API of the stack AccountApi-test cannot be found"},
		{"a stack without an API", "empty", "", true, "the API of the stack AccountApi-empty cannot be found"},
	} {
		t.Run(test.name, func(t *testing.T) {
			folder := t.TempDir()
			write(t, filepath.Join(folder, "aws"), fakeAWS)
			if err := os.Chmod(filepath.Join(folder, "aws"), 0o755); err != nil {
				t.Fatal(err)
			}
			calls := filepath.Join(folder, "calls")
			output, err := flush(folder+":"+os.Getenv("PATH"), test.stage, "CALLS="+calls)
			if (err != nil) != test.fails || !strings.Contains(output, test.says) {
				t.Errorf("got %v, %s; want it to say %q", err, output, test.says)
			}
			called, _ := os.ReadFile(calls)
			_, flushed, _ := strings.Cut(string(called), "apigateway flush-stage-authorizers-cache ")
			if strings.TrimSpace(flushed) != test.flushed {
				t.Errorf("got the calls\n%swant the cache flushed with %q", called, test.flushed)
			}
		})
	}
}

func TestFlushSaysThatTheAWSCLIIsMissing(t *testing.T) {
	folder := t.TempDir() // has make and sh, but no aws
	for _, name := range []string{"make", "sh", "sed", "grep"} {
		program, err := exec.LookPath(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(program, filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	output, err := flush(folder, "")
	if err == nil || !strings.Contains(output, "the AWS CLI is missing") {
		t.Errorf("got %v, %s; want it to say that the AWS CLI is missing", err, output)
	}
}

// flush runs make flush with this PATH and these variables.
func flush(path, stage string, variables ...string) (output string, err error) {
	command := exec.Command("make", "--no-print-directory", "flush", "STAGE="+stage)
	command.Dir = root
	command.Env = append(append(os.Environ(), "PATH="+path, "AWS_PROFILE=test"), variables...)
	text, err := command.CombinedOutput()
	return string(text), err
}
