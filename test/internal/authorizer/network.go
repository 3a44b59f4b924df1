package authorizer

import (
	"os"
	"path/filepath"
	"strings"
)

// NetworkEnvironment returns the variables of this process that say how the network is
// reached: the proxy, and the certificates of private certification authorities. On AWS a
// function needs none of them; on this machine it cannot reach an issuer without them
// where this process cannot.
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
			// A function has another working directory.
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
