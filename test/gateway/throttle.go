package gateway

import (
	"io"
	"net/http"

	"golang.org/x/time/rate"
)

// This file holds the limits of
// https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html that
// a request can run into before anybody looks at it, and throttling.

const (
	maxHeaderBytes = 10240
	maxURLBytes    = 10240
	maxBodyBytes   = 10 << 20
	maxARNBytes    = 1600 // of methods with an authorizer

	// headerOverhead counts ": " and the line's end to each header, which the
	// documentation does not spell out.
	headerOverhead = 4

	// What a stage that sets only one of the two gets for the other: the
	// quota of an account.
	accountRate  = 10000 // requests a second
	accountBurst = 5000
)

// checkSize is step 1. It reads the body: API Gateway takes in the whole
// request before it does anything.
func (g *Gateway) checkSize(x *exchange, w http.ResponseWriter) *failure {
	r := x.request
	size := len("Host") + len(r.Host) + headerOverhead
	for name, values := range r.Header {
		for _, value := range values {
			size += len(name) + len(value) + headerOverhead
		}
	}
	switch {
	case size > maxHeaderBytes:
		return &failure{kind: headerTooLarge, reason: "the request's headers are too large"}
	case len(r.RequestURI) > maxURLBytes:
		return &failure{kind: uriTooLong, reason: "the URL is too long"}
	}
	tooLarge := &failure{kind: requestTooLarge, reason: "the request's body is too large"}
	if r.ContentLength > maxBodyBytes {
		io.CopyN(io.Discard, r.Body, 2*maxBodyBytes) // a client that still sends would not see the answer
		return tooLarge
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBodyBytes))
	if err != nil {
		return tooLarge // or a client that is gone, and will not see this
	}
	x.body = body
	return nil
}

// throttle enforces the stage's settings. Each method has a bucket of its own,
// also where one setting covers all methods.
func (g *Gateway) throttle(x *exchange) *failure {
	limiter := x.route.method.limiter
	if limiter == nil || limiter.AllowN(g.now(), 1) {
		return nil
	}
	return &failure{kind: throttled, reason: "the stage's throttling allows no more for " + x.route.method.verb + " " + x.route.resource.path}
}

// newLimiter returns a bucket of the given size and refill rate; a negative
// rate or burst means no limit.
func newLimiter(perSecond float64, burst int) *rate.Limiter {
	if perSecond < 0 || burst < 0 {
		return nil
	}
	return rate.NewLimiter(rate.Limit(perSecond), burst)
}
