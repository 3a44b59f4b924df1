package e2e

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
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// certificates is a certificate authority that only these tests trust.
type certificates struct {
	authority *x509.Certificate
	key       *ecdsa.PrivateKey
	file      string // of the authority's certificate, for SSL_CERT_FILE
}

func newCertificates(t *testing.T) *certificates {
	t.Helper()
	c := &certificates{file: filepath.Join(t.TempDir(), "ca.pem")}
	c.authority = &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	signed, err := c.sign(c.authority)
	if err != nil {
		t.Fatal(err)
	}
	c.key = signed.PrivateKey.(*ecdsa.PrivateKey)
	encoded := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed.Certificate[0]})
	if err := os.WriteFile(c.file, encoded, 0o600); err != nil {
		t.Fatal(err)
	}
	return c
}

// sign makes a certificate from a template. The authority signs it; the first one, which
// is the authority's own, signs itself.
func (c *certificates) sign(template *x509.Certificate) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	signer := c.key
	if signer == nil {
		signer = key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, c.authority, key.Public(), signer)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}

func TestKeysAreFetchedOnlyOverTLSThatAuthenticatesTheIssuer(t *testing.T) {
	skipIfDeployed(t, needsBinary)
	i, ca := startIssuer(t), newCertificates(t)
	expired := func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }
	notYetValid := func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Minute) }
	otherHost := func(c *x509.Certificate) { c.IPAddresses, c.DNSNames = nil, []string{"other.example"} }
	commonName := func(c *x509.Certificate) { c.IPAddresses, c.Subject.CommonName = nil, "127.0.0.1" }
	forClients := func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }
	tls12 := func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }
	tls11 := func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 }
	mutual := func(c *tls.Config) { c.ClientAuth = tls.RequireAnyClientCert }
	for name, test := range map[string]struct {
		certificate func(*x509.Certificate)
		server      func(*tls.Config)
		setting     string
		want        string
	}{
		"TLS 1.3":                             {want: allow},
		"TLS 1.2":                             {server: tls12, want: allow},
		"TLS 1.1":                             {server: tls11, want: notCheckable},
		"a server that wants a certificate":   {server: mutual, want: notCheckable},
		"an unknown certificate authority":    {setting: "SSL_CERT_FILE=/nonexistent", want: notCheckable},
		"an expired certificate":              {certificate: expired, want: notCheckable},
		"a certificate that is not yet valid": {certificate: notYetValid, want: notCheckable},
		"the certificate of another host":     {certificate: otherHost, want: notCheckable},
		"the host only as common name":        {certificate: commonName, want: notCheckable},
		"a certificate for clients":           {certificate: forClients, want: notCheckable},
	} {
		t.Run(name, func(t *testing.T) {
			template := &x509.Certificate{
				SerialNumber: big.NewInt(2), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
				IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
				ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
			}
			if test.certificate != nil {
				test.certificate(template)
			}
			certificate, err := ca.sign(template)
			if err != nil {
				t.Fatal(err)
			}
			server := httptest.NewUnstartedServer(serveKeys(i))
			server.Config.ErrorLog = log.New(io.Discard, "", 0) // it logs clients that do not trust it
			server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
			if test.server != nil {
				test.server(server.TLS)
			}
			server.StartTLS()
			defer server.Close()
			settings := []string{"JWKS_URI=" + server.URL, "SSL_CERT_FILE=" + ca.file}
			if test.setting != "" {
				settings = append(settings, test.setting)
			}
			startAuthorizer(t, i, settings...).expect(t, "Bearer "+i.Token(), test.want)
		})
	}
}
