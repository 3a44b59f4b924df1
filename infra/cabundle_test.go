package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

const hour = time.Hour

// certificate returns the certificate of an authority in PEM, which ends after a time.
func certificate(t *testing.T, ends time.Duration) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Example Root"},
		NotBefore: time.Now().Add(-48 * hour), NotAfter: time.Now().Add(ends), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// pemFile writes a file.
func pemFile(t *testing.T, parts ...[]byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "company.pem")
	if err := os.WriteFile(file, bytes.Join(parts, nil), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestCABundleHasValidCertificatesOnly(t *testing.T) {
	good, expired := certificate(t, hour), certificate(t, -24*hour)
	block := func(kind string, content []byte, headers map[string]string) []byte {
		return pem.EncodeToMemory(&pem.Block{Type: kind, Headers: headers, Bytes: content})
	}
	der, _ := pem.Decode(good)
	after := func(more []byte) []byte { return slices.Concat(good, []byte("# Another\n"), more) }
	yesterday := time.Now().Add(-24 * hour).UTC().Format("2006-01-02")
	for _, test := range []struct {
		name    string
		text    []byte
		problem string
	}{
		{"one", good, ""},
		{"two, with comments", after(certificate(t, hour)), ""},
		{"Windows line ends", bytes.ReplaceAll(good, []byte("\n"), []byte("\r\n")), ""},
		{"empty", nil, "has no certificate in PEM"},
		{"DER", der.Bytes, "has no certificate in PEM: to convert one, use openssl x509 -inform der"},
		{"expired", after(expired), "has a certificate in block 2, CN=Example Root, that expired on " + yesterday},
		{"a private key", after(block("EC PRIVATE KEY", []byte{1}, nil)), "has a private key in block 2"},
		{"a key alone", block("PRIVATE KEY", []byte{1}, nil), "has a private key in block 1"},
		{"another type", block("X509 CRL", []byte{1}, nil), "has X509 CRL in block 1"},
		{"with a header", block("CERTIFICATE", der.Bytes, map[string]string{"a": "b"}), "has CERTIFICATE in block 1"},
		{"not a certificate", block("CERTIFICATE", []byte("x"), nil), "has no valid certificate in block 1"},
		{"incomplete", after(good[:len(good)/2]), "has 2 blocks, but 1 are not valid PEM"},
		{"too large", bytes.Repeat(good, 65<<10/len(good)+1), " bytes, and may have 65536: keep only your own authorities"},
	} {
		t.Run(test.name, func(t *testing.T) {
			settings := object{"network": object{"caBundle": pemFile(t, test.text)}}
			if test.problem == "" {
				config(t, settings)
				return
			}
			refuse(t, settings, "network.caBundle", test.problem)
		})
	}
}

// The hash of an asset names it in the account: another hash is another deployment.
func TestCABundleIsPackedTheSameFromEveryFolderAndWithEveryUmask(t *testing.T) {
	bundle := certificate(t, hour)
	var assets []string
	for _, umask := range []int{0o022, 0o077} {
		cfg := config(t, object{"network": object{"caBundle": pemFile(t, bundle)}})
		tpl := func() template {
			defer syscall.Umask(syscall.Umask(umask))
			return synth(t, cfg)
		}()
		folder := authorizerAsset(t, tpl)
		assets = append(assets, filepath.Base(folder))
		for name, want := range map[string]struct {
			mode fs.FileMode
			text string
		}{"bootstrap": {0o755, "authorizer"}, "ca.pem": {0o644, string(bundle)}} {
			info, err := os.Stat(filepath.Join(folder, name))
			if err != nil {
				t.Fatal(err)
			}
			if info.Mode().Perm() != want.mode || string(read(t, filepath.Join(folder, name))) != want.text {
				t.Errorf("umask %03o: %s has mode %o", umask, name, info.Mode().Perm())
			}
		}
		if !properties(t, tpl, "AWS::Lambda::Function", `"CA_BUNDLE":"ca.pem"`) {
			t.Error("no function has CA_BUNDLE")
		}
	}
	if assets[0] != assets[1] {
		t.Errorf("got the assets %v of the same files", assets)
	}
	if left, _ := filepath.Glob(filepath.Join(os.TempDir(), "packed-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// authorizerAsset returns the folder in the cloud assembly with the authorizer's code.
func authorizerAsset(t *testing.T, tpl template) string {
	t.Helper()
	for id, function := range tpl.ofType("AWS::Lambda::Function") {
		code, _ := function.Properties["Code"].(map[string]any)
		if hash, zip := strings.CutSuffix(render(code["S3Key"]), ".zip"); strings.HasPrefix(id, "Authorizer") && zip {
			return filepath.Join(tpl.folder, "asset."+hash)
		}
	}
	t.Fatal("the template has no authorizer")
	return ""
}
