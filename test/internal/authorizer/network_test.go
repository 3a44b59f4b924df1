package authorizer

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNetworkEnvironmentHasAbsolutePathsOfCertificates(t *testing.T) {
	for name, value := range map[string]string{
		"HTTPS_PROXY": "http://proxy:8080", "https_proxy": "", "HTTP_PROXY": "", "http_proxy": "http://user:pass@proxy/",
		"NO_PROXY": "", "no_proxy": ".example.com", "SSL_CERT_FILE": "ca.pem", "SSL_CERT_DIR": "/etc/certs:more",
	} {
		t.Setenv(name, value)
	}
	absolute := func(path string) string {
		path, err := filepath.Abs(path)
		if err != nil {
			t.Fatal(err)
		}
		return path
	}
	if diff := cmp.Diff(map[string]string{
		"HTTPS_PROXY": "http://proxy:8080", "http_proxy": "http://user:pass@proxy/", "no_proxy": ".example.com",
		"SSL_CERT_FILE": absolute("ca.pem"), "SSL_CERT_DIR": "/etc/certs:" + absolute("more"),
	}, NetworkEnvironment()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
