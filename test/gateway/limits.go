package gateway

import (
	"io"
	"net/http"
	"strings"
	"time"
)

// The limits that a request can exceed before it is routed
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html).
const (
	maxHeaderBytes = 10240
	maxURLBytes    = 10240
	maxBodyBytes   = 10 << 20

	// refusedInURL are characters that a client must encode
	// (https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html).
	// That the answer is 400 was observed for the first; its body is inferred.
	refusedInURL = "|{}"

	// headerOverhead counts ": " and the end of the line to each header, which AWS does
	// not document.
	headerOverhead = 4
)

// readBody checks the form and sizes of a request and returns its body: API Gateway reads
// the whole request before it does anything else.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, *failure) {
	size := len("Host") + len(r.Host) + headerOverhead
	for name, values := range r.Header {
		for _, value := range values {
			size += len(name) + len(value) + headerOverhead
		}
	}
	switch {
	case size > maxHeaderBytes:
		return nil, &failure{kind: headerTooLarge, reason: "the request's headers are too large"}
	case len(r.RequestURI) > maxURLBytes:
		return nil, &failure{kind: uriTooLong, reason: "the URL is too long"}
	case strings.ContainsAny(r.RequestURI, refusedInURL):
		return nil, &failure{kind: badRequest, reason: "the URL has one of the characters " + refusedInURL +
			", which must be percent-encoded"}
	}
	tooLarge := &failure{kind: requestTooLarge, reason: "the request's body is too large"}
	if r.ContentLength > maxBodyBytes {
		io.CopyN(io.Discard, r.Body, 2*maxBodyBytes) // a client reads no answer while it sends
		return nil, tooLarge
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBodyBytes))
	if err != nil {
		return nil, tooLarge // or the client is gone and reads no answer
	}
	return body, nil
}

// throttle enforces the stage's settings. Each method has a token bucket of its own, even
// if one setting is for all methods.
func (r route) throttle(now time.Time) *failure {
	if r.method.limiter == nil || r.method.limiter.AllowN(now, 1) {
		return nil
	}
	return &failure{kind: throttled,
		reason: "the stage's throttling allows no more for " + r.method.verb + " " + r.resource.path}
}
