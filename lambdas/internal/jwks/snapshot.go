package jwks

import (
	"slices"
	"time"
)

// How long keys are trusted, from the beginning of the last fetch that brought them.
const (
	maxOutage    = 24 * time.Hour // while the set cannot be fetched
	maxWithdrawn = time.Hour      // if the set has been fetched since, without any usable key
)

// Signature is a signature to verify, with what its token says about it. The claims of
// the token have been checked: a token that is refused by them must not cause a fetch.
type Signature struct {
	KeyID     string // "" if the header has no kid
	Algorithm *Algorithm
	Signed    []byte
	Value     []byte
	Issued    time.Time // iat, zero without one
}

// snapshot is the key set as of one fetch. It never changes. Ages are by the wall clock:
// the monotonic clock may not run while a process is frozen.
type snapshot struct {
	keys      map[string][]publicKey // by kid, "" for those without one
	fetched   time.Time              // when the fetch began
	published time.Time              // the same less the time in caches on the way
	ttl       time.Duration
	withdrawn bool // a valid set without any usable key has been fetched since
}

// age returns how old the snapshot is. If it is from the future, the clock was set back:
// then its age is not known, and it counts as the oldest.
func (s *snapshot) age(now time.Time) time.Duration {
	if age := now.Sub(s.fetched); age >= 0 {
		return age
	}
	return 1 << 62
}

// trusted tells whether the keys may be used. A set with another usable key replaces
// them at once; a set with none may be a mistake of the issuer, or a compromised key that
// was its only one.
func (s *snapshot) trusted(now time.Time) bool {
	if s.withdrawn {
		return s.age(now) < maxWithdrawn
	}
	return s.age(now) < maxOutage
}

// verify returns nil, ErrUnknownKey, ErrAlgorithm or ErrSignature.
func (s *snapshot) verify(signature Signature) error {
	result := ErrUnknownKey
	for _, key := range s.candidates(signature) {
		switch key.verify(signature.Algorithm, signature.Signed, signature.Value) {
		case nil:
			return nil
		case ErrSignature:
			result = ErrSignature
		case ErrAlgorithm:
			if result == ErrUnknownKey {
				result = ErrAlgorithm
			}
		}
	}
	return result
}

// candidates returns the keys that may have made the signature. For a token without kid
// there is at most one: to try all keys would let anybody cause much work.
func (s *snapshot) candidates(signature Signature) []publicKey {
	if signature.KeyID != "" {
		return s.keys[signature.KeyID]
	}
	var fit []publicKey
	for _, keys := range s.keys {
		for _, key := range keys {
			if slices.Contains(key.algorithms, signature.Algorithm) {
				fit = append(fit, key)
			}
		}
	}
	if len(fit) != 1 {
		return nil
	}
	return fit
}
