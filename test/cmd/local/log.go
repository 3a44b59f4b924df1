package main

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"accountapi/test/gateway"
)

// log is what this program tells on stderr while it serves: the functions' own lines and
// one line per request. Until it is released it keeps them, so that a failed start can
// say what matters and nothing else.
type log struct {
	mu       sync.Mutex
	held     bytes.Buffer
	released bool
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.released {
		return os.Stderr.Write(p)
	}
	return l.held.Write(p)
}

func (l *log) release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.released = true
	_, _ = l.held.WriteTo(os.Stderr)
}

// complaints are the functions' lines kept so far, each once: a function that
// cannot start says why every time it is tried.
func (l *log) complaints() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var lines []string
	for line := range strings.Lines(l.held.String()) {
		if !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	return strings.TrimSpace(strings.Join(lines, ""))
}

// request writes one readable line about a request:
//
//	GET /prod/profile 200 · authorizer miss 1.2 ms · integration 0.8 ms · 2.3 ms in all
//
// Nothing about the first one, by which this program tries itself out.
func (l *log) request(r gateway.Record) {
	l.mu.Lock()
	released := l.released
	l.mu.Unlock()
	if !released {
		return
	}
	parts := []string{fmt.Sprintf("%s %s %d", r.Method, r.Path, r.Status)}
	if r.Authorizer != gateway.AuthorizerNone {
		parts = append(parts, fmt.Sprintf("authorizer %s%s", r.Authorizer, took(r.AuthorizerLatency)))
	}
	if r.IntegrationLatency > 0 {
		parts = append(parts, "integration"+took(r.IntegrationLatency))
	}
	parts = append(parts, strings.TrimSpace(took(r.Latency))+" in all")
	if r.ResponseType != "" {
		parts = append(parts, strings.TrimSuffix(r.ResponseType+": "+cmp.Or(r.Reason, "-"), ": -"))
	}
	if r.Warning != "" {
		parts = append(parts, "note: "+r.Warning)
	}
	fmt.Fprintln(l, strings.Join(parts, " · "))
}

func took(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return fmt.Sprintf(" %.1f ms", float64(d.Microseconds())/1000)
}
