// Package explain finds out why the local API has answered its last request as it did,
// for the API console.
package explain

import (
	"bytes"
	"encoding/json"
	"sync"

	"accountapi/test/gateway"
	"accountapi/test/issuer"
)

// Last holds what is known about the last request, from what the functions write
// ([gateway.Options] Output) and what the gateway records (Log).
type Last struct {
	mu       sync.Mutex
	requests int
	record   gateway.Record
	decision decision
}

// decision is the authorizer's log line.
type decision struct {
	Message  string `json:"msg"`
	Decision string `json:"decision"`
	Reason   string `json:"reason"`
	Hint     string `json:"hint"`
	Error    string `json:"error"`
	AWS      struct {
		Timestamp int64 // when the decision began, in milliseconds
	} `json:"_aws"`
}

// Write reads lines that functions have written.
func (l *Last) Write(lines []byte) (int, error) {
	for line := range bytes.Lines(lines) {
		var d decision
		if json.Unmarshal(line, &d) == nil && d.Message == "decision" {
			l.mu.Lock()
			l.decision = d
			l.mu.Unlock()
		}
	}
	return len(lines), nil
}

// Record notes that a request has been answered.
func (l *Last) Record(r gateway.Record) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.requests++
	l.record = r
}

// Explanation returns what is known by now. The line of a decision may come after the
// record of its request. It belongs to the request during which the decision began: its
// own requestId is Lambda's, which the gateway's record does not have.
func (l *Last) Explanation() issuer.Explanation {
	l.mu.Lock()
	defer l.mu.Unlock()
	r, d := l.record, l.decision
	e := issuer.Explanation{
		Request: l.requests, Method: r.Method, Path: r.Path, Status: r.Status,
		Asked: r.AuthorizerLatency > 0, Cached: r.Authorizer == gateway.AuthorizerHit,
	}
	if r.ResponseType != "" {
		e.Gateway = r.ResponseType
		if r.Reason != "" {
			e.Gateway = r.Reason
		}
	}
	began, ended := r.Time.UnixMilli(), r.Time.Add(r.Latency).UnixMilli()
	if e.Asked && began <= d.AWS.Timestamp && d.AWS.Timestamp <= ended {
		e.Decision, e.Reason, e.Hint, e.Error = d.Decision, d.Reason, d.Hint, d.Error
	}
	return e
}
