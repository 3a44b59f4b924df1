package issuer

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// Server is an Issuer that listens.
type Server struct {
	*Issuer
	http http.Server
	done chan struct{} // closed when Serve has returned
}

// Start serves an issuer on addr, for example "127.0.0.1:3001"; with port 0, on any free
// port. See [Serve] for the rest.
func Start(addr string, config Config) (*Server, error) {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("start issuer: %w", err)
	}
	return Serve(listener, config)
}

// Serve serves an issuer on a listener, and closes the listener with the server or if it
// fails. The address must be a loopback address, because the issuer gives tokens to
// everybody who can reach it. If config has no URL, it becomes "http://HOST:PORT/" of
// that address.
func Serve(listener net.Listener, config Config) (*Server, error) {
	address, ok := listener.Addr().(*net.TCPAddr)
	if !ok || !address.IP.IsLoopback() {
		_ = listener.Close()
		return nil, fmt.Errorf("start issuer: %s is not a loopback address, such as 127.0.0.1", listener.Addr())
	}
	if config.URL == "" {
		config.URL = "http://" + address.String() + "/"
	}
	issuer, err := New(config)
	if err != nil {
		_ = listener.Close()
		return nil, fmt.Errorf("start issuer: %w", err)
	}

	s := &Server{Issuer: issuer, done: make(chan struct{})}
	s.http.Handler = issuer
	s.http.ReadHeaderTimeout = 10 * time.Second
	go func() {
		defer close(s.done)
		_ = s.http.Serve(listener) // always ErrServerClosed, after Close
	}()
	return s, nil
}

// Close stops the server at once and closes its connections, including those that a fault
// keeps open.
func (s *Server) Close() error {
	err := s.http.Close()
	<-s.done
	if err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("close issuer: %w", err)
	}
	return nil
}
