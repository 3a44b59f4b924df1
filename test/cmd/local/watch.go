package main

import (
	"context"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// watch calls changed whenever source files of the functions or the stack are not as they
// were before, until ctx ends, with the parts of the project that they belong to. It
// polls the files, which is simpler than notifications and fast enough.
func watch(ctx context.Context, root string, before map[string]version, changed func(parts []string)) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			now := sources(root)
			if parts := difference(before, now); len(parts) > 0 {
				before = now
				changed(parts)
			}
		}
	}
}

// The parts of the project. A folder of lambdas with one function is a part of its own.
const (
	sharedPart = "lambdas" // what all functions are built from
	stackPart  = "infra"
)

// part returns the part that a source file belongs to, "" for any other file.
func part(path string) string {
	name := filepath.Base(path)
	if (!strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go")) && name != "go.mod" && name != "cdk.json" {
		return ""
	}
	folders := strings.Split(filepath.ToSlash(path), "/")
	if folders[0] != "lambdas" {
		return stackPart
	}
	if len(folders) == 3 && folders[1] != "internal" {
		return filepath.Join("lambdas", folders[1])
	}
	return sharedPart
}

// version differs between two states of a part.
type version struct {
	modified time.Time
	files    int
}

// sources returns the state of every part.
func sources(root string) map[string]version {
	parts := map[string]version{}
	look := func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() && entry.Name() == "node_modules" {
			return filepath.SkipDir
		}
		relative, relErr := filepath.Rel(root, path)
		if err != nil || relErr != nil || entry.IsDir() || part(relative) == "" {
			return nil // the build reports a file that cannot be read
		}
		if info, err := entry.Info(); err == nil {
			v := parts[part(relative)]
			v.files++
			if info.ModTime().After(v.modified) {
				v.modified = info.ModTime()
			}
			parts[part(relative)] = v
		}
		return nil
	}
	for _, place := range []string{"lambdas", "infra", "cdk.json"} {
		_ = filepath.WalkDir(filepath.Join(root, place), look)
	}
	return parts
}

// difference returns the parts that are not the same in both states.
func difference(before, now map[string]version) (parts []string) {
	for part, v := range now {
		if before[part] != v {
			parts = append(parts, part)
		}
	}
	for part := range before {
		if _, ok := now[part]; !ok {
			parts = append(parts, part)
		}
	}
	slices.Sort(parts)
	return parts
}
