package template

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// cfn is a part of a CloudFormation template.
type cfn = map[string]any

func ref(id string) any { return cfn{"Ref": id} }

func getAtt(id, attribute string) any { return cfn{"Fn::GetAtt": []any{id, attribute}} }

// read returns the only stack, "Fixture", of an assembly with the template.
func read(t *testing.T, template cfn, o Options) *Stack {
	t.Helper()
	a, err := Read(assembly(t, map[string]cfn{"Fixture": template}), o)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range a.Stacks {
		if s.Name == "Fixture" {
			return s
		}
	}
	t.Fatal("there is no stack Fixture")
	return nil
}

// assembly writes a cloud assembly. The name of a stack may be followed by the names of
// those that it depends on: "Routes Api". A name with a dot is a file beside the stacks.
func assembly(t *testing.T, templates map[string]cfn) (dir string) {
	t.Helper()
	dir = t.TempDir()
	write := func(name string, v any) {
		content, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	artifacts := cfn{}
	for name, template := range templates {
		if strings.Contains(name, ".") {
			write(name, template)
			continue
		}
		names := strings.Fields(name)
		artifacts[names[0]] = cfn{
			"type": "aws:cloudformation:stack", "environment": "aws://unknown-account/unknown-region",
			"properties": cfn{"templateFile": names[0] + ".template.json"}, "dependencies": names[1:],
		}
		write(names[0]+".template.json", template)
	}
	write("manifest.json", cfn{"artifacts": artifacts})
	return dir
}
