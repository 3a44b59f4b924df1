package delivery

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// What an assembly of this project has in the files that the step reads.
const (
	manifest = `{"artifacts":{
		"Shop-dev.assets":{"type":"cdk:asset-manifest","properties":{"file":"Shop-dev.assets.json"}},
		"Shop-dev":{"type":"aws:cloudformation:stack","properties":{"templateFile":"Shop-dev.template.json"}},
		"Tree":{"type":"cdk:tree","properties":{"file":"tree.json"}}}}`
	assets = `{"files":{"1":{"source":{"path":"asset.1","packaging":"zip"}}},"dockerImages":{}}`
)

// The jobs with credentials of AWS run no command that the assembly from the job build
// names: its tests and their dependencies could have written it.
func TestDeploymentTakesNoAssemblyThatNamesACommand(t *testing.T) {
	if _, err := exec.LookPath("jq"); err != nil {
		t.Skip("skipped: jq is missing")
	}
	step := unpackStep(t)
	command := strings.Replace(assets, `"path":"asset.1"`, `"executable":["sh"]`, 1)
	for _, test := range []struct {
		name, file, content string
		unpacks             bool
	}{
		{"an assembly of this project", "", "", true},
		{"a command for a file", "Shop-dev.assets.json", command, false},
		{"a command besides a path", "Shop-dev.assets.json",
			strings.Replace(assets, `"path"`, `"executable":["sh"],"path"`, 1), false},
		{"neither a path nor a command", "Shop-dev.assets.json", strings.Replace(assets, `"path"`, `"file"`, 1), false},
		{"a Docker image", "Shop-dev.assets.json", strings.Replace(assets, `{}`, `{"1":{"source":{"executable":["sh"]}}}`, 1), false},
		{"a command in an asset manifest with another name", "manifest.json",
			strings.Replace(manifest, "Shop-dev.assets.json", "asset.1", 1), false},
		{"a command in an asset manifest in another folder", "manifest.json",
			strings.Replace(manifest, "Shop-dev.assets.json", "asset.1/x.assets.json", 1), false},
		{"a command in a hidden asset manifest", "manifest.json",
			strings.Replace(manifest, "Shop-dev.assets.json", ".x.assets.json", 1), false},
		{"an assembly in the assembly", "manifest.json",
			strings.Replace(manifest, "cdk:tree", "cdk:cloud-assembly", 1), false},
		{"no manifest of artifacts", "manifest.json", `{}`, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			folder := t.TempDir()
			for _, stage := range []string{"dev", "prod"} {
				write(t, filepath.Join(folder, "built", stage, "manifest.json"), manifest)
				write(t, filepath.Join(folder, "built", stage, "Shop-dev.assets.json"), assets)
			}
			if test.file != "" {
				write(t, filepath.Join(folder, "built", "prod", test.file), test.content)
			}
			run(t, folder, "tar", "-cf", "assemblies.tar", "-C", "built", "dev", "prod")
			script := exec.Command("bash", "-e", "-o", "pipefail", "-c", step) // as GitHub runs it
			script.Dir = folder
			output, err := script.CombinedOutput()
			if (err == nil) != test.unpacks {
				t.Errorf("got %v\n%s", err, output)
			}
		})
	}
}

// unpackStep returns the script of the step with the anchor unpack in deploy.yml.
func unpackStep(t *testing.T) (script string) {
	t.Helper()
	workflow, err := os.ReadFile(filepath.Join(root, ".github", "workflows", "deploy.yml"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(workflow), "- &unpack\n        run: |\n")
	for line := range strings.Lines(rest) {
		if !strings.HasPrefix(line, "          ") {
			break
		}
		script += line
	}
	if !found || !strings.Contains(script, "tar -xf assemblies.tar") {
		t.Fatal("deploy.yml has no step &unpack that unpacks the assemblies")
	}
	return script
}
