package template

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// cfn is a part of a CloudFormation template.
type cfn = map[string]any

func ref(id string) any { return cfn{"Ref": id} }

func getAtt(id, attribute string) any { return cfn{"Fn::GetAtt": []any{id, attribute}} }

// read returns the only stack, "Fixture", of an assembly with the template.
func read(t *testing.T, template cfn, o Options) *Stack {
	t.Helper()
	content, err := json.Marshal(template)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, content := range map[string]string{
		"manifest.json": `{"artifacts":{"Fixture":{"type":"aws:cloudformation:stack",
			"environment":"aws://unknown-account/unknown-region",
			"properties":{"templateFile":"Fixture.template.json"}}}}`,
		"Fixture.template.json": string(content),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	a, err := Read(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	return a.Stacks[0]
}
