// Command dist zips programs as Lambda requires it, for make dist: each zip file holds
// one executable with the name bootstrap. The same programs give the same bytes: the time
// of the entry is fixed, and its mode does not depend on the umask.
//
//	dist DIR NAME.zip=PROGRAM …
//
// It writes the zip files to DIR and then SHA256SUMS, with the checksums of all files
// there, as sha256sum -c reads it.
package main

import (
	"archive/zip"
	"compress/flate"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "dist:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) < 2 {
		return fmt.Errorf("usage: dist DIR NAME.zip=PROGRAM …")
	}
	folder := args[0]
	for _, arg := range args[1:] {
		name, program, _ := strings.Cut(arg, "=")
		if err := zipProgram(filepath.Join(folder, name), program); err != nil {
			return err
		}
	}
	return writeSums(folder)
}

// zipProgram writes a zip file that holds the program as the executable bootstrap.
func zipProgram(file, program string) error {
	content, err := os.ReadFile(program)
	if err != nil {
		return err
	}
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	defer out.Close()
	archive := zip.NewWriter(out)
	archive.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(w, flate.BestCompression)
	})
	header := &zip.FileHeader{
		Name:     "bootstrap",
		Method:   zip.Deflate,
		Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC), // the first day that a zip file can express
	}
	header.SetMode(0o755)
	entry, err := archive.CreateHeader(header)
	if err != nil {
		return err
	}
	if _, err := entry.Write(content); err != nil {
		return err
	}
	if err := archive.Close(); err != nil {
		return err
	}
	return out.Close()
}

// writeSums writes SHA256SUMS: a line for each other file in the folder, sorted by name.
func writeSums(folder string) error {
	files, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	var lines strings.Builder
	for _, file := range files {
		if file.Name() == "SHA256SUMS" {
			continue
		}
		content, err := os.ReadFile(filepath.Join(folder, file.Name()))
		if err != nil {
			return err
		}
		fmt.Fprintf(&lines, "%x  %s\n", sha256.Sum256(content), file.Name())
	}
	return os.WriteFile(filepath.Join(folder, "SHA256SUMS"), []byte(lines.String()), 0o644)
}
