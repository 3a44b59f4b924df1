package delivery

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// snippets returns the code blocks in this language of a section (###) of
// lambdas/README.md.
func snippets(t *testing.T, title, language string) string {
	t.Helper()
	return section(t, "### "+title, language)
}

// section returns the code blocks in this language below a heading of lambdas/README.md,
// without what is below the next heading.
func section(t *testing.T, heading, language string) string {
	t.Helper()
	readme, err := os.ReadFile(filepath.Join(root, "lambdas", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, text, found := strings.Cut(string(readme), "\n"+heading+"\n")
	if !found {
		t.Fatalf("lambdas/README.md has no heading %q", heading)
	}
	text, _, _ = strings.Cut(text, "\n##")
	var all strings.Builder
	for _, block := range regexp.MustCompile("(?s)\n```"+language+"\n(.*?)```\n").FindAllStringSubmatch(text, -1) {
		all.WriteString(block[1])
	}
	if all.Len() == 0 {
		t.Fatalf("below %q there is no code in %s", heading, language)
	}
	return all.String()
}

// Three places have the form of the Authorization header, and must be the same.
func TestREADMEHasTheValidationExpressionOfTheStack(t *testing.T) {
	stack, err := os.ReadFile(filepath.Join(root, "infra", "stack.go"))
	if err != nil {
		t.Fatal(err)
	}
	_, want, found := strings.Cut(string(stack), "const bearerCredentials = `")
	want, _, _ = strings.Cut(want, "`")
	if !found {
		t.Fatal("infra/stack.go has no constant bearerCredentials")
	}
	for _, test := range []struct{ section, language, line string }{
		{"With the CDK in TypeScript", "ts", `validationRegex: "` + want + `"`},
		{"With SAM", "yaml", `ValidationExpression: "` + want + `"`},
	} {
		if !strings.Contains(snippets(t, test.section, test.language), test.line) {
			t.Errorf("%s: got no line with %s", test.section, test.line)
		}
	}
}

// The commands of the READMEs are at least valid shell.
func TestCommandsOfTheREADMEsAreValidShell(t *testing.T) {
	for _, name := range []string{
		"README.md", "infra/README.md", "lambdas/README.md", "test/README.md", ".github/CONTRIBUTING.md",
	} {
		readme, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		blocks := regexp.MustCompile("(?s)\n *```sh\n(.*?)```\n").FindAllStringSubmatch(string(readme), -1)
		if len(blocks) == 0 {
			t.Errorf("%s: got no commands", name)
		}
		for _, block := range blocks {
			check := exec.Command("sh", "-n")
			check.Stdin = strings.NewReader(block[1])
			if output, err := check.CombinedOutput(); err != nil {
				t.Errorf("%s: %v: %s\n%s", name, err, output, block[1])
			}
		}
	}
}
