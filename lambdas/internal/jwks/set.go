package jwks

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"
	"time"
)

// Set is a JWK Set of one issuer, or of several whose keys are the same. It is safe for
// concurrent use.
type Set struct {
	allowed Algorithms
	now     func() time.Time
	report  func(Fetch)
	client  client
	cache   *jwxCache
	fetches fetches
	looks   looks                    // guarded by fetches
	current atomic.Pointer[snapshot] // nil until a fetch has brought keys
}

// Fetch describes one fetch of the set.
type Fetch struct {
	URL      string
	Duration time.Duration
	Kept     []string  // kids of the keys in use
	Dropped  []Dropped // keys that were published, but are not used
	Err      error
}

// New returns a set without keys, and does not use the network. Keys are for the allowed
// algorithms only, now is the clock, and report is told about every fetch.
func New(url string, allowed Algorithms, transport *Transport, now func() time.Time, report func(Fetch)) *Set {
	s := &Set{
		allowed: allowed,
		now:     func() time.Time { return now().Round(0) }, // wall clock only
		report:  report,
		client:  newClient(transport),
		cache:   newJWXCache(url),
	}
	s.fetches.now, s.fetches.fetch = s.now, s.fetch
	return s
}

// Address returns the URL where the set is published.
func (s *Set) Address() string { return s.cache.url }

// Close ends the set's goroutines, for tests.
func (s *Set) Close() { s.cache.close() }

// Prefetch fetches the set during init, so that the first invocation does not have to. It
// takes 3 s at most, of the 10 s that AWS allows for init. A failure is reported, but the
// process starts: the invocations try again.
func (s *Set) Prefetch() { _, _ = s.fetches.wait(context.Background(), due) }

// due allows a fetch that is not limited: the set is missing or older than its time to
// live.
func due() bool { return true }

// Age returns the age of the keys in use, from the beginning of their fetch. It is not ok
// without any.
func (s *Set) Age() (age time.Duration, ok bool) {
	set := s.current.Load()
	if set == nil {
		return 0, false
	}
	return set.age(s.now()), true
}

// Verify checks a signature with the issuer's keys of its kid; there may be several (RFC
// 7517 section 4.5). Without a kid it is checked with the one key that goes with its
// algorithm. Verify fetches the set if that is due, or if the signature may look (see
// looks.go), and waits for that no longer than ctx allows. Its error is or wraps one of
// this package.
func (s *Set) Verify(ctx context.Context, signature Signature) error {
	set, err := s.fresh(ctx)
	if set == nil {
		return unavailable(err)
	}
	result := set.verify(signature)
	switch {
	case result == ErrUnknownKey && err != nil:
		return unavailable(err) // the set is old: perhaps the key is a new one
	case result == ErrUnknownKey:
		return s.verifyWithNewKey(ctx, signature, set)
	case result == ErrSignature:
		// The issuer may have published a new key under an old kid. If the look fails, the
		// signature is still a bad one.
		if newer, _, err := s.look(ctx, lookForOld); err == nil && newer.verify(signature) == nil {
			return nil
		}
	}
	return result
}

// fresh returns the keys in use, fetched anew if that is due. With an error they are
// old, or nil if they are too old to be trusted.
func (s *Set) fresh(ctx context.Context) (*snapshot, error) {
	set := s.current.Load()
	now := s.now() // after that: a set is never younger than the look at it
	if set != nil && set.age(now) < set.ttl {
		return set, nil
	}
	_, err := s.fetches.wait(ctx, due)
	set = s.current.Load()
	if set == nil || !set.trusted(s.now()) {
		return nil, err
	}
	return set, err
}

// verifyWithNewKey checks a signature by a key that the set does not have.
func (s *Set) verifyWithNewKey(ctx context.Context, signature Signature, set *snapshot) error {
	interval := lookForOld
	if isNew(signature.Issued, set.published) {
		interval = lookForNew
	}
	newer, joined, err := s.look(ctx, interval)
	switch {
	case err == errNotNow:
		newer = set
	case err != nil:
		return unavailable(err)
	default:
		if result := newer.verify(signature); result != ErrUnknownKey || !joined {
			return result
		}
	}
	if isNew(signature.Issued, newer.published) {
		return ErrUnproven
	}
	return ErrUnknownKey // the set was published after the token was issued
}

// look fetches the set if the last look began so long ago, or waits for the fetch that is
// under way. Its error is errNotNow if neither is the case.
func (s *Set) look(ctx context.Context, interval time.Duration) (newer *snapshot, joined bool, err error) {
	joined, err = s.fetches.wait(ctx, func() bool { return s.looks.begin(s.now(), interval) })
	return s.current.Load(), joined, err
}

func unavailable(err error) error { return fmt.Errorf("%w: %w", ErrUnavailable, err) }

// errNoUsableKey is about a valid JWK Set.
var errNoUsableKey = errors.New("the document holds no key that can be used")

// fetch fetches the set once. A set without a usable key leaves the old one in use, for
// as long as that is trusted.
func (s *Set) fetch() error {
	start, began := time.Now(), s.now()
	var published published
	var document keyDocument
	parsed, err := s.cache.refresh(func(url string) (cleaned []byte, err error) {
		if published, err = s.client.get(url); err != nil {
			return nil, err
		}
		if document, err = readDocument(published.body, s.allowed); err != nil {
			return nil, err
		}
		return document.cleaned(), nil
	})
	report := Fetch{URL: s.Address(), Err: err}
	if err == nil {
		var keys map[string][]publicKey
		keys, report.Dropped = document.keys(parsed)
		report.Kept = slices.Sorted(maps.Keys(keys))
		if len(keys) > 0 {
			s.current.Store(&snapshot{
				keys: keys, fetched: began, published: began.Add(-published.age), ttl: published.ttl,
			})
		} else {
			report.Err = errNoUsableKey
			if set := s.current.Load(); set != nil {
				withdrawn := *set
				withdrawn.withdrawn = true
				s.current.Store(&withdrawn)
			}
		}
	}
	report.Duration = time.Since(start)
	s.report(report)
	return report.Err
}
