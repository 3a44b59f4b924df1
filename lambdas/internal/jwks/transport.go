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
// certificates: Debian has one in each file; in Amazon Linux 2023 both folders are the
// folder of the bundle. Reading them takes longer than the rest of init. So the folders
// are read only when a server's certificate cannot be verified with the bundle, and the
// request is then sent again. A process needs this second connection once, and only for
// an authority that is in a folder but not in the bundle.
type Transport struct {
	plain   *http.Transport // for http
	bundle  *httpsTransport // trusts the roots in the bundle
	all     *httpsTransport // trusts those in the folders too
	needAll atomic.Bool     // the bundle was not enough
}

// NewTransport returns a transport that also trusts the certificates in caBundle, which
// is PEM. It reads no file yet.
func NewTransport(caBundle []byte) *Transport {
	t := &Transport{
		plain:  newHTTPTransport(),
		bundle: newHTTPSTransport(func() (*x509.CertPool, error) { return bundleRoots(caBundle) }),
		all:    newHTTPSTransport(func() (*x509.CertPool, error) { return allRoots(caBundle) }),
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

// httpsTransport is a transport whose roots are read while it makes its first connection.
type httpsTransport struct {
	*http.Transport
	readRoots func() error // reads the roots once; every call waits until they are read
}

// newHTTPSTransport returns a transport that trusts the roots that read returns. The pool
// is empty, and trusts nobody, until the roots are read. crypto/tls first uses the pool
// when it has the server's certificate, and nothing is read from a connection before the
// roots are read. tls.Config.VerifyConnection could verify without this wait, but
// crypto/tls does not tell it the host if the host is an IP address.
func newHTTPSTransport(read func() (*x509.CertPool, error)) *httpsTransport {
	pool := x509.NewCertPool()
	t := &httpsTransport{Transport: newHTTPTransport()}
	t.readRoots = sync.OnceValue(func() error {
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
		return waitingConn{connection, t.readRoots}, nil
	}
	return t
}

func (t *httpsTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	go t.readRoots()
	return t.Transport.RoundTrip(request)
}

// waitingConn is a connection from which nothing is read until a function has returned.
type waitingConn struct {
	net.Conn
	wait func() error
}

func (c waitingConn) Read(b []byte) (int, error) {
	if err := c.wait(); err != nil {
		return 0, err
	}
	return c.Conn.Read(b)
}
