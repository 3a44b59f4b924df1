package template

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const (
	defaultRegion    = "us-east-1"
	defaultAccountID = "123456789012"
)

// Read reads the cloud assembly in the folder dir. It is an error if the folder is no
// cloud assembly, has no stack, or has a file that cannot be read.
func Read(dir string, o Options) (*Assembly, error) {
	a := &Assembly{assets: map[string]Asset{}}
	if err := a.readManifest(dir, o); err != nil {
		return nil, err
	}
	if len(a.Stacks) == 0 {
		return nil, fmt.Errorf("%s has no stack: run cdk synth and give the folder it wrote", dir)
	}
	if err := checkParameterNames(a.Stacks, o.Parameters); err != nil {
		return nil, err
	}
	for _, s := range slices.Clone(a.Stacks) {
		if err := a.readNested(s); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(a.Stacks, func(x, y *Stack) int { return cmp.Compare(x.Name, y.Name) })
	return a, nil
}

// readManifest follows manifest.json to templates, asset manifests and the assemblies of
// CDK stages
// (https://github.com/aws/aws-cdk-cli/tree/main/packages/@aws-cdk/cloud-assembly-schema).
func (a *Assembly) readManifest(dir string, o Options) error {
	var manifest struct {
		Artifacts map[string]struct {
			Type         string
			Environment  string
			Dependencies []string
			Properties   struct {
				TemplateFile  string
				StackName     string
				File          string
				DirectoryName string
			}
		}
	}
	path := filepath.Join(dir, "manifest.json")
	if err := readJSON(path, &manifest); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is not a cloud assembly, it has no manifest.json: %s", dir, adviceFor(dir))
	} else if err != nil {
		return err
	}
	for _, id := range slices.Sorted(maps.Keys(manifest.Artifacts)) {
		artifact := manifest.Artifacts[id]
		p := artifact.Properties
		var err error
		switch artifact.Type {
		case "aws:cloudformation:stack":
			account, region := splitEnvironment(artifact.Environment)
			err = a.readStack(&Stack{
				Name:       cmp.Or(p.StackName, id),
				Region:     cmp.Or(o.Region, region, defaultRegion),
				AccountID:  cmp.Or(o.AccountID, account, defaultAccountID),
				assembly:   a,
				path:       filepath.Join(dir, p.TemplateFile),
				artifact:   id,
				after:      artifact.Dependencies,
				parameters: o.Parameters,
			})
		case "cdk:asset-manifest":
			err = a.readAssets(dir, p.File)
		case "cdk:cloud-assembly":
			err = a.readManifest(filepath.Join(dir, p.DirectoryName), o)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// splitEnvironment splits aws://ACCOUNT/REGION, where a stack for any environment has
// "unknown-account" and "unknown-region".
func splitEnvironment(url string) (account, region string) {
	account, region, _ = strings.Cut(strings.TrimPrefix(url, "aws://"), "/")
	if strings.HasPrefix(account, "unknown") {
		account = ""
	}
	if strings.HasPrefix(region, "unknown") {
		region = ""
	}
	return account, region
}

// adviceFor says what to do with a folder that is no cloud assembly.
func adviceFor(dir string) string {
	for _, name := range []string{"template.yaml", "template.yml", "samconfig.toml"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			return "it looks like a SAM application, which the local gateway does not serve: " +
				"describe the API with CDK's RestApi"
		}
	}
	return "run cdk synth and give the folder it wrote"
}

func (a *Assembly) readStack(s *Stack) error {
	if err := readJSON(s.path, &s.document); err != nil {
		return err
	}
	for _, id := range slices.Sorted(maps.Keys(s.document.Resources)) {
		if isMacro(id) {
			continue // an error of the stack: see Macros
		}
		var d declaration
		if err := json.Unmarshal(s.document.Resources[id], &d); err != nil {
			return fmt.Errorf("%s: resource %s: %w", s.path, id, err)
		}
		s.Resources = append(s.Resources, &Resource{
			Stack: s, LogicalID: id, Type: d.Type, Properties: d.Properties,
			condition: d.Condition, dependsOn: stringsIn(d.DependsOn), metadata: d.Metadata,
		})
	}
	a.Stacks = append(a.Stacks, s)
	return nil
}

func (a *Assembly) readAssets(dir, file string) error {
	var manifest struct {
		Files map[string]struct {
			Source       struct{ Path, Packaging string }
			Destinations map[string]struct{ ObjectKey string }
		}
	}
	if err := readJSON(filepath.Join(dir, file), &manifest); err != nil {
		return err
	}
	for _, f := range manifest.Files {
		path := f.Source.Path
		if !filepath.IsAbs(path) {
			path = filepath.Join(dir, path)
		}
		for _, destination := range f.Destinations {
			a.assets[destination.ObjectKey] = Asset{path, f.Source.Packaging == "file"}
		}
	}
	return nil
}

func readJSON(path string, v any) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(content, v); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
