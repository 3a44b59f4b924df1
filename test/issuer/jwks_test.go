package issuer_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"slices"
	"testing"
	"time"

	"accountapi/test/issuer"

	"github.com/go-jose/go-jose/v4"
)

func publicPEM(t *testing.T, key any) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

// TestEndpointFaults requests each fault with a client that has no limits and follows
// redirects.
func TestEndpointFaults(t *testing.T) {
	const noAnswer = 0
	for fault, test := range map[issuer.EndpointFault]struct {
		status  int  // noAnswer when the connection is closed without an answer
		size    int  // minimum size of the body; -1 for any
		keys    int  // in the set that the client receives, -1 if it cannot be parsed
		fetches int  // counted
		others  bool // discovery and token endpoint answer
	}{
		issuer.Healthy:       {status: 200, size: -1, keys: 1, fetches: 1, others: true},
		issuer.Outage:        {status: noAnswer, fetches: 1},
		issuer.ServerError:   {status: 500, size: -1, keys: -1, fetches: 1, others: true},
		issuer.HugeBody:      {status: 200, size: 64 << 20, keys: 1, fetches: 1, others: true},
		issuer.GzipBomb:      {status: 200, size: 64 << 20, keys: 1, fetches: 1, others: true},
		issuer.Redirect:      {status: 200, size: -1, keys: 1, fetches: 2, others: true},
		issuer.HTML:          {status: 200, size: -1, keys: -1, fetches: 1, others: true},
		issuer.EmptySet:      {status: 200, size: -1, keys: 0, fetches: 1, others: true},
		issuer.TruncatedJSON: {status: 200, size: 100, keys: -1, fetches: 1, others: true},
	} {
		t.Run("fault "+string(fault), func(t *testing.T) {
			s := start(t, issuer.Config{})
			s.SetFault(fault)
			// One connection per request: net/http repeats a request when a reused
			// connection is closed.
			client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

			if response, err := client.Get(s.JWKSURL()); err != nil {
				if test.status != noAnswer {
					t.Fatal(err)
				}
			} else {
				defer response.Body.Close()
				if response.StatusCode != test.status {
					t.Errorf("status %d, want %d", response.StatusCode, test.status)
				}
				body, err := io.ReadAll(response.Body)
				if err != nil {
					t.Error(err)
				}
				if len(body) < test.size {
					t.Errorf("body has %d bytes, want at least %d", len(body), test.size)
				}
				if _, rest, huge := bytes.Cut(body, []byte(`xx",`)); huge {
					body = append([]byte("{"), rest...) // parsing 64 MiB of JSON is slow
				}
				keys := -1
				var set jose.JSONWebKeySet
				if err := json.Unmarshal(body, &set); err == nil {
					keys = len(set.Keys)
				}
				if keys != test.keys {
					t.Errorf("%d keys, want %d", keys, test.keys)
				}
			}
			if got := s.JWKSFetches(); got != test.fetches {
				t.Errorf("%d fetches counted, want %d", got, test.fetches)
			}

			for _, address := range []string{s.URL() + ".well-known/openid-configuration", s.TokenURL()} {
				response, err := client.Get(address)
				if err == nil {
					response.Body.Close() // the token endpoint answers 405, which is an answer
				}
				if answered := err == nil; answered != test.others {
					t.Errorf("%s answered: %v, want %v", address, answered, test.others)
				}
			}

			s.SetFault(issuer.Healthy)
			if got := len(get[jose.JSONWebKeySet](t, s.JWKSURL()).Keys); got != 1 {
				t.Errorf("%d keys after the fault is over, want 1", got)
			}
		})
	}
}

// TestSlowFaults tests the faults that last longer than a test: the client disconnects.
func TestSlowFaults(t *testing.T) {
	t.Run("hang sends nothing", func(t *testing.T) {
		s := start(t, issuer.Config{})
		s.SetFault(issuer.Hang)
		ctx, disconnect := context.WithCancel(t.Context())
		request, err := http.NewRequestWithContext(ctx, "GET", s.JWKSURL(), nil)
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			for s.JWKSFetches() == 0 {
				time.Sleep(time.Millisecond)
			}
			disconnect()
		}()
		if response, err := http.DefaultClient.Do(request); err == nil {
			response.Body.Close()
			t.Errorf("answered %s", response.Status)
		}
	})
	t.Run("slow body sends byte by byte", func(t *testing.T) {
		s := start(t, issuer.Config{})
		s.SetFault(issuer.SlowBody)
		response, err := http.Get(s.JWKSURL())
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		if response.ContentLength != int64(len(s.JWKS())) {
			t.Errorf("Content-Length %d, want that of the good set", response.ContentLength)
		}
		some := make([]byte, 3)
		if _, err := io.ReadFull(response.Body, some); err != nil || string(some) != `{"k` {
			t.Errorf("body starts %q (%v)", some, err)
		}
	})
}

func TestEndpointFaultsListsAllOnce(t *testing.T) {
	faults := issuer.EndpointFaults()
	slices.Sort(faults)
	if got := len(slices.Compact(faults)); got != 10 || slices.Contains(faults, issuer.Healthy) {
		t.Errorf("%d different faults: %q", got, faults)
	}
}
