package main

import (
	"bytes"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// machineBundle returns the certificates that this machine trusts, in PEM.
func machineBundle() ([]byte, error) {
	for _, file := range []string{
		"/etc/ssl/certs/ca-certificates.crt", // Debian
		"/etc/pki/tls/certs/ca-bundle.crt",   // Amazon Linux
		"/etc/ssl/cert.pem",                  // Alpine, macOS
	} {
		if text, err := os.ReadFile(file); err == nil {
			return text, nil
		}
	}
	return nil, errors.New("this machine has no bundle of certificates: install ca-certificates")
}

// writeRoots writes a bundle with the machine's certificates and the authority in a file,
// and a folder in which crypto/x509 looks too. The folder is empty (none), has the bundle
// again (bundle), or has the bundle and each certificate in a file with a link to it
// (files). It returns the variables that make Go's programs look there: with them, Go
// reads the same number of files as from its default paths.
func writeRoots(scratch, authority, kind string) (variables map[string]string, err error) {
	text, err := machineBundle()
	if err != nil {
		return nil, err
	}
	own, err := os.ReadFile(authority)
	if err != nil {
		return nil, err
	}
	text = append(text, own...)
	parent, err := os.MkdirTemp(scratch, "roots-")
	if err != nil {
		return nil, err
	}
	folder, bundle := filepath.Join(parent, "certs"), filepath.Join(parent, "bundle.crt")
	problems := []error{os.Mkdir(folder, 0o755), os.WriteFile(bundle, text, 0o644)}
	folders := folder
	if kind != "none" {
		problems = append(problems, os.Symlink("../bundle.crt", filepath.Join(folder, "bundle.crt")))
	}
	switch kind {
	case "bundle":
		folders += ":" + folder // there are two default folders, one a link to the other
	case "files":
		block, rest := pem.Decode(bytes.TrimSpace(text))
		for n := 0; block != nil; n++ {
			name := fmt.Sprintf("authority-%03d.pem", n)
			problems = append(problems, os.WriteFile(filepath.Join(folder, name), pem.EncodeToMemory(block), 0o644),
				os.Symlink(name, filepath.Join(folder, fmt.Sprintf("%08x.0", n)))) // as openssl rehash does
			block, rest = pem.Decode(rest)
		}
	}
	return map[string]string{"SSL_CERT_FILE": bundle, "SSL_CERT_DIR": folders}, errors.Join(problems...)
}
