package jwks

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"os"
	"slices"
	"sync"
)

// bundles are the files in which crypto/x509 looks for roots (root_linux.go), if
// SSL_CERT_FILE does not name another. The first that can be read counts.
var bundles = []string{
	"/etc/ssl/certs/ca-certificates.crt",                // Debian, Ubuntu, Gentoo
	"/etc/pki/tls/certs/ca-bundle.crt",                  // Amazon Linux, Fedora
	"/etc/ssl/ca-bundle.pem",                            // OpenSUSE
	"/etc/pki/tls/cacert.pem",                           // OpenELEC
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // CentOS 7
	"/etc/ssl/cert.pem",                                 // Alpine Linux
}

// bundleRoots returns the roots in the bundle, or all if it has none.
func bundleRoots(caBundle []byte) (*x509.CertPool, error) {
	files := bundles
	if file := os.Getenv("SSL_CERT_FILE"); file != "" {
		files = []string{file}
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		pool, ok := parseBundle(text)
		if !ok {
			break
		}
		pool.AppendCertsFromPEM(caBundle)
		return pool, nil
	}
	return allRoots(caBundle)
}

// allRoots returns the roots that crypto/x509 reads. Without any, the authorities in
// caBundle are enough.
func allRoots(caBundle []byte) (*x509.CertPool, error) {
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if pool.AppendCertsFromPEM(caBundle) {
		err = nil
	}
	return pool, err
}

// parseBundle does what AppendCertsFromPEM does for a new pool, in two thirds of the
// time: it runs on two CPUs and without encoding/pem, which takes half as long as parsing
// the certificates. The network may be faster than this if the issuer is in the same
// region. A text that is not in the form of RFC 7468 section 3 is left to
// AppendCertsFromPEM.
func parseBundle(text []byte) (pool *x509.CertPool, ok bool) {
	parts := bytes.Split(text, []byte("-----BEGIN CERTIFICATE-----\n"))
	certificates := make([]*x509.Certificate, len(parts)-1)
	parse := func(from, to int) {
		for i := from; i < to; i++ {
			body, _, ended := bytes.Cut(parts[i+1], []byte("\n-----END CERTIFICATE-----\n"))
			if before := parts[i]; !ended || len(before) > 0 && before[len(before)-1] != '\n' {
				return
			}
			der, err := base64.StdEncoding.AppendDecode(nil, body)
			if err != nil {
				return
			}
			certificates[i], _ = x509.ParseCertificate(der)
		}
	}
	var firstHalf sync.WaitGroup
	firstHalf.Go(func() { parse(0, len(certificates)/2) })
	parse(len(certificates)/2, len(certificates))
	firstHalf.Wait()

	pool = x509.NewCertPool()
	if slices.Contains(certificates, nil) || bytes.Count(text, []byte("-----BEGIN")) != len(certificates) {
		return pool, pool.AppendCertsFromPEM(text)
	}
	for _, certificate := range certificates {
		pool.AddCert(certificate)
	}
	return pool, len(certificates) > 0
}
