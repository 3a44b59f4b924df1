package main

import (
	"cmp"
	"fmt"
	"os"
	"strings"
	"time"

	"accountapi/test/gateway"
)

// logRequest writes one readable line about a request:
//
//	GET /prod/profile 200 · authorizer miss 1.2 ms · integration 0.8 ms · 2.3 ms in all
func logRequest(r gateway.Record) {
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
	fmt.Fprintln(os.Stderr, strings.Join(parts, " · "))
}

func took(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return fmt.Sprintf(" %.1f ms", float64(d.Microseconds())/1000)
}
