package jwks

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"sync"
	"testing"
	"time"

	"accountapi/lambdas/internal/tokentest"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	cleanup := trusted.trustOnly()
	os.Setenv("HTTPS_PROXY", "http://proxy.example:8080") // net/http reads it once
	os.Setenv("NO_PROXY", "")
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		cleanup()
		os.Exit(code)
	}),
		// httprc's fetch loop waits on a condition that only its refresh loop signals,
		// once, on the way out; when it comes too early the goroutine stays until the
		// process ends. One key set lives as long as its process, so it does not add up.
		goleak.IgnoreAnyFunction("github.com/lestrrat-go/httprc.(*queue).fetchLoop"))
}

// The keys and documents of the tests.
var (
	key1, key2, stranger = tokentest.Key1, tokentest.Key2, tokentest.Stranger
	p256, p384, ed       = tokentest.P256, tokentest.P384, tokentest.Ed
	jwks, toJSON         = tokentest.JWKS, tokentest.JSON
)

type members = tokentest.Members

// bed is a key set with its issuer and its clock.
type bed struct {
	*Set
	*tokentest.Server
	clock *tokentest.Clock

	mu      sync.Mutex
	reports []Fetch
}

// newBed starts an issuer with this JWK Set, which may be used for an hour, and fetches
// it as init does. Without algorithms, RS256 alone is allowed.
func newBed(t testing.TB, document string, allowed ...*Algorithm) *bed {
	t.Helper()
	b := newColdBed(t, allowed...)
	b.publish(document)
	b.Prefetch()
	return b
}

// newColdBed is newBed before the fetch of init, with an issuer that answers 404.
func newColdBed(t testing.TB, allowed ...*Algorithm) *bed {
	t.Helper()
	if len(allowed) == 0 {
		allowed = Algorithms{Supported().Named("RS256")}
	}
	b := &bed{Server: tokentest.Serve(t, ""), clock: &tokentest.Clock{}}
	b.Answer(http.NotFound)
	b.Set = New(b.URL, allowed, NewTransport(nil), b.clock.Now, func(f Fetch) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.reports = append(b.reports, f)
	})
	t.Cleanup(b.Close)
	return b
}

// publish makes the issuer answer with this document, with these header fields on top.
func (b *bed) publish(document string, fields ...string) {
	b.Answer(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "max-age=3600")
		for i := 0; i < len(fields); i += 2 {
			w.Header().Set(fields[i], fields[i+1])
		}
		io.WriteString(w, document)
	})
}

// verify checks a signature that this key has made for a token issued then.
func (b *bed) verify(ctx context.Context, key tokentest.Key, issued time.Time) error {
	signed := "header.payload"
	return b.Verify(ctx, Signature{
		KeyID: key.ID, Algorithm: Supported().Named(key.Algorithm), Issued: issued,
		Signed: []byte(signed), Value: key.Sign(signed),
	})
}

// expect compares what the signature of a token issued just now comes to; nil is a good
// one.
func (b *bed) expect(t *testing.T, want error, key tokentest.Key) {
	t.Helper()
	b.expectIssued(t, want, key, b.clock.Now())
}

// expectIssued is expect for a token issued then.
func (b *bed) expectIssued(t *testing.T, want error, key tokentest.Key, issued time.Time) {
	t.Helper()
	if got := b.verify(t.Context(), key, issued); !errors.Is(got, want) || want == nil && got != nil {
		t.Errorf("a signature by %s: got %v, want %v", key.ID, got, want)
	}
}

// expectFetches compares how often the set has been fetched so far.
func (b *bed) expectFetches(t *testing.T, want int) {
	t.Helper()
	if got := b.Fetches(); got != want {
		t.Errorf("%d fetches, want %d", got, want)
	}
}

// lastFetch returns what was reported about the last fetch.
func (b *bed) lastFetch() Fetch {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.reports[len(b.reports)-1]
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

func hang(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

// slowly answers with the document after some time.
func slowly(document string, d time.Duration) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(d)
		io.WriteString(w, document)
	}
}
