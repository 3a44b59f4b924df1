package gateway

import (
	"net/http"
	"strings"
	"time"
)

// A Record describes how one request was served. It never holds a token, a query or a
// body.
type Record struct {
	Time      time.Time
	RequestID string
	Method    string
	Path      string // with the stage, without the query
	Route     string // the resource path, "" if no method was found
	Status    int
	// ResponseType is the type of the gateway response (UNAUTHORIZED, …), "" if an
	// integration answered.
	ResponseType string
	Authorizer   AuthorizerOutcome
	// Reason says why the gateway itself answered. It is not sent to the client.
	Reason string
	// Warning says what the gateway accepted and a correct client or authorizer does not
	// send.
	Warning string
	// AuthorizerLatency, IntegrationLatency and Latency (of the whole request) are the
	// same quantities as in API Gateway's access log.
	AuthorizerLatency, IntegrationLatency, Latency time.Duration
}

// AuthorizerOutcome is what the authorizer did for a request.
type AuthorizerOutcome string

// The outcomes of an authorizer.
const (
	AuthorizerNone    AuthorizerOutcome = "none"    // the method has none, or the request ended before it
	AuthorizerMiss    AuthorizerOutcome = "miss"    // invoked, and the policy allows the request
	AuthorizerHit     AuthorizerOutcome = "hit"     // the cached policy allows the request
	AuthorizerRefused AuthorizerOutcome = "refused" // 401 or 403
	AuthorizerFailed  AuthorizerOutcome = "failed"  // it gave no answer that can be used
)

// redact removes the credentials of the request from a text that a function wrote.
func redact(text string, header http.Header) string {
	for _, value := range header.Values("Authorization") {
		for _, secret := range append(strings.Fields(value), value) {
			// A scheme or a short word is no secret, and occurs in other words.
			if len(secret) > 8 {
				text = strings.ReplaceAll(text, secret, "[redacted]")
			}
		}
	}
	return text
}
