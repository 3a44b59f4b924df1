package jwks

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"

	"accountapi/lambdas/internal/tokentest"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
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

// newBed starts an issuer with this JWK Set and fetches it as init does. Without
// algorithms, RS256 alone is allowed.
func newBed(t testing.TB, document string, allowed ...*Algorithm) *bed {
	t.Helper()
	if len(allowed) == 0 {
		allowed = Algorithms{Supported().Named("RS256")}
	}
	b := &bed{Server: tokentest.Serve(t, document), clock: &tokentest.Clock{}}
	b.Set = New(b.URL, allowed, b.clock.Now, func(f Fetch) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.reports = append(b.reports, f)
	})
	t.Cleanup(b.Close)
	b.Prefetch(context.Background())
	return b
}

// verify checks a signature that this key has made.
func (b *bed) verify(ctx context.Context, key tokentest.Key) error {
	signed := "header.payload"
	return b.Verify(ctx, Signature{
		KeyID: key.ID, Algorithm: Supported().Named(key.Algorithm), Signed: []byte(signed), Value: key.Sign(signed),
	})
}

// expect compares what a signature by this key comes to; nil is a good one.
func (b *bed) expect(t *testing.T, want error, key tokentest.Key) {
	t.Helper()
	if got := b.verify(t.Context(), key); !errors.Is(got, want) || want == nil && got != nil {
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
