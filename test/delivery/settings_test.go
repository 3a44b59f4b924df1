package delivery

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// What node and the CDK say about these mistakes is a stack trace, and "No stacks match".
func TestMistakesInTheFormOfSettingsAreReportedInOneSentence(t *testing.T) {
	for _, test := range []struct{ name, cdkJSON, context, want string }{
		{"a comma too many", `{"context": {"resultTtl": 0,}}`, "", "cdk.json: "},
		{"a setting without -c", `{"context": {}}`, "resultTtl=0", "use CONTEXT='-c resultTtl=0'"},
	} {
		t.Run(test.name, func(t *testing.T) {
			folder := emptyProject(t)
			write(t, filepath.Join(folder, "cdk.json"), test.cdkJSON)
			command := exec.Command("make", "--no-print-directory", "settings", "CONTEXT="+test.context)
			command.Dir = folder
			command.Env = append(os.Environ(), "MAKEFLAGS=", "MAKELEVEL=") // of make test
			output, err := command.CombinedOutput()
			sentence, _, _ := strings.Cut(string(output), "\nmake: ") // make's own line follows
			if err == nil || !strings.Contains(sentence, test.want) || strings.Contains(strings.TrimSpace(sentence), "\n") {
				t.Errorf("got %v, %q; want one sentence with %q", err, output, test.want)
			}
		})
	}
}
