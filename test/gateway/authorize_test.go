package gateway

import (
	"net/http/httptest"
	"testing"
	"time"
)

func TestConditionKeysComeFromTheRequest(t *testing.T) {
	r := httptest.NewRequest("GET", "/prod/profile", nil)
	r.RemoteAddr = "203.0.113.7:50000"
	r.Header.Set("User-Agent", "curl/8.0")
	x := &exchange{request: r, time: time.Date(2026, 7, 20, 1, 56, 20, 0, time.UTC)}
	tests := []struct {
		name, value string
		ok          bool
	}{
		{"aws:currenttime", "2026-07-20T01:56:20Z", true},
		{"aws:epochtime", "1784512580", true},
		{"aws:sourceip", "203.0.113.7", true},
		{"aws:securetransport", "true", true},
		{"aws:useragent", "curl/8.0", true},
		{"aws:referer", "", false}, // the request has none
		{"aws:principalorgid", "", false},
	}
	for _, test := range tests {
		if value, ok := x.conditionKey(test.name); value != test.value || ok != test.ok {
			t.Errorf("%s is %q, %v; want %q, %v", test.name, value, ok, test.value, test.ok)
		}
	}
}
