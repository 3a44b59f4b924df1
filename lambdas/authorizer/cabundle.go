package main

import (
	"crypto/x509"
	"fmt"
	"os"
	"path/filepath"
)

// readCABundle returns the file that CA_BUNDLE names, or nil without that variable: PEM
// with the certificates of authorities that are trusted besides those of the system. The
// path is relative to the function's folder, into which the file was packed.
func readCABundle(getenv func(string) string) ([]byte, error) {
	path := getenv("CA_BUNDLE")
	if path == "" {
		return nil, nil
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(getenv("LAMBDA_TASK_ROOT"), path) // without it, the working directory
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("CA_BUNDLE cannot be read: %w", err)
	}
	if !x509.NewCertPool().AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("CA_BUNDLE %s has no certificate in PEM", path)
	}
	return text, nil
}
