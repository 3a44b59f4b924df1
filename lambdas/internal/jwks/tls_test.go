package jwks

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// authority is a certificate authority.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// trusted is the only authority that the tests' process trusts: TestMain puts it where
// crypto/x509 looks for the roots of the system.
var trusted = newAuthority()

func newAuthority() authority {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return authority{&x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}, key}
}

// sign returns a certificate in DER.
func (a authority) sign(template *x509.Certificate, key *ecdsa.PrivateKey) []byte {
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key)
	if err != nil {
		panic(err)
	}
	return der
}

// pem returns the authority's own certificate.
func (a authority) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.sign(a.certificate, a.key)})
}

// trustOnly makes a the one authority of this process, until cleanup is called.
func (a authority) trustOnly() (cleanup func()) {
	folder, err := os.MkdirTemp("", "roots")
	if err != nil {
		panic(err)
	}
	file := filepath.Join(folder, "ca.pem")
	if err := os.WriteFile(file, a.pem(), 0o600); err != nil {
		panic(err)
	}
	os.Setenv("SSL_CERT_FILE", file)
	os.Setenv("SSL_CERT_DIR", folder)
	return func() { os.RemoveAll(folder) }
}

// startTLS starts an issuer that has key1, and a certificate by this authority.
func (a authority) startTLS(t *testing.T, edit func(*x509.Certificate), configure func(*tls.Config)) *httptest.Server {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	edit(template)
	document := jwks(key1().JWK())
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Proto != "HTTP/1.1" { // less code of net/http that an issuer reaches
			t.Errorf("asked by %s, want HTTP/1.1", r.Proto)
		}
		io.WriteString(w, document)
	}))
	server.EnableHTTP2 = true
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // it logs clients that do not trust it
	server.TLS = &tls.Config{MinVersion: tls.VersionTLS10,
		Certificates: []tls.Certificate{{Certificate: [][]byte{a.sign(template, key)}, PrivateKey: key}}}
	configure(server.TLS)
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}

func unchanged(*x509.Certificate) {}
func newest(*tls.Config)          {}

// newTLSBed is a bed whose set is fetched from this URL.
func newTLSBed(t *testing.T, url string, transport *Transport) *bed {
	bed := newColdBed(t)
	bed.Close()
	bed.Set = New(url, Algorithms{Supported().Named("RS256")}, transport, bed.clock.Now, func(Fetch) {})
	t.Cleanup(bed.Close)
	return bed
}

// The client is the one that ships; only the issuer's certificate differs.
func TestKeysComeOverTrustedTLSOnly(t *testing.T) {
	localhost := func(c *x509.Certificate) { c.IPAddresses, c.DNSNames = nil, []string{"localhost"} }
	expired := func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Second) }
	forClients := func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }
	for name, test := range map[string]struct {
		by      authority
		edit    func(*x509.Certificate)
		version uint16 // the highest that the issuer speaks
		want    error
	}{
		"a trusted certificate":         {trusted, unchanged, tls.VersionTLS13, nil},
		"TLS 1.2":                       {trusted, unchanged, tls.VersionTLS12, nil},
		"TLS 1.1":                       {trusted, unchanged, tls.VersionTLS11, ErrUnavailable},
		"of an authority nobody trusts": {newAuthority(), unchanged, tls.VersionTLS13, ErrUnavailable},
		"of another host":               {trusted, localhost, tls.VersionTLS13, ErrUnavailable},
		"expired":                       {trusted, expired, tls.VersionTLS13, ErrUnavailable},
		"for clients only":              {trusted, forClients, tls.VersionTLS13, ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			server := test.by.startTLS(t, test.edit, func(c *tls.Config) { c.MaxVersion = test.version })
			newTLSBed(t, server.URL, NewTransport(nil)).expect(t, test.want, key1())
		})
	}
}
