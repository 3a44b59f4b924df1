package main

import (
	"context"
	"io/fs"
	"path/filepath"
	"strings"
	"time"
)

// watch calls changed whenever a source file of the functions or the stack has changed,
// until ctx ends. It polls the files twice a second, which is simpler than notifications
// and fast enough.
func watch(ctx context.Context, root string, changed func()) {
	newest := newestSource(root)
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if now := newestSource(root); now != newest {
				newest = now
				changed()
			}
		}
	}
}

// version differs between two states of the sources.
type version struct {
	modified time.Time
	files    int
}

func newestSource(root string) version {
	var v version
	look := func(path string, entry fs.DirEntry, err error) error {
		name := filepath.Base(path)
		source := strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") ||
			name == "go.mod" || name == "cdk.json"
		if err != nil || entry.IsDir() || !source {
			return nil // the build reports a file that cannot be read
		}
		if info, err := entry.Info(); err == nil {
			v.files++
			if info.ModTime().After(v.modified) {
				v.modified = info.ModTime()
			}
		}
		return nil
	}
	for _, place := range []string{"lambdas", "infra", "cdk.json"} {
		_ = filepath.WalkDir(filepath.Join(root, place), look)
	}
	return v
}
