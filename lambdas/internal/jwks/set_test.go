package jwks

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"accountapi/lambdas/internal/tokentest"
)

func TestWithoutKeysNoSignatureIsJudged(t *testing.T) {
	for name, fault := range faults(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bed := newColdBed(t)
			bed.client.timeout = 300 * time.Millisecond // some faults never end
			bed.Answer(fault)
			bed.Prefetch()
			bed.expect(t, ErrUnavailable, key1())
			bed.expect(t, ErrUnavailable, stranger())
			bed.publish(jwks(key1().JWK()))
			bed.clock.Advance(2 * time.Second)
			bed.expect(t, nil, key1())
		})
	}
}

func TestKeysAreUsedThroughAnOutageFor24Hours(t *testing.T) {
	for name, fault := range faults(t) {
		if withdrawals()[name] != "" {
			continue // a valid set is no outage
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bed := newBed(t, jwks(key1().JWK()))
			bed.client.timeout = 300 * time.Millisecond // some faults never end
			bed.Answer(fault)
			bed.clock.Advance(time.Hour + time.Second)
			bed.expect(t, nil, key1())
			bed.expect(t, ErrUnavailable, key2()) // perhaps a new key: not the caller's fault
			bed.clock.Advance(23*time.Hour - 3*time.Second)
			bed.expect(t, nil, key1())
			bed.clock.Advance(2 * time.Second)
			bed.expect(t, ErrUnavailable, key1())
			bed.publish(jwks(key1().JWK()))
			bed.clock.Advance(30 * time.Second)
			bed.expect(t, nil, key1())
		})
	}
}

func TestKeysAreFetchedDuringInitAndKept(t *testing.T) {
	bed := newColdBed(t)
	bed.publish(jwks(key1().JWK()), "Age", "1800") // which does not shorten the hour
	bed.Prefetch()
	bed.expectFetches(t, 1)
	for range 3 {
		bed.expect(t, nil, key1())
	}
	bed.clock.Advance(53 * time.Minute) // an hour, less the jitter
	bed.expect(t, nil, key1())
	bed.expectFetches(t, 1)
}

func TestFetchIsDueAsSoonAsTheTimeToLiveIsOver(t *testing.T) {
	bed := newBed(t, jwks(key1().JWK()))
	set := bed.current.Load()
	for _, test := range []struct {
		age     time.Duration
		fetches int
	}{{set.ttl - 1, 1}, {set.ttl, 2}} {
		bed.now = func() time.Time { return set.fetched.Add(test.age) }
		bed.expect(t, nil, key1())
		bed.expectFetches(t, test.fetches)
	}
}

func TestErrorSaysWhyTheKeysAreNotAvailable(t *testing.T) {
	bed := newColdBed(t)
	bed.Answer(status(503))
	for _, want := range []string{"status 503 Service Unavailable, want 200", "status 503", "no fetch is allowed now"} {
		if err := bed.verify(t.Context(), key1(), bed.clock.Now()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
}

func TestRemovedKeyIsNotTrustedOnceTheSetHasBeenFetched(t *testing.T) {
	bed := newBed(t, jwks(key1().JWK(), key2().JWK()))
	bed.publish(jwks(key1().JWK()))
	issued := bed.clock.Now().Add(-time.Minute)
	bed.expectIssued(t, nil, key2(), issued)
	bed.clock.Advance(time.Hour) // when a fetch is due at the latest
	bed.expectIssued(t, ErrUnknownKey, key2(), issued)
	bed.expectFetches(t, 3) // the one that was due, and a look
}

// withdrawals are valid JWK Sets without a key that could be used.
func withdrawals() map[string]string {
	return map[string]string{
		"keys empty":            jwks(),
		"only unfit keys":       jwks(key1().JWK(members{"use": "enc"})),
		"only other algorithms": jwks(p256().JWK()),
		"only a broken key":     jwks(key1().JWK(members{"n": "AQAB"})),
		"only a private key":    jwks(key1().JWK(members{"d": "AQAB"})),
	}
}

func TestWithdrawnOnlyKeyIsTrustedForOneHourSinceItWasPublished(t *testing.T) {
	for name, document := range withdrawals() {
		t.Run(name, func(t *testing.T) {
			bed := newColdBed(t)
			bed.publish(jwks(key1().JWK()), "Cache-Control", "max-age=300")
			bed.Prefetch()
			bed.publish(document)
			bed.clock.Advance(20 * time.Minute)
			bed.expect(t, nil, key1())
			bed.Answer(status(500)) // an outage afterwards does not lengthen it
			bed.clock.Advance(40*time.Minute - time.Second)
			bed.expect(t, nil, key1())
			bed.clock.Advance(2 * time.Second)
			bed.expect(t, ErrUnavailable, key1())
			bed.publish(document)
			bed.clock.Advance(23 * time.Hour)
			bed.expect(t, ErrUnavailable, key1())
			bed.publish(jwks(key1().JWK())) // it was a mistake of the issuer
			bed.clock.Advance(time.Minute)
			bed.expect(t, nil, key1())
		})
	}
}

func TestWithdrawalThatALookHasSeenCountsToo(t *testing.T) {
	bed := newBed(t, jwks(key1().JWK()))
	bed.publish(jwks())
	bed.expect(t, ErrUnavailable, key2())
	bed.Answer(status(500))
	bed.clock.Advance(time.Hour - time.Second)
	bed.expect(t, nil, key1())
	bed.clock.Advance(2 * time.Second)
	bed.expect(t, ErrUnavailable, key1())
}

func TestKeysAreTrustedToTheNanosecond(t *testing.T) {
	fetched := time.Unix(1_800_000_000, 0)
	for _, test := range []struct {
		age                time.Duration
		trusted, withdrawn bool // whether a set of this age is trusted, and one without a usable key since
	}{
		{0, true, true},
		{time.Hour - 1, true, true},
		{time.Hour, true, false},
		{24*time.Hour - 1, true, false},
		{24 * time.Hour, false, false},
		{-1, false, false}, // the clock was set back
	} {
		now := fetched.Add(test.age)
		if got := (&snapshot{fetched: fetched}).trusted(now); got != test.trusted {
			t.Errorf("a set of %v: trusted %v, want %v", test.age, got, test.trusted)
		}
		if got := (&snapshot{fetched: fetched, withdrawn: true}).trusted(now); got != test.withdrawn {
			t.Errorf("a set of %v, withdrawn: trusted %v, want %v", test.age, got, test.withdrawn)
		}
		if got := (&snapshot{fetched: fetched}).age(now); test.age >= 0 && got != test.age {
			t.Errorf("the age is %v, want %v", got, test.age)
		}
	}
}

func TestWithoutKeysThereIsNoAge(t *testing.T) {
	if age, ok := newColdBed(t).Age(); age != 0 || ok {
		t.Errorf("got %v, %v", age, ok)
	}
}

func TestAgesAreByTheWallClock(t *testing.T) {
	set := New("http://127.0.0.1/", Supported(), time.Now, func(Fetch) {})
	defer set.Close()
	// The monotonic clock, which may stand still while a process is frozen, is written m=.
	if now := set.now().String(); strings.Contains(now, "m=") {
		t.Errorf("the clock says %s", now)
	}
}

func TestTrustCountsFromTheBeginningOfTheFetch(t *testing.T) {
	bed := newColdBed(t)
	bed.Answer(func(w http.ResponseWriter, _ *http.Request) {
		bed.clock.Advance(10 * time.Minute) // while the answer is on its way
		w.Header().Set("Age", "7200")       // the time in caches makes tokens new, not keys old
		w.Write([]byte(jwks(key1().JWK())))
	})
	bed.Prefetch()
	if age, ok := bed.Age(); !ok || age < 10*time.Minute || age > 11*time.Minute {
		t.Errorf("the age is %v, want 10 minutes", age)
	}
}

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
			t.Errorf("after %d failures: %v to %v, want all of %v to %v", test.failures, shortest, longest, test.least, test.most)
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

func TestClockSetBackDoesNotKeepKeysForEver(t *testing.T) {
	bed := newBed(t, jwks(key1().JWK()))
	bed.clock.Advance(-time.Hour)
	bed.publish(jwks(key2().JWK()))
	bed.expectIssued(t, ErrUnknownKey, key1(), bed.clock.Now().Add(-time.Hour))
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

func TestFetchThatFailedAfterItWasJoinedIsTriedAgain(t *testing.T) {
	bed := newColdBed(t)
	first := make(chan struct{})
	bed.Answer(func(w http.ResponseWriter, r *http.Request) {
		close(first)
		bed.publish(jwks(key1().JWK()))
		time.Sleep(50 * time.Millisecond)
		panic(http.ErrAbortHandler) // as a connection that did not survive a freeze
	})
	go bed.Prefetch()
	<-first
	bed.expect(t, nil, key1())
	bed.expectFetches(t, 2)
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
	bed.publish(jwks(key1().JWK(members{"use": "enc"})))
	bed.clock.Advance(time.Minute)
	bed.expect(t, ErrUnavailable, key1())
	if fetch := bed.lastFetch(); fetch.Err == nil || len(fetch.Dropped) != 1 {
		t.Errorf("got %+v, want an error and the key that was dropped", fetch)
	}
}
