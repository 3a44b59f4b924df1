package jwks

import (
	"bytes"
	"context"
	"crypto"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwk"
)

// jwxCache is a jwk.Cache of jwx, which fetches, parses and stores one JWK Set. No other
// file imports jwx, and none of its types are used outside this one.
//
// Only Refresh is used, and the refresh interval is 20 years: Get would block while a
// fetch is under way, and after a failed first fetch it would fail until that interval is
// over.
//
// What jwx leaks: each Refresh leaves an entry of 59 bytes (measured) in a queue of due
// refreshes that is emptied when they are due, in 20 years. The limits on fetches keep
// that under 0.6 MB a day. Five goroutines live as long as the process.
type jwxCache struct {
	url   string
	cache *jwk.Cache
	load  func(url string) (document []byte, err error) // of the refresh under way
	life  context.Context                               // of jwx's goroutines and of fetches
	close context.CancelFunc
}

func newJWXCache(url string) *jwxCache {
	const never = 20 * 365 * 24 * time.Hour
	c := &jwxCache{url: url}
	c.life, c.close = context.WithCancel(context.Background())
	c.cache = jwk.NewCache(c.life, jwk.WithRefreshWindow(never))
	err := c.cache.Register(url, jwk.WithHTTPClient(c), jwk.WithRefreshInterval(never), jwk.WithIgnoreParseError(true))
	if err != nil {
		panic(err) // only for an interval below the window
	}
	return c
}

// refresh has jwx fetch the document by load and parse it. It returns the public keys in
// the set by their kid, which is a number; keys that jwx cannot read are left out. Only
// one refresh may be under way at a time.
func (c *jwxCache) refresh(load func(url string) (document []byte, err error)) (map[int]crypto.PublicKey, error) {
	c.load = load
	set, err := c.cache.Refresh(c.life, c.url)
	if err != nil {
		return nil, err
	}
	keys := make(map[int]crypto.PublicKey, set.Len())
	for i := range set.Len() {
		parsed, _ := set.Key(i)
		kid, err := strconv.Atoi(parsed.KeyID())
		if err != nil {
			continue
		}
		var public any
		if parsed.Raw(&public) == nil {
			keys[kid] = public
		}
	}
	return keys, nil
}

// Get is what jwx calls to fetch the document: its jwk.HTTPClient.
func (c *jwxCache) Get(url string) (*http.Response, error) {
	document, err := c.load(url)
	if err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(bytes.NewReader(document))}, nil
}
