package jwks

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
)

// Transport sends the requests of all key sets of a process. The certificates of the
// trusted authorities, the roots, are read once: for https only, and while the first
// connection is made.
//
// It trusts the authorities that crypto/x509 trusts by default, by the same files and the
// variables SSL_CERT_FILE and SSL_CERT_DIR, and those it was given. On Linux, crypto/x509
// reads one bundle and then every file of two folders, which mostly have the same
// certificates: in Debian one in each file; in Amazon Linux 2023 both folders are the one
// that has the bundle. That takes longer than the rest of init. So the folders are read
// only when a server's certificate cannot be verified with the bundle, and the request is
// sent again. All that differs is that an authority which is only in a folder costs the
// process one more connection, once.
type Transport struct {
	plain   *http.Transport // for http
	bundle  *trusting
	all     *trusting
	needAll atomic.Bool // the bundle was not enough
}

// NewTransport returns a transport that also trusts the certificates in caBundle, which
// is PEM. It reads no file yet.
func NewTransport(caBundle []byte) *Transport {
	t := &Transport{
		plain:  newHTTPTransport(),
		bundle: newTrusting(func() (*x509.CertPool, error) { return bundleRoots(caBundle) }),
		all:    newTrusting(func() (*x509.CertPool, error) { return allRoots(caBundle) }),
	}
	t.needAll.Store(runtime.GOOS != "linux") // elsewhere there are other files, or none
	return t
}

// RoundTrip sends a request without a body, as an [http.RoundTripper].
func (t *Transport) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.URL.Scheme != "https" {
		return t.plain.RoundTrip(request)
	}
	if !t.needAll.Load() {
		response, err := t.bundle.RoundTrip(request)
		// Not only if the authority is unknown: the bundle may have an expired certificate of
		// an authority whose new one is in a folder.
		var refused *tls.CertificateVerificationError
		if !errors.As(err, &refused) {
			return response, err
		}
		t.needAll.Store(true)
	}
	return t.all.RoundTrip(request)
}

func newHTTPTransport() *http.Transport {
	var http1 http.Protocols
	http1.SetHTTP1(true)
	return &http.Transport{
		Proxy:             http.ProxyFromEnvironment,
		DisableKeepAlives: true, // after a freeze the connection is closed
		Protocols:         &http1,

		MaxResponseHeaderBytes: 64 << 10,
	}
}

// trusting is a transport whose roots are read while it makes its first connection.
type trusting struct {
	*http.Transport
	roots func() error // returns when they have been read
}

// newTrusting returns a transport that trusts the roots that read returns. Until they are
// there the pool is empty, which trusts nobody. crypto/tls first uses it when the server's
// certificate has come, and nothing is read from a connection before they are there.
func newTrusting(read func() (*x509.CertPool, error)) *trusting {
	pool := x509.NewCertPool()
	t := &trusting{Transport: newHTTPTransport()}
	t.roots = sync.OnceValue(func() error {
		complete, err := read()
		if err == nil {
			*pool = *complete
		}
		return err
	})
	t.TLSClientConfig = &tls.Config{RootCAs: pool}
	t.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		var dialer net.Dialer
		connection, err := dialer.DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return silent{connection, t.roots}, nil
	}
	return t
}

func (t *trusting) RoundTrip(request *http.Request) (*http.Response, error) {
	go t.roots()
	return t.Transport.RoundTrip(request)
}

// silent is a connection from which nothing is read until a function has returned.
type silent struct {
	net.Conn
	until func() error
}

func (c silent) Read(b []byte) (int, error) {
	if err := c.until(); err != nil {
		return 0, err
	}
	return c.Conn.Read(b)
}
