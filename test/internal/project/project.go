// Package project finds this project on the disk and builds parts of it for this machine.
// The Makefile decides how they are built and what is up to date.
package project

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Root returns the folder with go.work: the working directory or one above it.
func Root() (string, error) {
	start, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for folder := start; ; folder = filepath.Dir(folder) {
		if _, err := os.Stat(filepath.Join(folder, "go.work")); err == nil {
			return folder, nil
		}
		if folder == filepath.Dir(folder) {
			return "", fmt.Errorf("go.work is neither in %s nor in a folder above: run this inside the project", start)
		}
	}
}

// Assembly brings the cloud assembly up to date, with functions that run on this machine,
// and returns its folder. make writes to output.
func Assembly(ctx context.Context, output io.Writer) (folder string, err error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	return filepath.Join(root, ".build", "local", "assembly"), Make(ctx, root, output, "assembly")
}

// Function brings one function up to date, built for this machine, and returns its
// bootstrap. Unlike Assembly it needs no Node.js. make writes to output.
func Function(ctx context.Context, name string, output io.Writer) (bootstrap string, err error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	target := filepath.Join(".build", "local", "lambdas", name, "bootstrap")
	return filepath.Join(root, target), Make(ctx, root, output, target)
}

// Make brings targets of the Makefile in root up to date. make writes to output.
func Make(ctx context.Context, root string, output io.Writer, targets ...string) error {
	command := exec.CommandContext(ctx, "make", append([]string{"--no-print-directory", "-s"}, targets...)...)
	command.Dir = root
	command.Stdout = output
	command.Stderr = output
	if err := command.Run(); err != nil {
		return fmt.Errorf("the build failed, its errors are above (make %s: %w)", strings.Join(targets, " "), err)
	}
	return nil
}
