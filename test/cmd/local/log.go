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

// log writes the log lines of the functions and one line per request to stderr. It holds
// them back until it is released, so that only relevant lines are printed if the start
// fails.
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

// lines returns the lines that are held back, without repeated ones: a function that
// cannot start writes why at every attempt.
func (l *log) lines() string {
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
//	GET /prod/things 200 · authorizer miss 1.2 ms · integration 0.8 ms · total 2.3 ms
//
// It writes nothing about the request of tryOut, which comes before the release.
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
	parts = append(parts, "total"+took(r.Latency))
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
