package main

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"context"
	"debug/buildinfo"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"accountapi/test/internal/project"
)

// prepare builds every contestant. One on Node.js that cannot be installed is left out,
// with the reason. The build flags are in the Makefile.
func (b *bench) prepare(ctx context.Context) error {
	var targets []string
	for _, c := range b.contestants {
		if !c.node {
			targets = append(targets, b.hostTarget(c), b.zippedTarget(c))
		}
	}
	b.say("building the contestants in Go")
	if err := project.Make(ctx, b.root, b.progress, targets...); err != nil {
		return err
	}
	var all sync.WaitGroup // zipping takes a second each
	failures := make([]error, len(b.contestants))
	for i, c := range b.contestants {
		if !c.node {
			all.Go(func() { failures[i] = b.prepareGo(c) })
		} else if c.row.Skipped = b.prepareNode(ctx, c); c.row.Skipped != "" {
			b.say("leaving out %s: %s", c.name, c.row.Skipped)
		}
	}
	all.Wait()
	return errors.Join(failures...)
}

// prepareGo reads the versions and the size of what was built for a contestant in Go.
func (b *bench) prepareGo(c *contestant) (err error) {
	c.bootstrap = filepath.Join(b.root, b.hostTarget(c))
	if c.row.Version, err = goVersions(c); err != nil {
		return err
	}
	c.row.ZippedBytes, err = zipped(filepath.Dir(filepath.Join(b.root, b.zippedTarget(c))))
	return err
}

// hostTarget is the Makefile's name of a contestant's bootstrap for this machine.
func (b *bench) hostTarget(c *contestant) string {
	if c == b.authorizer() {
		return ".build/local/lambdas/authorizer/bootstrap"
	}
	return ".build/bench/host/" + c.folder + "/bootstrap"
}

// zippedTarget is the Makefile's name of the bootstrap in the deployment package.
func (b *bench) zippedTarget(c *contestant) string {
	switch {
	case !b.plan.deployed:
		return b.hostTarget(c)
	case c == b.authorizer():
		return ".build/lambdas/authorizer/bootstrap"
	}
	return ".build/bench/arm64/" + c.folder + "/bootstrap"
}

// goVersions reads the versions of a contestant's libraries from its binary.
func goVersions(c *contestant) (string, error) {
	info, err := buildinfo.ReadFile(c.bootstrap)
	if err != nil {
		return "", err
	}
	var versions []string
	for _, module := range c.modules {
		for _, dep := range info.Deps {
			if dep.Path == module {
				versions = append(versions, dep.Version)
			}
		}
	}
	return strings.Join(versions, " + "), nil
}

// prepareNode installs a contestant on Node.js into .build and writes its bootstrap. It
// returns why that failed, or "".
func (b *bench) prepareNode(ctx context.Context, c *contestant) (reason string) {
	node, err := exec.LookPath("node")
	if err != nil {
		return "Node.js is not installed"
	}
	folder := filepath.Join(b.root, ".build", "bench", c.folder)
	source := filepath.Join(b.root, "test", "bench", "contestants", c.folder)
	for from, to := range map[string]string{source: folder, filepath.Dir(source): filepath.Dir(folder)} {
		if err := copyFiles(from, to); err != nil {
			return err.Error()
		}
	}
	if reason := b.installPackages(ctx, folder); reason != "" {
		return reason
	}
	if c.row.Version, err = nodeVersions(folder, c.modules); err != nil {
		return err.Error()
	}
	modules, common := filepath.Join(folder, "node_modules"), filepath.Join(filepath.Dir(folder), "authorizer.mjs")
	paths := []string{filepath.Join(folder, "index.mjs"), common}
	if _, err := os.Stat(modules); err == nil {
		paths = append(paths, modules)
	}
	if c.row.ZippedBytes, err = zipped(paths...); err != nil {
		return err.Error()
	}
	c.bootstrap = filepath.Join(folder, "bootstrap")
	if err := os.WriteFile(c.bootstrap, []byte("#!"+node+"\nimport(\"../runtime.mjs\");\n"), 0o755); err != nil {
		return err.Error()
	}
	return ""
}

// copyFiles copies the files of a folder, without its subfolders.
func copyFiles(from, to string) error {
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if entry.IsDir() {
			continue
		}
		content, err := os.ReadFile(filepath.Join(from, entry.Name()))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(to, entry.Name()), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// installPackages installs the packages of the lock file, unless they are installed
// already. It returns why that failed, or "".
func (b *bench) installPackages(ctx context.Context, folder string) (reason string) {
	lock, err := os.ReadFile(filepath.Join(folder, "package-lock.json"))
	if err != nil {
		return "" // it uses no package
	}
	done := folder + ".installed"
	if installed, err := os.ReadFile(done); err == nil && bytes.Equal(installed, lock) {
		return ""
	}
	b.say("installing %s", filepath.Base(folder))
	// Without a network npm would try for minutes.
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	npm := exec.CommandContext(ctx, "npm", "ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund",
		"--loglevel=error", "--prefer-offline", "--fetch-retries=0")
	npm.Dir = folder
	if output, err := npm.CombinedOutput(); err != nil {
		first, _, _ := strings.Cut(strings.TrimSpace(string(output)), "\n")
		return fmt.Sprintf("npm ci: %v: %s", err, first)
	}
	if err := os.WriteFile(done, lock, 0o644); err != nil {
		return err.Error()
	}
	return ""
}

// nodeVersions reads the installed versions of a contestant's libraries.
func nodeVersions(folder string, packages []string) (string, error) {
	var versions []string
	for _, name := range packages {
		text, err := os.ReadFile(filepath.Join(folder, "node_modules", name, "package.json"))
		if err != nil {
			return "", err
		}
		var description struct{ Version string }
		if err := json.Unmarshal(text, &description); err != nil {
			return "", err
		}
		versions = append(versions, description.Version)
	}
	return strings.Join(versions, " + "), nil
}

// zipped returns the size in bytes of a deployment package with these files and folders,
// with deflate's best compression.
func zipped(paths ...string) (size int64, err error) {
	counter := &countingWriter{}
	archive := zip.NewWriter(counter)
	archive.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(w, flate.BestCompression)
	})
	for _, path := range paths {
		err := filepath.WalkDir(path, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.Type().IsRegular() {
				return err
			}
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			w, err := archive.Create(path)
			if err != nil {
				return err
			}
			_, err = w.Write(content)
			return err
		})
		if err != nil {
			return 0, err
		}
	}
	err = archive.Close()
	return counter.n, err
}

type countingWriter struct{ n int64 }

func (c *countingWriter) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	return len(p), nil
}
