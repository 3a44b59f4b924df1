package jwks

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	maxDocument = 256 << 10 // bytes, after decompression

	// Bounds on how long a set is used before it is fetched again.
	minTTL     = 5 * time.Minute
	maxTTL     = time.Hour
	defaultTTL = 15 * time.Minute
)

// client fetches JWK Sets.
type client struct {
	http    *http.Client
	timeout time.Duration // for one fetch, connection to last byte
}

func newClient(transport *Transport) client {
	return client{
		timeout: 3 * time.Second, // as slow as some issuers are
		http: &http.Client{
			Transport: transport,
			// A redirect would avoid the check of the URL, and lead to where somebody else
			// says. It ends as a status that is not 200.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// published is a document as a fetch has found it.
type published struct {
	body []byte
	ttl  time.Duration // how long it is used before it is fetched again
	age  time.Duration // how long it had been in caches on the way (RFC 9111 section 5.1)
}

// get fetches the document at url.
func (c client) get(url string) (p published, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), c.timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return p, err
	}
	request.Header.Set("Accept", "application/jwk-set+json, application/json")
	request.Header.Set("Cache-Control", "no-cache") // caches on the way may hold an old set
	response, err := c.http.Do(request)
	if err != nil {
		return p, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		// Not the issuer's text of the status, which may have any length.
		return p, fmt.Errorf("status %d %s, want 200", response.StatusCode, http.StatusText(response.StatusCode))
	}
	p.body, err = io.ReadAll(io.LimitReader(response.Body, maxDocument+1))
	if err != nil {
		return p, err
	}
	if len(p.body) > maxDocument {
		return p, fmt.Errorf("the document is longer than %d bytes", maxDocument)
	}
	p.ttl = timeToLive(response.Header.Values("Cache-Control"))
	if seconds, err := strconv.ParseUint(response.Header.Get("Age"), 10, 31); err == nil {
		p.age = time.Duration(seconds) * time.Second
	}
	return p, nil
}

// timeToLive returns how long a set is used before it is fetched again: as long as the
// issuer says (RFC 9111 section 5.2.2.1), within limits, and with some jitter.
func timeToLive(cacheControl []string) time.Duration {
	ttl := defaultTTL
	for directive := range strings.SplitSeq(strings.Join(cacheControl, ","), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
		if !strings.EqualFold(name, "max-age") {
			continue
		}
		if seconds, err := strconv.ParseUint(strings.Trim(value, `"`), 10, 31); err == nil {
			ttl = time.Duration(seconds) * time.Second
		} else if errors.Is(err, strconv.ErrRange) {
			ttl = maxTTL
		}
	}
	ttl += time.Duration((rand.Float64() - 0.5) / 5 * float64(ttl)) // ±10 %
	return min(max(ttl, minTTL), maxTTL)
}
