package jwks

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"accountapi/lambdas/internal/tokentest"
)

func TestFetchIsRetriedWithABackoff(t *testing.T) {
	for name, test := range map[string]struct {
		document    string // what init has fetched
		least, most int    // fetches in ten minutes with a call every second
	}{
		"with keys":    {jwks(key1().JWK()), 20, 60},   // every 15 to 30 s in the end
		"without keys": {"no key set", 300, 10*60 + 2}, // every 1 to 2 s
	} {
		t.Run(name, func(t *testing.T) {
			bed := newBed(t, test.document)
			bed.Answer(status(503))
			bed.clock.Advance(time.Hour)
			before := bed.Fetches()
			for range 10 * 60 {
				_ = bed.verify(t.Context(), key1(), bed.clock.Now())
				bed.clock.Advance(time.Second)
			}
			if got := bed.Fetches() - before; got < test.least || got > test.most {
				t.Errorf("%d fetches in 10 minutes, want %d to %d", got, test.least, test.most)
			}
		})
	}
}

func TestBackoffDoublesUpTo30SecondsAndTo2BeforeTheFirstSuccess(t *testing.T) {
	const second = time.Second
	for _, test := range []struct {
		failures    int // before this one
		succeeded   bool
		least, most time.Duration
	}{
		{0, true, 0, 0}, {0, false, 0, 0},
		{1, true, second / 2, second}, {2, true, second, 2 * second}, {3, true, 2 * second, 4 * second},
		{4, true, 4 * second, 8 * second}, {5, true, 8 * second, 16 * second}, {6, true, 15 * second, 30 * second},
		{7, true, 15 * second, 30 * second}, {1000, true, 15 * second, 30 * second},
		{1, false, second / 2, second}, {2, false, second, 2 * second}, {3, false, second, 2 * second},
		{1000, false, second, 2 * second},
	} {
		shortest, longest := time.Hour, time.Duration(0)
		for range 1000 {
			wait := backoff(test.failures, test.succeeded)
			shortest, longest = min(shortest, wait), max(longest, wait)
		}
		tenth := (test.most - test.least) / 10
		if shortest < test.least || shortest > test.least+tenth || longest > test.most || longest < test.most-tenth {
			t.Errorf("after %d failures: %v to %v, want all of %v to %v",
				test.failures, shortest, longest, test.least, test.most)
		}
	}
}

func TestBackoffBeginsAgainAfterASuccess(t *testing.T) {
	bed := newBed(t, jwks(key1().JWK()))
	for range 2 {
		bed.Answer(status(500))
		bed.clock.Advance(time.Hour)
		before := bed.Fetches()
		for range 3 {
			bed.expect(t, nil, key1())
		}
		bed.expectFetches(t, before+2) // the first failure has no back-off, the second has
		bed.clock.Advance(time.Minute)
		bed.expect(t, nil, key1())
		bed.publish(jwks(key1().JWK()))
		bed.clock.Advance(time.Minute)
		bed.expect(t, nil, key1())
	}
}

func TestClockSetBackAfterAnOutageDoesNotBringItsBackoffBack(t *testing.T) {
	bed := newBed(t, jwks(key1().JWK()))
	bed.Answer(status(500))
	bed.clock.Advance(2 * time.Hour)
	for range 20 { // until the back-off is 15 s at least
		bed.expect(t, nil, key1())
		bed.clock.Advance(30 * time.Second)
	}
	bed.publish(jwks(key1().JWK()))
	bed.expect(t, nil, key1())
	bed.publish(jwks(key2().JWK()))
	bed.clock.Advance(-20 * time.Second) // 10 s after the last failure
	bed.expect(t, nil, key2())
}

func TestClockSetBackAfterAFailedFetchDoesNotStopFetches(t *testing.T) {
	bed := newBed(t, jwks(key1().JWK()))
	bed.Answer(status(500))
	bed.clock.Advance(2 * time.Hour)
	for range 20 { // far into the back-off
		bed.expect(t, nil, key1())
		bed.clock.Advance(30 * time.Second)
	}
	bed.publish(jwks(key2().JWK()))
	bed.clock.Advance(-6 * time.Hour)
	bed.expect(t, nil, key2())
}

// expectTogether verifies a good signature for so many callers at the same time.
func (b *bed) expectTogether(t *testing.T, callers int, key tokentest.Key) {
	t.Helper()
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			if err := b.verify(context.Background(), key, b.clock.Now()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

func TestConcurrentCallersShareAFetch(t *testing.T) {
	bed := newColdBed(t)
	bed.Answer(slowly(jwks(key1().JWK()), 50*time.Millisecond))
	bed.expectTogether(t, 100, key1())
	bed.expectFetches(t, 1)
}

func TestConcurrentCallersWithARotatedKeyAreAllAccepted(t *testing.T) {
	bed := newBed(t, jwks(key1().JWK()))
	bed.Answer(slowly(jwks(key2().JWK()), 50*time.Millisecond))
	bed.expectTogether(t, 32, key2())
	bed.expectFetches(t, 2)
}

// within verifies in an invocation that ends so long after its last half second, which is
// there to answer in.
func (b *bed) within(t *testing.T, d time.Duration, key tokentest.Key) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond+d)
	defer cancel()
	start := time.Now()
	err := b.verify(ctx, key, b.clock.Now())
	if waited := time.Since(start); waited > d+300*time.Millisecond {
		t.Errorf("the answer took %v, want the last half second of the invocation left", waited)
	}
	return err
}

func TestCallerWaitsForKeysUntilHalfASecondBeforeItsInvocationTimesOut(t *testing.T) {
	bed := newColdBed(t)
	bed.Answer(slowly(jwks(key1().JWK()), 200*time.Millisecond))
	if err := bed.within(t, time.Second, key1()); err != nil {
		t.Error(err)
	}
}

func TestCallerIsAnsweredHalfASecondBeforeItsInvocationTimesOut(t *testing.T) {
	for name, bed := range map[string]*bed{
		"without keys":                   newColdBed(t),
		"a key that the set has not got": newBed(t, jwks(key1().JWK())),
	} {
		t.Run(name, func(t *testing.T) {
			bed.client.timeout = time.Second
			bed.Answer(hang)
			for range 4 {
				if err := bed.within(t, 50*time.Millisecond, key2()); !errors.Is(err, ErrUnavailable) {
					t.Errorf("got %v, want %v", err, ErrUnavailable)
				}
			}
		})
	}
}

// abortOnce makes the issuer break one connection, as a freeze does, and publish this
// afterwards. It returns as soon as somebody has asked for the set.
func (b *bed) abortOnce(then http.HandlerFunc) {
	asked := make(chan struct{})
	b.Answer(func(http.ResponseWriter, *http.Request) {
		close(asked)
		b.Answer(then)
		time.Sleep(100 * time.Millisecond)
		panic(http.ErrAbortHandler)
	})
	go b.Prefetch()
	<-asked
}

func TestFetchThatFailedAfterItWasJoinedIsTriedAgain(t *testing.T) {
	document := jwks(key1().JWK())
	publish := func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, document) }
	for name, test := range map[string]struct {
		then    http.HandlerFunc
		key     tokentest.Key
		want    error
		fetches int // after the one of init
	}{
		"a key of the set":       {publish, key1(), nil, 2},
		"another key":            {publish, key2(), ErrUnknownKey, 3}, // and a look
		"another key, an outage": {status(500), key2(), ErrUnavailable, 2},
	} {
		t.Run(name, func(t *testing.T) {
			bed := newBed(t, document)
			bed.clock.Advance(time.Hour)
			bed.abortOnce(test.then)
			bed.expect(t, test.want, test.key)
			bed.expectFetches(t, 1+test.fetches)
		})
	}
}
