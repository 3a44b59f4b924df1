package e2e

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

func TestAProxyIsNotAskedForLoopbackAddressesAndItsPasswordIsNotLogged(t *testing.T) {
	skipIfDeployed(t, needsBinary)
	i := startIssuer(t)
	var asked atomic.Int64
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.Header().Set("Proxy-Authenticate", "Basic")
		w.WriteHeader(http.StatusProxyAuthRequired)
	}))
	defer proxy.Close()

	a := startAuthorizer(t, i, "HTTP_PROXY="+proxy.URL, "http_proxy="+proxy.URL)
	a.expect(t, "Bearer "+i.Token(), allow)
	if asked.Load() != 0 {
		t.Error("the proxy was asked for a loopback address")
	}
	for _, address := range []string{strings.TrimPrefix(proxy.URL, "http://"), "127.0.0.1:1", "%zz"} {
		a := startAuthorizer(t, i, "JWKS_URI=https://issuer.invalid/",
			"HTTPS_PROXY=http://user:password-of-the-proxy@"+address)
		a.expect(t, "Bearer "+i.Token(), notCheckable)
		if strings.Contains(a.log.String(), "password-of-the-proxy") {
			t.Errorf("the proxy's password is in the log")
		}
	}
	if asked.Load() == 0 {
		t.Error("the proxy was not asked for another address")
	}
}
