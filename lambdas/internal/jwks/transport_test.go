package jwks

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// setBundle makes a file with this text the one that is read first.
func setBundle(t *testing.T, text []byte) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "bundle.pem")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SSL_CERT_FILE", file)
}

// setBundlePipe makes a named pipe that file. A reader waits until the pipe is opened for
// writing, and the pipe can be read once.
func setBundlePipe(t *testing.T) (pipe string) {
	t.Helper()
	pipe = filepath.Join(t.TempDir(), "bundle.pem")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SSL_CERT_FILE", pipe)
	return pipe
}

// The authority that is trusted in these tests is in the folder of SSL_CERT_DIR.
func TestFoldersAreReadWhenTheBundleIsNotEnough(t *testing.T) {
	for name, test := range map[string]struct {
		bundle      []byte
		connections int64 // for two fetches
	}{
		"the authority is in the bundle":       {trusted.pem(), 2},
		"the authority is only in a folder":    {newAuthority().pem(), 3},
		"the bundle has no certificate at all": {[]byte("none"), 2},
	} {
		t.Run(name, func(t *testing.T) {
			setBundle(t, test.bundle)
			var connections atomic.Int64
			server := trusted.startTLS(t, unchanged, func(c *tls.Config) {
				c.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
					connections.Add(1)
					return nil, nil
				}
			})
			bed := newTLSBed(t, server.URL, NewTransport(nil))
			for range 2 {
				bed.expect(t, nil, key1())
				bed.clock.Advance(2 * time.Hour)
			}
			if got := connections.Load(); got != test.connections {
				t.Errorf("%d connections for two fetches, want %d", got, test.connections)
			}
		})
	}
}

func TestRootsAreReadOnceAndWhileTheFirstConnectionIsMade(t *testing.T) {
	pipe := setBundlePipe(t)
	hello := make(chan struct{}, 2)
	server := trusted.startTLS(t, unchanged, func(c *tls.Config) {
		c.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
			hello <- struct{}{}
			return nil, nil
		}
	})
	go func() {
		<-hello // the client has connected, and has no roots yet
		os.WriteFile(pipe, trusted.pem(), 0)
	}()
	transport := NewTransport(nil)
	for range 2 { // sets; a second read of the pipe would not end
		newTLSBed(t, server.URL, transport).expect(t, nil, key1())
	}
}

func TestServerThatRefusesTheConnectionIsTheCauseInTheError(t *testing.T) {
	server := trusted.startTLS(t, unchanged, newest)
	server.Close()
	request, err := http.NewRequest(http.MethodGet, server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewTransport(nil).RoundTrip(request); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("got %v, want that the connection was refused", err)
	}
}

func TestWithoutRootsNothingIsReadFromTheServer(t *testing.T) {
	server := trusted.startTLS(t, unchanged, newest)
	request, err := http.NewRequest(http.MethodGet, server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	unreadable := errors.New("the roots cannot be read")
	transport := newHTTPSTransport(func() (*x509.CertPool, error) { return nil, unreadable })
	if _, err := transport.RoundTrip(request); !errors.Is(err, unreadable) {
		t.Errorf("got %v, want the error of reading the roots", err)
	}
}

func TestRootsAreNotReadForHTTP(t *testing.T) {
	pipe := setBundlePipe(t)
	bed := newBed(t, jwks(key1().JWK()))
	bed.expect(t, nil, key1())
	if f, err := os.OpenFile(pipe, os.O_WRONLY|syscall.O_NONBLOCK, 0); !errors.Is(err, syscall.ENXIO) { // no reader
		f.Close()
		t.Errorf("opening the pipe for writing: got %v, want an error because nobody reads", err)
	}
}

func TestCABundleIsTrustedBesidesTheSystemsRoots(t *testing.T) {
	private, other := newAuthority(), newAuthority()
	for name, test := range map[string]struct {
		by   authority
		want error
	}{
		"an authority of the system":         {trusted, nil},
		"the authority in the CA bundle":     {private, nil},
		"an authority that is not in either": {other, ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			server := test.by.startTLS(t, unchanged, newest)
			newTLSBed(t, server.URL, NewTransport(private.pem())).expect(t, test.want, key1())
		})
	}
}
