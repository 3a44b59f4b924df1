package gateway

import (
	"archive/zip"
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

// This file reads a cloud assembly, the folder that `cdk synth` writes.

// An assembly is every stack of a cloud assembly, and the assets of all.
type assembly struct {
	stacks []*stack
	assets map[string]asset // by S3 key
}

// An asset is what CDK would upload under its S3 key.
type asset struct {
	path      string
	packaging string // "zip": path is a folder; "file": path is the object itself
}

// A stack is one CloudFormation template and the environment it is meant for.
type stack struct {
	assembly   *assembly
	name       string
	region     string
	account    string
	parameters map[string]string // given by the caller, over the defaults

	Parameters map[string]struct {
		Type    string
		Default any
	}
	Conditions map[string]any
	Mappings   map[string]map[string]map[string]any
	Resources  map[string]declaration
	Outputs    map[string]struct {
		Value  any
		Export struct{ Name any }
	}
}

// A declaration is a resource of a template, as written.
type declaration struct {
	Type       string
	Condition  string
	Properties map[string]any
}

func readAssembly(dir string, o Options) (*assembly, error) {
	a := &assembly{assets: map[string]asset{}}
	if err := a.readManifest(dir, o); err != nil {
		return nil, err
	}
	if len(a.stacks) == 0 {
		return nil, fmt.Errorf("%s has no stack: run cdk synth and give the folder it wrote", dir)
	}
	slices.SortFunc(a.stacks, func(x, y *stack) int { return cmp.Compare(x.name, y.name) })
	return a, nil
}

// readManifest follows manifest.json (its schema: aws-cdk's cloud-assembly-schema)
// to templates, asset manifests and the assemblies of CDK stages.
func (a *assembly) readManifest(dir string, o Options) error {
	var manifest struct {
		Artifacts map[string]struct {
			Type        string
			Environment string
			Properties  struct {
				TemplateFile  string
				StackName     string
				File          string
				DirectoryName string
			}
		}
	}
	path := filepath.Join(dir, "manifest.json")
	if err := readJSON(path, &manifest); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is not a cloud assembly, it has no manifest.json: run cdk synth and give the folder it wrote", dir)
	} else if err != nil {
		return err
	}
	for _, id := range slices.Sorted(maps.Keys(manifest.Artifacts)) {
		artifact := manifest.Artifacts[id]
		p := artifact.Properties
		var err error
		switch artifact.Type {
		case "aws:cloudformation:stack":
			account, region := environment(artifact.Environment)
			s := &stack{
				assembly:   a,
				name:       cmp.Or(p.StackName, id),
				region:     cmp.Or(o.Region, region, defaultRegion),
				account:    cmp.Or(o.AccountID, account, defaultAccountID),
				parameters: o.Parameters,
			}
			err = readJSON(filepath.Join(dir, p.TemplateFile), s)
			a.stacks = append(a.stacks, s)
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

// environment splits aws://ACCOUNT/REGION, where an environment-agnostic stack
// has "unknown-account" and "unknown-region".
func environment(url string) (account, region string) {
	account, region, _ = strings.Cut(strings.TrimPrefix(url, "aws://"), "/")
	if strings.HasPrefix(account, "unknown") {
		account = ""
	}
	if strings.HasPrefix(region, "unknown") {
		region = ""
	}
	return account, region
}

func (a *assembly) readAssets(dir, file string) error {
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
			a.assets[destination.ObjectKey] = asset{path, f.Source.Packaging}
		}
	}
	return nil
}

// folder returns where the asset's files are. One that was zipped before
// synthesis is unpacked into a folder below dir.
func (s asset) folder(dir string) (string, error) {
	if s.packaging != "file" {
		return s.path, nil
	}
	archive, err := zip.OpenReader(s.path)
	if err != nil {
		return "", fmt.Errorf("%s: %w: a function's asset must be a folder or a zip file", s.path, err)
	}
	defer archive.Close()
	target, err := os.MkdirTemp(dir, "asset")
	if err != nil {
		return "", err
	}
	if err := os.CopyFS(target, archive); err != nil {
		return "", err
	}
	// An archive made on a system without execute bits runs on Lambda all the same.
	if err := os.Chmod(filepath.Join(target, "bootstrap"), 0o755); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	return target, nil
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
