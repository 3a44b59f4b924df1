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
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"accountapi/test/issuer"
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

// serveKeys serves an issuer's keys with a certificate that the authority has signed.
// Either edit may be nil.
func (c *certificates) serveKeys(
	t *testing.T, i *issuer.Server, edit func(*x509.Certificate), configure func(*tls.Config),
) *httptest.Server {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"issuer.example"},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if edit != nil {
		edit(template)
	}
	certificate, err := c.sign(template)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(serveKeys(i))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // it logs clients that do not trust it
	server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
	if configure != nil {
		configure(server.TLS)
	}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
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
			server := ca.serveKeys(t, i, test.certificate, test.server)
			settings := []string{"JWKS_URI=" + server.URL, "SSL_CERT_FILE=" + ca.file}
			if test.setting != "" {
				settings = append(settings, test.setting)
			}
			startAuthorizer(t, i, settings...).expect(t, "Bearer "+i.Token(), test.want)
		})
	}
}

// Where the authority's certificate may be for a program in Go (crypto/x509,
// SystemCertPool), and in a file that is packed with the function.
func TestAuthoritiesAreTrustedByTheFilesThatGoReadsAndTheCABundle(t *testing.T) {
	skipIfDeployed(t, needsBinary)
	if runtime.GOOS != "linux" {
		t.Skip("crypto/x509 reads these files on Linux only")
	}
	i, ca, other := startIssuer(t), newCertificates(t), newCertificates(t)
	server := ca.serveKeys(t, i, nil, nil)
	own, none := filepath.Dir(ca.file), t.TempDir()
	empty := filepath.Join(none, "empty.pem")
	if err := os.WriteFile(empty, []byte("no certificate\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	stuck := t.TempDir() // a program that reads all files in it waits for ever
	if err := exec.Command("mkfifo", filepath.Join(stuck, "pipe.pem")).Run(); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ file, folders, caBundle, want string }{
		"in the bundle":                         {ca.file, none, "", allow},
		"in the bundle, folders are not read":   {ca.file, stuck, "", allow},
		"in a folder, the bundle is another":    {other.file, own, "", allow},
		"in the second folder, no bundle":       {"/nonexistent", none + ":" + own, "", allow},
		"in a folder, an empty bundle":          {empty, own, "", allow},
		"in the CA bundle, with a bundle":       {other.file, none, ca.file, allow},
		"in the CA bundle, with nothing else":   {"/nonexistent", "/nonexistent", ca.file, allow},
		"in the bundle, with another CA bundle": {ca.file, none, other.file, allow},
		"nowhere":                               {other.file, none, other.file, notCheckable},
		"nowhere, and there are no files":       {"/nonexistent", "/nonexistent", "", notCheckable},
	} {
		t.Run(name, func(t *testing.T) {
			startAuthorizer(t, i, "JWKS_URI="+server.URL, "SSL_CERT_FILE="+test.file, "SSL_CERT_DIR="+test.folders,
				"CA_BUNDLE="+test.caBundle).expect(t, "Bearer "+i.Token(), test.want)
		})
	}
}

func TestKeysAreFetchedThroughAProxyFromAnAuthenticatedIssuer(t *testing.T) {
	skipIfDeployed(t, needsBinary)
	i, ca, other := startIssuer(t), newCertificates(t), newCertificates(t)
	server := ca.serveKeys(t, i, nil, nil)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect || r.Host != "issuer.example:443" {
			t.Errorf("the proxy was asked for %s %s", r.Method, r.Host)
			return
		}
		issuer, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Error(err)
			return
		}
		w.WriteHeader(http.StatusOK)
		client, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		go func() { io.Copy(issuer, client); issuer.Close() }()
		io.Copy(client, issuer)
		client.Close()
	}))
	defer proxy.Close()
	for name, test := range map[string]struct{ file, folder, want string }{
		"the authority is in the bundle":    {ca.file, "/nonexistent", allow},
		"the authority is only in a folder": {other.file, filepath.Dir(ca.file), allow},
		"the authority is nowhere":          {other.file, "/nonexistent", notCheckable},
	} {
		t.Run(name, func(t *testing.T) {
			startAuthorizer(t, i, "JWKS_URI=https://issuer.example/", "HTTPS_PROXY="+proxy.URL,
				"SSL_CERT_FILE="+test.file, "SSL_CERT_DIR="+test.folder).expect(t, "Bearer "+i.Token(), test.want)
		})
	}
}
