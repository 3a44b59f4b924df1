package authorizer

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
)

// NetworkEnvironment returns the variables of this process that say how the network is
// reached: the proxy, and the certificates of private certification authorities. On AWS a
// function needs none of them. On this machine a function needs those that this process
// needs.
func NetworkEnvironment() map[string]string {
	env := map[string]string{}
	for _, name := range []string{
		"HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "https_proxy", "http_proxy", "no_proxy",
	} {
		if value := os.Getenv(name); value != "" {
			env[name] = value
		}
	}
	for _, name := range []string{"SSL_CERT_FILE", "SSL_CERT_DIR"} {
		paths := filepath.SplitList(os.Getenv(name))
		for n, path := range paths {
			// A function runs in another working directory.
			if absolute, err := filepath.Abs(path); err == nil && path != "" {
				paths[n] = absolute
			}
		}
		if len(paths) > 0 {
			env[name] = strings.Join(paths, string(filepath.ListSeparator))
		}
	}
	return env
}

// TrustCABundle has the HTTP clients of this process trust the authorities in a file too,
// as the authorizer does. Clients with a transport of their own are not affected.
func TrustCABundle(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("read network.caBundle: %w", err)
	}
	roots, err := x509.SystemCertPool()
	if err != nil { // the system has none
		roots = x509.NewCertPool()
	}
	roots.AppendCertsFromPEM(text)
	transport := http.DefaultTransport.(*http.Transport).Clone() // with the proxy of the environment
	transport.TLSClientConfig = &tls.Config{RootCAs: roots}
	http.DefaultTransport = transport
	return nil
}
