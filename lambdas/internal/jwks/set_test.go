package jwks

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
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

func TestErrorSaysHowAFetchHasFailed(t *testing.T) {
	faults := faults(t)
	for name, want := range map[string]string{
		"a closed connection": "EOF",
		"a short body":        "unexpected EOF",
		"a redirect":          "status 302 Found, want 200",
		"a huge body":         "the document is longer than 262144 bytes",
		"65 keys":             "the document holds more than 64 keys",
		"HTML":                "the document is not one JSON object without repeated names",
		"keys an object":      `the document is not a JWK Set: it has no array "keys"`,
	} {
		bed := newColdBed(t)
		bed.Answer(faults[name])
		bed.Prefetch()
		if err := bed.lastFetch().Err; err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want an error with %q", name, err, want)
		}
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

func TestWithoutKeysThereIsNoAge(t *testing.T) {
	if age, ok := newColdBed(t).Age(); age != 0 || ok {
		t.Errorf("got %v, %v", age, ok)
	}
}

func TestAgesAreByTheWallClock(t *testing.T) {
	set := New("http://127.0.0.1/", Supported(), NewTransport(nil), time.Now, func(Fetch) {})
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

func TestClockSetBackDoesNotKeepKeysForEver(t *testing.T) {
	bed := newBed(t, jwks(key1().JWK()))
	bed.clock.Advance(-time.Hour)
	bed.publish(jwks(key2().JWK()))
	bed.expectIssued(t, ErrUnknownKey, key1(), bed.clock.Now().Add(-time.Hour))
	bed.expect(t, nil, key2())
}

func TestFetchIsReportedWithItsOutcome(t *testing.T) {
	bed := newBed(t, jwks(key1().JWK(), key2().JWK(members{"use": "enc"})))
	fetch := bed.lastFetch()
	if fetch.URL != bed.URL || fetch.Err != nil || !slices.Equal(fetch.Kept, []string{"key-1"}) ||
		!slices.Equal(fetch.Dropped, []Dropped{{"key-2", "use is not sig"}}) || fetch.Duration <= 0 || fetch.Duration > time.Minute {
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
