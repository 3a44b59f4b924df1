package jwks

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"accountapi/lambdas/internal/tokentest"
)

func TestWithoutKeysNoSignatureIsJudged(t *testing.T) {
	for name, fault := range faults(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bed := newBed(t, "")
			bed.Answer(fault)
			bed.expect(t, ErrUnavailable, key1())
			bed.expect(t, ErrUnavailable, stranger())
			bed.Publish(jwks(key1().JWK()))
			bed.clock.Advance(2 * time.Second)
			bed.expect(t, nil, key1())
		})
	}
}

func TestKeysAreUsedThroughAnOutageForADay(t *testing.T) {
	for name, fault := range faults(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bed := newBed(t, jwks(key1().JWK()))
			bed.Answer(fault)
			bed.clock.Advance(time.Hour + time.Second)
			bed.expect(t, nil, key1())
			bed.expect(t, ErrUnavailable, key2()) // perhaps a new key: not the caller's fault
			bed.clock.Advance(24 * time.Hour)
			bed.expect(t, ErrUnavailable, key1())
			bed.Publish(jwks(key1().JWK()))
			bed.clock.Advance(30 * time.Second)
			bed.expect(t, nil, key1())
		})
	}
}

func TestKeysAreFetchedDuringInitAndKept(t *testing.T) {
	bed := newBed(t, jwks(key1().JWK()))
	bed.expectFetches(t, 1)
	for range 3 {
		bed.expect(t, nil, key1())
	}
	bed.expectFetches(t, 1)
}

func TestRemovedKeyIsTrustedForAtMostOneHour(t *testing.T) {
	bed := newBed(t, jwks(key1().JWK(), key2().JWK()))
	bed.Publish(jwks(key1().JWK()))
	bed.expect(t, nil, key2())
	bed.clock.Advance(time.Hour)
	bed.expect(t, ErrUnknownKey, key2())
	bed.expectFetches(t, 2)
}

func TestRotatedKeyIsAcceptedAtTheFirstTry(t *testing.T) {
	bed := newBed(t, jwks(key1().JWK()))
	bed.Publish(jwks(key1().JWK(), key2().JWK()))
	bed.expect(t, nil, key2())
	bed.expectFetches(t, 2)
}

func TestRotatedKeyIsAcceptedRightAfterAStrayToken(t *testing.T) {
	bed := newBed(t, jwks(key1().JWK()))
	stray := stranger().As("stray", "RS256")
	bed.expect(t, ErrUnknownKey, stray)
	bed.clock.Advance(time.Second)
	bed.expect(t, ErrUnknownKey, stray) // known to be absent
	bed.expectFetches(t, 2)
	bed.Publish(jwks(key2().JWK()))
	bed.expect(t, nil, key2())
	bed.expectFetches(t, 3)
}

// storm uses n key IDs that no issuer has, which repeat after some.
func (b *bed) storm(t *testing.T, prefix string, n, repeat int) {
	t.Helper()
	for i := range n {
		b.expect(t, ErrUnknownKey, ed().As(fmt.Sprint(prefix, i%repeat), "EdDSA"))
	}
}

func TestStormOfUnknownKidsCostsOneFetch(t *testing.T) {
	bed := newBed(t, jwks(key1().JWK()), Supported()...)
	bed.storm(t, "made-up-", 2000, 2000)
	bed.expectFetches(t, 2) // with that of init
	bed.clock.Advance(500 * time.Millisecond)
	bed.Publish(jwks(key1().JWK(), key2().JWK()))
	bed.expect(t, nil, key2())
	bed.expectFetches(t, 3)
}

func TestRotatedKeyIsAcceptedAtTheSecondTryWithinAStorm(t *testing.T) {
	bed := newBed(t, jwks(key1().JWK()), Supported()...)
	bed.storm(t, "before-", 200, 200)
	bed.Publish(jwks(key1().JWK(), key2().JWK()))
	bed.expect(t, ErrUnknownKey, key2()) // nothing tells it from one more of the storm
	bed.expect(t, nil, key2())
	bed.storm(t, "after-", 200, 200)
	bed.expectFetches(t, 3)
}

func TestRepeatedUnknownKidsCostTwoFetchesPerCooldown(t *testing.T) {
	bed := newBed(t, jwks(key1().JWK()), Supported()...)
	bed.storm(t, "made-up-", 200, 3)
	bed.expectFetches(t, 1+2)
}

func TestSlowUnknownKidsCostTwoFetchesPerCooldown(t *testing.T) {
	bed := newBed(t, jwks(key1().JWK()), Supported()...)
	for i := range 100 {
		bed.clock.Advance(time.Second)
		bed.expect(t, ErrUnknownKey, ed().As(fmt.Sprint("made-up-", i), "EdDSA"))
	}
	if got := bed.Fetches(); got > 1+8 {
		t.Errorf("%d fetches in 100 s, want at most two per 30 s", got)
	}
}

func TestUnknownKidIsNotJudgedWhileTheIssuerIsDown(t *testing.T) {
	bed := newBed(t, jwks(key1().JWK()))
	bed.Answer(status(503))
	for range 20 {
		bed.expect(t, ErrUnavailable, key2())
		bed.expect(t, nil, key1())
	}
	if got := bed.Fetches(); got > 3 {
		t.Errorf("%d fetches, want a back-off", got)
	}
	bed.Publish(jwks(key1().JWK(), key2().JWK()))
	bed.clock.Advance(30 * time.Second)
	bed.expect(t, nil, key2())
}

func TestKeyReplacedUnderItsKidIsAcceptedOnceTheSetHasSomeAge(t *testing.T) {
	bed := newBed(t, jwks(key1().JWK()))
	bed.Publish(jwks(stranger().JWK()))
	bed.expect(t, ErrSignature, stranger()) // the set is young: a bad signature is just that
	bed.expectFetches(t, 1)
	bed.clock.Advance(5 * time.Minute)
	bed.expect(t, nil, stranger())
	bed.expectFetches(t, 2)
	for range 10 {
		bed.expect(t, ErrSignature, key1())
	}
	bed.expectFetches(t, 2)
}

func TestClockSetBackDoesNotKeepKeysForEver(t *testing.T) {
	bed := newBed(t, jwks(key1().JWK()))
	bed.clock.Advance(-time.Hour)
	bed.Publish(jwks(key2().JWK()))
	bed.expect(t, ErrUnknownKey, key1())
	bed.expect(t, nil, key2())
	bed.expectFetches(t, 2)
}

// expectTogether verifies a good signature for so many callers at the same time.
func (b *bed) expectTogether(t *testing.T, callers int, key tokentest.Key) {
	t.Helper()
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			if err := b.verify(context.Background(), key); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

// slowly answers with the document after a moment in which other callers come.
func slowly(document string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(50 * time.Millisecond)
		io.WriteString(w, document)
	}
}

func TestConcurrentCallersShareAFetch(t *testing.T) {
	bed := newBed(t, "")
	bed.Answer(slowly(jwks(key1().JWK())))
	before := bed.Fetches()
	bed.expectTogether(t, 100, key1())
	bed.expectFetches(t, before+1)
}

func TestConcurrentCallersWithARotatedKeyAreAllAccepted(t *testing.T) {
	bed := newBed(t, jwks(key1().JWK()))
	bed.Answer(slowly(jwks(key2().JWK())))
	bed.expectTogether(t, 32, key2())
	bed.expectFetches(t, 2)
}

// within verifies with a context that ends so long after the margin that an invocation
// needs to answer in.
func (b *bed) within(t *testing.T, d time.Duration, key tokentest.Key) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond+d)
	defer cancel()
	err := b.verify(ctx, key)
	if ctx.Err() != nil {
		t.Error("the answer came after the deadline of the invocation")
	}
	return err
}

func hang(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

func TestUnknownKidIsNotJudgedWhileAFetchHangs(t *testing.T) {
	bed := newBed(t, jwks(key1().JWK()))
	bed.Answer(hang)
	for range 4 {
		if err := bed.within(t, 50*time.Millisecond, key2()); !errors.Is(err, ErrUnavailable) {
			t.Errorf("got %v, want %v", err, ErrUnavailable)
		}
	}
}

func TestCallerIsAnsweredBeforeItsInvocationTimesOut(t *testing.T) {
	bed := newBed(t, "")
	bed.Answer(hang)
	if err := bed.within(t, 100*time.Millisecond, key1()); !errors.Is(err, ErrUnavailable) {
		t.Errorf("got %v, want %v", err, ErrUnavailable)
	}
}

func TestFetchIsReportedWithItsOutcome(t *testing.T) {
	bed := newBed(t, jwks(key1().JWK(), key2().JWK(members{"use": "enc"})))
	fetch := bed.lastFetch()
	if fetch.Err != nil || !slices.Equal(fetch.Kept, []string{"key-1"}) ||
		!slices.Equal(fetch.Dropped, []Dropped{{"key-2", "use is not sig"}}) || fetch.Duration <= 0 {
		t.Errorf("got %+v", fetch)
	}
	bed.Answer(status(500))
	bed.clock.Advance(time.Hour)
	bed.expect(t, nil, key1())
	if fetch := bed.lastFetch(); fetch.Err == nil || fetch.Kept != nil {
		t.Errorf("got %+v, want an error", fetch)
	}
}
