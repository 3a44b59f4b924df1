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
	fetchTimeout = 1500 * time.Millisecond // for one fetch, connection to last byte
	maxDocument  = 256 << 10               // bytes, after decompression

	// Bounds on how long a set is used before it is fetched again.
	minTTL     = 5 * time.Minute
	maxTTL     = time.Hour // also how long a key may be trusted that the issuer has removed
	defaultTTL = 15 * time.Minute
)

// client fetches JWK Sets.
type client struct{ http *http.Client }

func newClient() client {
	var http1 http.Protocols
	http1.SetHTTP1(true)
	return client{&http.Client{
		Transport: &http.Transport{
			Proxy:             http.ProxyFromEnvironment,
			DisableKeepAlives: true, // the other end is gone after a freeze
			Protocols:         &http1,

			MaxResponseHeaderBytes: 64 << 10,
		},
		// A redirect would lead past the check of the URL, and to where somebody else
		// says. It ends as a status that is not 200.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// get returns the body at url and how long it may be used.
func (c client) get(url string) (body []byte, ttl time.Duration, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), fetchTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, 0, err
	}
	request.Header.Set("Accept", "application/jwk-set+json, application/json")
	request.Header.Set("Cache-Control", "no-cache") // caches on the way may hold an old set
	response, err := c.http.Do(request)
	if err != nil {
		return nil, 0, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		// The status in words of our own: the issuer's may be of any length.
		return nil, 0, fmt.Errorf("status %d %s, want 200", response.StatusCode, http.StatusText(response.StatusCode))
	}
	body, err = io.ReadAll(io.LimitReader(response.Body, maxDocument+1))
	if err != nil {
		return nil, 0, err
	}
	if len(body) > maxDocument {
		return nil, 0, fmt.Errorf("the document is longer than %d bytes", maxDocument)
	}
	return body, timeToLive(response.Header.Values("Cache-Control")), nil
}

// timeToLive returns how long a set is used before it is fetched again: as long as the
// issuer says (RFC 9111 section 5.2.2.1), within bounds, and not in step with others.
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
