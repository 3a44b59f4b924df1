package main

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// caBundleFile is the name of the CA bundle in the folder of a function, and so the value
// of its variable CA_BUNDLE.
const caBundleFile = "ca.pem"

// maxCABundle is the largest CA bundle in bytes. Every start of the authorizer reads it;
// the public authorities, which have 200 KB, are trusted without it.
const maxCABundle = 64 << 10

// readCABundle returns the certificates in a file, and all mistakes in it. The authorizer
// would ignore a block that it cannot read, and trust fewer authorities than the file
// has.
func readCABundle(path string, now time.Time) (text []byte, problems []error) {
	problem := func(format string, args ...any) {
		problems = append(problems, fmt.Errorf("%s "+format, append([]any{path}, args...)...))
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, []error{fmt.Errorf("%w: write the path relative to the folder of cdk.json", err)}
	}
	if len(text) > maxCABundle {
		problem("has %d bytes, and may have %d: keep only your own authorities, the public ones are trusted anyway",
			len(text), maxCABundle)
		return nil, problems
	}
	blocks := 0
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		blocks++
		certificate, err := x509.ParseCertificate(block.Bytes)
		switch {
		case strings.HasSuffix(block.Type, "PRIVATE KEY"):
			problem("has a private key in block %d, which would be deployed: remove it", blocks)
		// crypto/x509 ignores these (CertPool.AppendCertsFromPEM).
		case block.Type != "CERTIFICATE" || len(block.Headers) > 0:
			problem("has %s in block %d: keep only blocks BEGIN CERTIFICATE, without headers", block.Type, blocks)
		case err != nil:
			problem("has no valid certificate in block %d: %v", blocks, err)
		case now.After(certificate.NotAfter):
			problem("has a certificate in block %d, %s, that expired on %s: remove or replace it",
				blocks, certificate.Subject, certificate.NotAfter.Format(time.DateOnly))
		}
	}
	if begun := bytes.Count(text, []byte("-----BEGIN ")); begun > blocks {
		problem("has %d blocks, but %d are not valid PEM: are they complete?", begun, begun-blocks)
	} else if blocks == 0 {
		problem("has no certificate in PEM: to convert one, use openssl x509 -inform der -in FILE -out ca.pem")
	}
	return text, problems
}

// packCABundle returns a new folder with a compiled function and a CA bundle. Its files
// and their permissions, which are deployed too, are the same wherever it is and whatever
// the umask is.
func packCABundle(folder string, bundle []byte) (packed string, err error) {
	if packed, err = os.MkdirTemp("", "packed-"); err != nil {
		return "", err
	}
	if err := os.CopyFS(packed, os.DirFS(folder)); err != nil {
		return packed, err
	}
	if err := os.WriteFile(filepath.Join(packed, caBundleFile), bundle, 0o644); err != nil {
		return packed, err
	}
	return packed, filepath.WalkDir(packed, func(path string, entry fs.DirEntry, err error) error {
		mode := fs.FileMode(0o644)
		if err == nil && (entry.IsDir() || entry.Name() == "bootstrap") {
			mode = 0o755
		}
		return errors.Join(err, os.Chmod(path, mode))
	})
}
