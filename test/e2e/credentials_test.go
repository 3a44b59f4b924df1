package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// In a copy without the files of the stack nothing can be built: any other error than
// that of the missing credentials is the wrong one.
func TestTargetsThatNeedAWSStopBeforeTheBuildWithoutCredentials(t *testing.T) {
	skipIfDeployed(t, "nothing is deployed for that")
	folder := t.TempDir()
	copySources(t, folder)
	if _, err := makeWithoutCredentials(folder, "need-aws"); err == nil {
		t.Skip("skipped: this machine is an EC2 instance, which may have credentials")
	}
	for _, target := range []string{"deploy", "diff", "destroy"} {
		output, err := makeWithoutCredentials(folder, target)
		sentence, _, _ := strings.Cut(output, "\nmake") // make's own line follows
		if err == nil || strings.Contains(sentence, "\n") ||
			!strings.HasPrefix(sentence, "no AWS credentials: set AWS_PROFILE") {
			t.Errorf("make %s: got %v, %q; want one sentence about the credentials", target, err, output)
		}
		if _, err := os.Stat(filepath.Join(folder, ".build")); err == nil {
			t.Errorf("make %s has built something", target)
		}
	}
}

func TestCredentialsAreFoundWhereTheCDKLooksForThem(t *testing.T) {
	skipIfDeployed(t, "nothing is deployed for that")
	folder := t.TempDir()
	copySources(t, folder)
	if _, err := makeWithoutCredentials(folder, "need-aws"); err == nil {
		t.Skip("skipped: this machine is an EC2 instance, which may have credentials")
	}
	home := t.TempDir()
	file := func(name, text string) string {
		t.Helper()
		path := filepath.Join(home, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	file("keys/.aws/credentials", "[default]\naws_access_key_id = x\naws_secret_access_key = x\n")
	file("sso/.aws/config", "[default]\nsso_session = x\n")
	file("region/.aws/config", "[default]\nregion = eu-west-1\n")
	for _, test := range []struct {
		name, variables string // separated by spaces
		isFound         bool
	}{
		{"a key", "AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=x", true},
		{"a key without its secret", "AWS_ACCESS_KEY_ID=x", false},
		{"a profile", "AWS_PROFILE=x", true},
		{"a web identity", "AWS_WEB_IDENTITY_TOKEN_FILE=/x", true},
		{"a container", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/x", true},
		{"CloudShell", "AWS_CONTAINER_CREDENTIALS_FULL_URI=http://localhost/", true},
		{"the file of credentials", "HOME=" + home + "/keys", true},
		{"the file of settings", "HOME=" + home + "/sso", true},
		{"a file of settings with a region only", "HOME=" + home + "/region", false},
		{"another file of credentials", "AWS_SHARED_CREDENTIALS_FILE=" + home + "/keys/.aws/credentials", true},
		{"another file of settings", "AWS_CONFIG_FILE=" + home + "/sso/.aws/config", true},
	} {
		output, err := makeWithoutCredentials(folder, "need-aws", strings.Fields(test.variables)...)
		if (err == nil) != test.isFound {
			t.Errorf("%s: got %v %q, want credentials to be found: %t", test.name, err, output, test.isFound)
		}
	}
}

// makeWithoutCredentials runs make with these variables, and without the AWS variables
// and the home folder of the shell.
func makeWithoutCredentials(folder, target string, variables ...string) (output string, err error) {
	run := exec.Command("make", "--no-print-directory", "-s", target)
	run.Dir = folder
	environ := slices.DeleteFunc(os.Environ(), func(variable string) bool {
		return strings.HasPrefix(variable, "AWS_") || strings.HasPrefix(variable, "MAKE")
	})
	run.Env = append(append(environ, "HOME=/nonexistent"), variables...)
	text, err := run.CombinedOutput()
	return string(text), err
}
