package template

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
)

// This file reads nested stacks: the resources of the type AWS::CloudFormation::Stack
// whose template is in the assembly.

// readNested reads the stacks that are nested in s, and those nested in them.
func (a *Assembly) readNested(s *Stack) error {
	for _, r := range s.Resources {
		if r.Type != nestedType {
			continue
		}
		file := a.nestedTemplate(r)
		if file == "" {
			continue // the reader of the API reports it if it concerns the API
		}
		name, err := r.Name()
		if err != nil {
			return err
		}
		r.Nested = &Stack{
			Name: name, Region: s.Region, AccountID: s.AccountID,
			Parent: r, assembly: a, path: file, artifact: s.artifact, after: s.after,
		}
		if err := a.readStack(r.Nested); errors.Is(err, fs.ErrNotExist) {
			r.Nested = nil
			continue
		} else if err != nil {
			return fmt.Errorf("stack %s: %s (%s): %w", s.Name, r.LogicalID, r.Type, err)
		}
		if err := a.readNested(r.Nested); err != nil {
			return err
		}
	}
	return nil
}

// nestedTemplate is the path of a nested stack's template, "" if it is not in the
// assembly. CDK names the file in the metadata. Otherwise it is the asset with the key in
// the URL.
func (a *Assembly) nestedTemplate(r *Resource) string {
	if file, ok := r.metadata["aws:asset:path"].(string); ok {
		if filepath.IsAbs(file) {
			return file
		}
		return filepath.Join(filepath.Dir(r.Stack.path), file)
	}
	url, _, err := r.Stack.Evaluate(r.Properties["TemplateURL"])
	asset, ok := a.assets[path.Base(url)]
	if err != nil || !ok || !asset.file {
		return ""
	}
	return asset.path
}
