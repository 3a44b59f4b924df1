package jwks

import (
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"
)

func TestRotatedKeyIsAcceptedAtTheFirstTry(t *testing.T) {
	bed := newBed(t, jwks(key1().JWK()))
	bed.publish(jwks(key1().JWK(), key2().JWK()))
	bed.expect(t, nil, key2())
	bed.expectFetches(t, 2)
}

func TestNewTokensMayLookEveryTenSeconds(t *testing.T) {
	bed := newBed(t, jwks(key1().JWK()))
	stray := stranger().As("stray", "RS256")
	bed.expect(t, ErrUnknownKey, stray) // after a look
	bed.expectFetches(t, 2)
	bed.publish(jwks(key1().JWK(), key2().JWK()))
	bed.clock.Advance(9 * time.Second)
	bed.expect(t, ErrUnproven, key2())
	bed.expect(t, ErrUnproven, stray)
	bed.expectFetches(t, 2)
	bed.clock.Advance(time.Second)
	bed.expect(t, nil, key2())
	bed.expectFetches(t, 3)
}

func TestOlderTokensMayLookEveryMinute(t *testing.T) {
	bed := newBed(t, jwks(key1().JWK()))
	issued := bed.clock.Now().Add(-time.Hour)
	bed.expectIssued(t, ErrUnknownKey, key2(), issued)
	bed.expectFetches(t, 2)
	bed.publish(jwks(key1().JWK(), key2().JWK())) // a cache on the way had an old set
	bed.clock.Advance(59 * time.Second)
	bed.expectIssued(t, ErrUnknownKey, key2(), issued)
	bed.expectFetches(t, 2)
	bed.clock.Advance(time.Second)
	bed.expectIssued(t, nil, key2(), issued)
	bed.expectFetches(t, 3)
}

func TestTokenIsNewIfItMayHaveBeenIssuedAfterTheSetWasPublished(t *testing.T) {
	for name, test := range map[string]struct {
		issued time.Duration // after the fetch
		age    string
		want   error
	}{
		"issued 5 min and 1 s before the fetch":       {-5*time.Minute - time.Second, "", ErrUnknownKey},
		"issued 5 min less 1 s before the fetch":      {-5*time.Minute + time.Second, "", ErrUnproven},
		"issued after the fetch":                      {time.Minute, "", ErrUnproven},
		"issued 14 min before, 10 min in a cache":     {-14 * time.Minute, "600", ErrUnproven},
		"issued 16 min before, 10 min in a cache":     {-16 * time.Minute, "600", ErrUnknownKey},
		"issued 14 min before, an age that is no age": {-14 * time.Minute, "-600", ErrUnknownKey},
		"issued after the fetch, an age below zero":   {time.Minute, "-600", ErrUnproven},
		"issued 14 min before, an age past 2^31":      {-14 * time.Minute, "99999999999", ErrUnknownKey},
	} {
		t.Run(name, func(t *testing.T) {
			bed := newColdBed(t)
			bed.publish(jwks(key1().JWK()), "Age", test.age)
			fetched := bed.clock.Now()
			bed.expectIssued(t, ErrUnknownKey, key2(), fetched) // a look, after the fetch of init
			bed.expectIssued(t, test.want, key2(), fetched.Add(test.issued))
			bed.expectFetches(t, 2)
		})
	}
	t.Run("without iat", func(t *testing.T) {
		bed := newBed(t, jwks(key1().JWK()))
		bed.expectIssued(t, ErrUnknownKey, key2(), time.Time{})
		bed.expectIssued(t, ErrUnproven, key2(), time.Time{})
	})
}

func TestTokenIsNewIfItWasIssuedLessThanFiveMinutesBeforeTheSetWasPublished(t *testing.T) {
	published := time.Unix(1_800_000_000, 0)
	for issued, want := range map[time.Time]bool{
		published.Add(-5 * time.Minute):                 false,
		published.Add(-5*time.Minute + time.Nanosecond): true,
		published: true,
		{}:        true,
	} {
		if got := isNew(issued, published); got != want {
			t.Errorf("issued at %v: new %v, want %v", issued, got, want)
		}
	}
}

func TestStormOfUnknownKidsCostsOneFetchInTenSeconds(t *testing.T) {
	for name, test := range map[string]struct {
		issued time.Duration
		want   error
	}{
		"new tokens":   {0, ErrUnproven},
		"older tokens": {-time.Hour, ErrUnknownKey},
	} {
		t.Run(name, func(t *testing.T) {
			bed := newBed(t, jwks(key1().JWK()), Supported()...)
			issued := bed.clock.Now().Add(test.issued)
			for i := range 2000 {
				want := test.want
				if i == 0 {
					want = ErrUnknownKey
				}
				bed.expectIssued(t, want, ed().As(fmt.Sprint("made-up-", i), "EdDSA"), issued)
				bed.clock.Advance(4 * time.Millisecond)
			}
			bed.expect(t, nil, key1())
			bed.expectFetches(t, 2) // with that of init
		})
	}
}

func TestBadSignaturesForNineMinutesCostTenFetches(t *testing.T) {
	bed := newBed(t, jwks(key1().JWK()))
	for range 9*60 + 1 {
		bed.expect(t, ErrSignature, stranger())
		bed.clock.Advance(time.Second)
	}
	bed.expectFetches(t, 1+10)
}

func TestKeyReplacedUnderItsKidIsAccepted(t *testing.T) {
	bed := newBed(t, jwks(key1().JWK()))
	bed.publish(jwks(stranger().JWK()))
	bed.expect(t, nil, stranger())
	bed.expectFetches(t, 2)
	bed.expect(t, ErrSignature, key1())
	bed.publish(jwks(key1().JWK()))
	bed.clock.Advance(59 * time.Second)
	bed.expect(t, ErrSignature, key1())
	bed.expectFetches(t, 2)
	bed.clock.Advance(time.Second)
	bed.expect(t, nil, key1())
	bed.expectFetches(t, 3)
}

func TestBadSignatureIsBadAlsoWhileTheIssuerIsDown(t *testing.T) {
	bed := newBed(t, jwks(key1().JWK()))
	bed.Answer(status(503))
	for range 3 {
		bed.expect(t, ErrSignature, stranger())
		bed.clock.Advance(time.Minute)
	}
}

func TestTokensOfOneLookDoNotDelayAnotherByMoreThanTenSeconds(t *testing.T) {
	bed := newBed(t, jwks(key1().JWK()))
	bed.publish(jwks(key2().JWK()))
	bed.expect(t, nil, key2())
	third := stranger().As("key-3", "RS256")
	bed.publish(jwks(third.JWK()))
	bed.expect(t, ErrUnproven, third) // never "unknown": the token is genuine
	bed.clock.Advance(10 * time.Second)
	bed.expect(t, nil, third)
	bed.Answer(status(500))
	bed.clock.Advance(10 * time.Second)
	fourth := key1().As("key-4", "RS256")
	bed.expect(t, ErrUnavailable, fourth) // a failed look
	bed.expect(t, ErrUnproven, fourth)
	bed.publish(jwks(fourth.JWK()))
	bed.clock.Advance(10 * time.Second)
	bed.expect(t, nil, fourth)
}

func TestUnknownKidWhileTheIssuerIsDown(t *testing.T) {
	bed := newBed(t, jwks(key1().JWK()))
	bed.Answer(status(503))
	issued := bed.clock.Now().Add(-time.Hour)
	bed.expect(t, ErrUnavailable, key2())
	bed.expect(t, ErrUnproven, key2())                 // perhaps a new key
	bed.expectIssued(t, ErrUnknownKey, key2(), issued) // the set in memory is newer
	bed.expect(t, nil, key1())
}

func TestTokenOfAJoinedLookIsNotRefusedIfItsKeyMayBeNewer(t *testing.T) {
	bed := newBed(t, jwks(key1().JWK()))
	older := bed.clock.Now() // than the set that the look brings
	bed.clock.Advance(10 * time.Minute)
	begun, end := make(chan struct{}), make(chan struct{})
	bed.Answer(func(w http.ResponseWriter, _ *http.Request) {
		close(begun)
		<-end // with a set that was read before key-2 was in it
		io.WriteString(w, jwks(key1().JWK()))
	})
	var all sync.WaitGroup
	all.Go(func() { bed.expect(t, ErrUnknownKey, stranger().As("stray", "RS256")) })
	<-begun
	all.Go(func() { bed.expect(t, ErrUnproven, key2()) })
	all.Go(func() { bed.expectIssued(t, ErrUnknownKey, key2(), older) })
	time.Sleep(100 * time.Millisecond) // until they have joined
	close(end)
	all.Wait()
	bed.expectFetches(t, 2)
}

func TestTokenIsJudgedByTheSetThatWasSearchedForItsKey(t *testing.T) {
	bed := newBed(t, jwks(key1().JWK()))
	searched, issued := bed.current.Load(), bed.clock.Now()
	bed.publish(jwks(key1().JWK(), key2().JWK()))
	bed.clock.Advance(10 * time.Minute)
	bed.expect(t, ErrUnknownKey, stranger().As("stray", "RS256")) // another caller's look
	signature := Signature{KeyID: "key-2", Algorithm: Supported().Named("RS256"), Issued: issued}
	if err := bed.verifyWithNewKey(t.Context(), signature, searched); err != ErrUnproven {
		t.Errorf("got %v, want %v", err, ErrUnproven)
	}
}

func TestClockThatWasSetBackAllowsALook(t *testing.T) {
	bed := newBed(t, jwks(key1().JWK()))
	bed.expect(t, ErrUnknownKey, key2())
	bed.publish(jwks(key1().JWK(), key2().JWK()))
	bed.clock.Advance(-6 * time.Hour)
	bed.expect(t, nil, key2()) // by a fetch that was due: the age of the set is not known
	third := stranger().As("key-3", "RS256")
	bed.publish(jwks(third.JWK()))
	bed.expect(t, nil, third)
}

func TestTokenWithoutKidMayLook(t *testing.T) {
	bed := newBed(t, jwks(p256().JWK()), Supported()...)
	bed.publish(jwks(p256().JWK(), key1().JWK()))
	bed.expect(t, nil, key1().As("", "RS256"))
	bed.publish(jwks(p256().JWK(), key1().JWK(), key2().JWK()))
	bed.clock.Advance(time.Hour)
	bed.expect(t, ErrUnknownKey, key1().As("", "RS256"))
	bed.expect(t, ErrUnproven, key1().As("", "RS256"))
}
