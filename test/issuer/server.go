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
	done chan struct{} // closed when nothing is served any more
}

// Start serves an issuer on addr, for example "127.0.0.1:3001", with port 0 on any free one. The address must be a loopback one: the
// issuer gives tokens to whoever can reach it. If config has no URL, it becomes "http://HOST:PORT/" of that address.
func Start(addr string, config Config) (*Server, error) {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("start issuer: %w", err)
	}
	if bound := listener.Addr().(*net.TCPAddr); !bound.IP.IsLoopback() {
		_ = listener.Close()
		return nil, fmt.Errorf("start issuer: %s is not a loopback address, like 127.0.0.1", addr)
	}
	if config.URL == "" {
		config.URL = "http://" + listener.Addr().String() + "/"
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

// Close stops the server at once and drops its connections, also those that a fault keeps waiting.
func (s *Server) Close() error {
	err := s.http.Close()
	<-s.done
	if err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("close issuer: %w", err)
	}
	return nil
}
