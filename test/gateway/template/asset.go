package template

import (
	"archive/zip"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// An Asset is what CDK would upload under its S3 key.
type Asset struct {
	path string
	file bool // path is the object itself; else it is a folder, to be zipped
}

// IsFile reports whether the asset was zipped before synthesis, so that [Asset.Folder]
// has to unpack it.
func (a Asset) IsFile() bool { return a.file }

// Folder returns the folder with the asset's files: its own or, for a zip file, a new one
// below dir that it is unpacked into. An error names the file.
func (a Asset) Folder(dir string) (string, error) {
	if !a.file {
		return a.path, nil
	}
	archive, err := zip.OpenReader(a.path)
	if err != nil {
		return "", fmt.Errorf("%s: %w: a function's asset must be a folder or a zip file", a.path, err)
	}
	defer archive.Close()
	target, err := os.MkdirTemp(dir, "asset")
	if err != nil {
		return "", err
	}
	if err := os.CopyFS(target, archive); err != nil {
		return "", err
	}
	// Lambda runs the bootstrap of an archive that was made without execute bits.
	if err := os.Chmod(filepath.Join(target, "bootstrap"), 0o755); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	return target, nil
}
