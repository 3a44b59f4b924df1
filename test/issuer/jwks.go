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

// An EndpointFault is a way in which the issuer fails those who ask it for keys. All but Outage concern the JWK Set endpoint alone.
type EndpointFault string

// The ways to fail. With none of them may a bad token pass or a good one be called bad: a verifier uses the keys it has, or says that it
// could not check.
const (
	// Healthy is no fault.
	Healthy EndpointFault = ""
	// Outage closes every connection to discovery, JWK Set and token endpoint without an answer.
	Outage EndpointFault = "outage"
	// ServerError answers 500.
	ServerError EndpointFault = "server-error"
	// Hang accepts the request and never answers; it ends when the client goes.
	Hang EndpointFault = "hang"
	// SlowBody sends the good set byte by byte, ten in a second.
	SlowBody EndpointFault = "slow-body"
	// HugeBody sends the good set behind 64 MiB of another member, without Content-Length.
	HugeBody EndpointFault = "huge-body"
	// GzipBomb sends the same with Content-Encoding: gzip, so that 64 MiB travel as 64 KiB.
	GzipBomb EndpointFault = "gzip-bomb"
	// Redirect answers 302 and leads to the good set. A fetch of that counts too.
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
	hugeBodySize  = 64 << 20 // bytes: far above any real set, and still little enough to survive on a laptop
	hugeBodyPiece = 1 << 20  // bytes
)

// EndpointFaults returns every EndpointFault but Healthy, in the order of their documentation.
func EndpointFaults() []EndpointFault {
	return []EndpointFault{Outage, ServerError, Hang, SlowBody, HugeBody, GzipBomb, Redirect, HTML, EmptySet, TruncatedJSON}
}

// SetFault makes the issuer fail that way from the next request on, until SetFault(Healthy).
func (i *Issuer) SetFault(fault EndpointFault) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.fault = fault
}

// JWKSFetches returns how many requests for the JWK Set have arrived, those that failed by a fault included.
func (i *Issuer) JWKSFetches() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.fetches
}

// arrived counts the request if it is for the JWK Set, and returns how the issuer fails at the moment.
func (i *Issuer) arrived(r *http.Request) EndpointFault {
	i.mu.Lock()
	defer i.mu.Unlock()
	if r.URL.Path == jwksPath || r.URL.Path == redirectedPath {
		i.fetches++
	}
	return i.fault
}

// Fault returns how the issuer fails at the moment.
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
		_, _ = io.WriteString(w, "<!doctype html><title>Sign in to the network</title><p>Please accept the terms of use.</p>\n")
	case EmptySet:
		i.writeSet(w, `{"keys":[]}`)
	case TruncatedJSON:
		i.writeSet(w, set[:len(set)/2])
	default:
		i.writeSet(w, set)
	}
}

// serveRedirected answers those who followed Redirect.
func (i *Issuer) serveRedirected(w http.ResponseWriter, _ *http.Request) {
	i.writeSet(w, string(i.JWKS()))
}

func (i *Issuer) writeSetHeader(w http.ResponseWriter) {
	// Auth0's type; the registered one, application/jwk-set+json (RFC 7517 section 8.5), is what hardly anybody sends.
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

// writeHuge writes, piece by piece, a set that is good but for its size: a client without a limit reads it all and finds the keys at the
// end. It stops when the client does.
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

// zip returns text as one gzip member. A gzip file is a series of them (RFC 1952 section 2.2), so writeHuge's pieces may be zipped one
// by one, the many equal ones only once.
func zip(text string) []byte {
	var member bytes.Buffer
	w := gzip.NewWriter(&member)
	_, _ = io.WriteString(w, text) // a Buffer takes everything
	_ = w.Close()
	return member.Bytes()
}
