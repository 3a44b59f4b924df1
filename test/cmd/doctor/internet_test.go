package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"accountapi/test/issuer"
)

// internet serves hosts over https without leaving this machine, and returns the
// environment for a call: with it, the command and the authorizer connect through a proxy
// to these hosts, and trust their certificate.
func internet(t *testing.T, hosts map[string]http.Handler) (env []string) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("skipped: only on Linux does Go read trusted certificates from the environment (SSL_CERT_FILE)")
	}
	certificate, file := selfSigned(t, hosts)
	host := func(r *http.Request) string { return strings.ToLower(strings.TrimSuffix(r.Host, ":443")) }
	site := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hosts[host(r)].ServeHTTP(w, r)
	}))
	site.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
	site.Config.ErrorLog = log.New(io.Discard, "", 0) // it logs clients that do not trust it
	site.StartTLS()
	t.Cleanup(site.Close)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect || hosts[host(r)] == nil {
			http.Error(w, "no such host", http.StatusBadGateway)
			return
		}
		tunnel(w, site.Listener.Addr().String())
	}))
	t.Cleanup(proxy.Close)
	return []string{
		"HTTPS_PROXY=" + proxy.URL, "https_proxy=" + proxy.URL, "NO_PROXY=", "no_proxy=", "SSL_CERT_FILE=" + file,
	}
}

func TestAnIssuerWithAPrivateAuthorityNeedsTheCABundle(t *testing.T) {
	i, err := issuer.New(issuer.Config{URL: "https://id.internal/", Audience: audience})
	if err != nil {
		t.Fatal(err)
	}
	env := internet(t, map[string]http.Handler{"id.internal": i})
	ca := strings.TrimPrefix(env[len(env)-1], "SSL_CERT_FILE=")
	env = env[:len(env)-1]
	flags := " -issuer " + i.URL() + " -audience " + audience + " -jwks-uri " + i.JWKSURL()
	variables := map[string]string{"TOKEN_ISSUER": i.URL()}
	const private = "if the issuer has a private certification authority, set network.caBundle in cdk.json"
	without := call{args: deploy(t, variables, "{}") + flags, token: i.Token(), env: env}
	without.expect(t, 1, "certificate signed by unknown authority", private)

	variables["CA_BUNDLE"] = "ca.pem"
	assembly := deploy(t, variables, "{}")
	bundle, err := os.ReadFile(ca)
	if err != nil {
		t.Fatal(err)
	}
	packed := filepath.Join(strings.Fields(assembly)[1], "asset.0123")
	err = errors.Join(os.Mkdir(packed, 0o755), os.WriteFile(filepath.Join(packed, "ca.pem"), bundle, 0o644))
	if err != nil {
		t.Fatal(err)
	}
	call{args: assembly + flags, token: i.Token(), env: env}.expect(t, 0, "ok issuer", "ok key ", "ok signature")
}

// selfSigned returns a certificate for hosts, and the PEM file with it.
func selfSigned(t *testing.T, hosts map[string]http.Handler) (certificate tls.Certificate, file string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	for host := range hosts {
		template.DNSNames = append(template.DNSNames, host)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "trusted.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	if err := os.WriteFile(file, text, 0o644); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, file
}

// tunnel answers a CONNECT request with a connection to address.
func tunnel(w http.ResponseWriter, address string) {
	server, err := net.Dial("tcp", address)
	if err != nil {
		panic(err)
	}
	client, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	io.WriteString(client, "HTTP/1.1 200 OK\r\n\r\n")
	go func() {
		io.Copy(server, client)
		server.Close()
	}()
	io.Copy(client, server)
	client.Close()
}

// newIssuer returns an issuer with this URL, to be one of the hosts of internet.
func newIssuer(t *testing.T, url string, algorithms ...string) *issuer.Issuer {
	t.Helper()
	i, err := issuer.New(issuer.Config{URL: url, Audience: audience, Algorithms: algorithms})
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// publish serves the discovery document of the issuer name below path, and keys at /keys.
func publish(path, name string, keys []byte) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc(path+"/.well-known/openid-configuration", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"issuer":%q,"jwks_uri":"https://%s/keys"}`, name, r.Host)
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { w.Write(keys) })
	return mux
}
