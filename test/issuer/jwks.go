package issuer

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// An EndpointFault is a way in which the issuer fails. All except Outage affect the JWK
// Set endpoint only.
type EndpointFault string

// The ways to fail. None of them may cause a verifier to accept a bad token or to refuse
// a good one as bad: it uses the keys that it has, or reports that it could not check the
// token.
const (
	// Healthy is no fault.
	Healthy EndpointFault = ""
	// Outage closes every connection to the discovery, JWK Set and token endpoints
	// without an answer.
	Outage EndpointFault = "outage"
	// ServerError answers 500.
	ServerError EndpointFault = "server-error"
	// Hang accepts the request and never answers; it ends when the client disconnects.
	Hang EndpointFault = "hang"
	// SlowBody sends the good set byte by byte, ten bytes per second.
	SlowBody EndpointFault = "slow-body"
	// HugeBody sends another member of 64 MiB before the good set, without
	// Content-Length.
	HugeBody EndpointFault = "huge-body"
	// GzipBomb sends the same with Content-Encoding: gzip, which compresses 64 MiB to 64
	// KiB.
	GzipBomb EndpointFault = "gzip-bomb"
	// Redirect answers 302 with the location of the good set. A request for that is
	// counted too.
	Redirect EndpointFault = "redirect"
	// HTML answers 200 with a web page, as a captive portal does.
	HTML EndpointFault = "html"
	// EmptySet answers 200 with a set without keys.
	EmptySet EndpointFault = "empty-set"
	// TruncatedJSON answers 200 with the first half of the good set.
	TruncatedJSON EndpointFault = "truncated-json"
)

const (
	slowBodyPause = 100 * time.Millisecond
	hugeBodySize  = 64 << 20 // bytes: far above any real set, but not too large for a laptop
	hugeBodyPiece = 1 << 20  // bytes
)

// EndpointFaults returns every EndpointFault but Healthy, in the order of their
// documentation.
func EndpointFaults() []EndpointFault {
	return []EndpointFault{
		Outage, ServerError, Hang, SlowBody, HugeBody, GzipBomb, Redirect, HTML, EmptySet, TruncatedJSON,
	}
}

// SetFault makes the issuer fail in this way from the next request on, until
// SetFault(Healthy).
func (i *Issuer) SetFault(fault EndpointFault) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.fault = fault
}

// JWKSFetches returns how many requests for the JWK Set have arrived, including those
// that failed because of a fault.
func (i *Issuer) JWKSFetches() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.fetches
}

// arrived counts the request if it is for the JWK Set, and returns the current fault.
func (i *Issuer) arrived(r *http.Request) EndpointFault {
	i.mu.Lock()
	defer i.mu.Unlock()
	if r.URL.Path == jwksPath || r.URL.Path == redirectedPath {
		i.fetches++
	}
	return i.fault
}

// Fault returns the current fault.
func (i *Issuer) Fault() EndpointFault {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.fault
}

func (i *Issuer) serveJWKS(w http.ResponseWriter, r *http.Request) {
	set := string(i.JWKS())
	switch i.Fault() {
	case ServerError:
		http.Error(w, "internal server error", http.StatusInternalServerError)
	case Hang:
		<-r.Context().Done()
	case SlowBody:
		i.serveSlowly(w, r, set)
	case HugeBody:
		i.writeSetHeader(w)
		writeHuge(set, func(piece string) error {
			_, err := io.WriteString(w, piece)
			return err
		})
	case GzipBomb:
		i.writeSetHeader(w)
		w.Header().Set("Content-Encoding", "gzip")
		zipped := map[string][]byte{}
		writeHuge(set, func(piece string) error {
			if zipped[piece] == nil {
				zipped[piece] = zip(piece)
			}
			_, err := w.Write(zipped[piece])
			return err
		})
	case Redirect:
		http.Redirect(w, r, i.at(redirectedPath), http.StatusFound)
	case HTML:
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, "<!doctype html><title>Sign in to the network</title>"+
			"<p>Please accept the terms of use.</p>\n")
	case EmptySet:
		i.writeSet(w, `{"keys":[]}`)
	case TruncatedJSON:
		i.writeSet(w, set[:len(set)/2])
	default:
		i.writeSet(w, set)
	}
}

// serveRedirected answers clients that have followed Redirect.
func (i *Issuer) serveRedirected(w http.ResponseWriter, _ *http.Request) {
	i.writeSet(w, string(i.JWKS()))
}

func (i *Issuer) writeSetHeader(w http.ResponseWriter) {
	// As Auth0. The registered type is application/jwk-set+json (RFC 7517 section 8.5),
	// but few issuers send it.
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", i.config.CacheControl)
}

func (i *Issuer) writeSet(w http.ResponseWriter, set string) {
	i.writeSetHeader(w)
	_, _ = io.WriteString(w, set)
}

func (i *Issuer) serveSlowly(w http.ResponseWriter, r *http.Request, set string) {
	i.writeSetHeader(w)
	w.Header().Set("Content-Length", fmt.Sprint(len(set)))
	tick := time.NewTicker(slowBodyPause)
	defer tick.Stop()
	for n := range len(set) {
		select {
		case <-r.Context().Done():
			return
		case <-tick.C:
		}
		_, _ = io.WriteString(w, set[n:n+1])
		_ = http.NewResponseController(w).Flush()
	}
}

// writeHuge writes, piece by piece, a set that is good except for its size: a client
// without a limit reads all of it and finds the keys at the end. It stops when the client
// disconnects.
func writeHuge(set string, write func(piece string) error) {
	piece := strings.Repeat("x", hugeBodyPiece)
	if write(`{"padding":"`) != nil {
		return
	}
	for range hugeBodySize / hugeBodyPiece {
		if write(piece) != nil {
			return
		}
	}
	_ = write(`",` + strings.TrimPrefix(set, "{"))
}

// zip returns text as one gzip member. A gzip file is a series of members (RFC 1952
// section 2.2), so the pieces of writeHuge can be compressed one by one, equal pieces
// only once.
func zip(text string) []byte {
	var member bytes.Buffer
	w := gzip.NewWriter(&member)
	_, _ = io.WriteString(w, text) // a bytes.Buffer never fails
	_ = w.Close()
	return member.Bytes()
}
