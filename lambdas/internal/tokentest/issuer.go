package tokentest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"
)

// Server publishes a JWK Set over HTTP.
type Server struct {
	URL     string
	fetches atomic.Int64
	handler atomic.Pointer[http.HandlerFunc]
}

// Serve starts an issuer that publishes this document until the test ends.
func Serve(t testing.TB, document string) *Server {
	s := &Server{}
	s.Publish(document)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.fetches.Add(1)
		(*s.handler.Load())(w, r)
	}))
	t.Cleanup(server.Close)
	s.URL = server.URL
	return s
}

// Publish makes the issuer answer with this document from now on.
func (s *Server) Publish(document string) {
	s.Answer(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, document) })
}

// Answer makes the issuer answer by f from now on.
func (s *Server) Answer(f http.HandlerFunc) { s.handler.Store(&f) }

// Fetches returns how often the document has been asked for.
func (s *Server) Fetches() int { return int(s.fetches.Load()) }

// Clock is a wall clock that a test moves. It starts at [Now], and like a real one it
// never stands still: what is fetched after a look at it is younger than that look.
type Clock struct{ offset atomic.Int64 }

// Now returns the time, a microsecond later at each call.
func (c *Clock) Now() time.Time { return Now.Add(time.Duration(c.offset.Add(int64(time.Microsecond)))) }

// Advance moves the clock, backwards if d is negative.
func (c *Clock) Advance(d time.Duration) { c.offset.Add(int64(d)) }
