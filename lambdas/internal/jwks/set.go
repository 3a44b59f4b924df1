package jwks

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"
	"time"
)

const (
	prefetchBudget = 2 * time.Second // during init, which AWS bounds at 10 s
	maxStale       = 24 * time.Hour  // so long an outage at the issuer does not matter
	replacedKeyAge = 5 * time.Minute // of a set, before a bad signature makes us doubt it
)

// Set is the JWK Set of one issuer. It is safe for concurrent use.
type Set struct {
	allowed Algorithms
	now     func() time.Time
	report  func(Fetch)
	client  client
	cache   *jwxCache
	fetches fetches
	looks   looks
	current atomic.Pointer[snapshot] // nil until a fetch has succeeded
}

// snapshot is the key set as of one fetch. Apart from doubted it never changes. Ages are
// by the wall clock: the monotonic clock may not run while a process is frozen.
type snapshot struct {
	keys    map[string][]publicKey // by kid
	fetched time.Time
	ttl     time.Duration
	doubted atomic.Bool // a bad signature has had its refresh already
}

// age returns how old the snapshot is. One from the future means that the clock was set
// back: then nothing is known about its age, and it counts as older than anything.
func (s *snapshot) age(now time.Time) time.Duration {
	if age := now.Sub(s.fetched); age >= 0 {
		return age
	}
	return 1 << 62
}

// Fetch is what there is to tell about one fetch of the set.
type Fetch struct {
	Duration time.Duration
	Kept     []string  // kids of the keys in use
	Dropped  []Dropped // keys that were published, but are not used
	Err      error
}

// New returns a set that holds nothing yet and does no network. Keys are for the allowed
// algorithms only, now is the clock, and report is told about every fetch.
func New(url string, allowed Algorithms, now func() time.Time, report func(Fetch)) *Set {
	s := &Set{
		allowed: allowed,
		now:     func() time.Time { return now().Round(0) }, // wall clock only
		report:  report,
		client:  newClient(),
		cache:   newJWXCache(url),
	}
	s.fetches.now, s.fetches.fetch = s.now, s.fetch
	return s
}

// Close ends the set's goroutines. A Lambda process never needs it, tests do.
func (s *Set) Close() { s.cache.close() }

// Prefetch fetches the set during init, so that the first invocation does no network. A
// failure is reported, and no reason not to start: the invocations try again.
func (s *Set) Prefetch(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, prefetchBudget)
	defer cancel()
	_ = s.fetches.wait(ctx)
}

// Age returns the age of the keys in use. It is not ok without any.
func (s *Set) Age() (age time.Duration, ok bool) {
	set := s.current.Load()
	if set == nil {
		return 0, false
	}
	return set.age(s.now()), true
}

// Signature is a signature to verify, with what the header of its JWS says about it.
type Signature struct {
	KeyID     string
	Algorithm *Algorithm
	Signed    []byte
	Value     []byte
}

// Verify checks a signature with the issuer's keys of its kid; there may be several (RFC
// 7517 section 4.5). It fetches the set if that is due or worth it, and waits for that no
// longer than ctx allows. Its error is or wraps one of this package.
func (s *Set) Verify(ctx context.Context, signature Signature) error {
	set, err := s.find(ctx, signature.KeyID)
	if err != nil {
		return err
	}
	err = set.verify(signature)
	if err == ErrSignature && set.age(s.now()) >= replacedKeyAge && !set.doubted.Swap(true) {
		// A provider may have replaced a key and kept its kid. Bad signatures must not make
		// us fetch at will: once per set, and only if it has some age.
		if s.fetches.wait(ctx) == nil {
			if newer := s.current.Load(); newer.keys[signature.KeyID] != nil {
				return newer.verify(signature)
			}
		}
	}
	return err
}

func (s *snapshot) verify(signature Signature) error {
	err := ErrAlgorithm
	for _, key := range s.keys[signature.KeyID] {
		switch key.verify(signature.Algorithm, signature.Signed, signature.Value) {
		case nil:
			return nil
		case ErrSignature:
			err = ErrSignature
		}
	}
	return err
}

// find returns a snapshot that has keys of this kid.
func (s *Set) find(ctx context.Context, kid string) (*snapshot, error) {
	set := s.current.Load()
	now := s.now() // after that: a set is never younger than the look at it
	if set == nil || set.age(now) >= set.ttl {
		err := s.fetches.wait(ctx)
		fresh := s.current.Load()
		switch {
		case fresh == nil || fresh.age(s.now()) >= maxStale: // not now: the fetch came after it
			return nil, unavailable(err)
		case fresh.keys[kid] != nil:
			return fresh, nil // perhaps stale: better than an outage for everyone
		case err != nil:
			return nil, unavailable(err)
		}
		return nil, ErrUnknownKey
	}
	if set.keys[kid] != nil {
		return set, nil
	}

	// The issuer may have rotated its keys (OpenID Connect Core section 10.1.1). After a
	// failure, and while a fetch is under way, the fetch itself decides: by its back-off, or
	// by what it brings.
	if !s.fetches.undecided() && !s.looks.allow(kid, set.age(now), now) {
		return nil, ErrUnknownKey
	}
	if err := s.fetches.wait(ctx); err != nil {
		return nil, unavailable(err)
	}
	set = s.current.Load()
	if set.keys[kid] != nil {
		return set, nil
	}
	s.looks.remember(kid)
	return nil, ErrUnknownKey
}

func unavailable(err error) error { return fmt.Errorf("%w: %w", ErrUnavailable, err) }

// fetch fetches the set once. A set that cannot be used leaves the old one in use.
func (s *Set) fetch() error {
	start := time.Now()
	var document document
	var ttl time.Duration
	parsed, err := s.cache.refresh(func(url string) (cleaned []byte, err error) {
		var body []byte
		if body, ttl, err = s.client.get(url); err != nil {
			return nil, err
		}
		if document, err = readDocument(body, s.allowed); err != nil {
			return nil, err
		}
		return document.cleaned(), nil
	})
	report := Fetch{Dropped: document.dropped, Err: err}
	if err == nil {
		var keys map[string][]publicKey
		keys, report.Dropped = document.keys(parsed)
		report.Kept = slices.Sorted(maps.Keys(keys))
		if len(keys) == 0 {
			report.Err = errNoUsableKey
		} else {
			s.current.Store(&snapshot{keys: keys, fetched: s.now(), ttl: ttl})
			s.looks.forget()
		}
	}
	report.Duration = time.Since(start)
	s.report(report)
	return report.Err
}
