package jwks

import "time"

// A look is a fetch that a token causes although no refresh is due: the issuer may have
// rotated its keys (OpenID Connect Core section 10.1.1). Looks are limited, because
// anybody can make up tokens. The time counts from the beginning of the last look.
const (
	lookForNew = 10 * time.Second // for a key that the set does not have, and a new token
	lookForOld = time.Minute      // the same for an older token, and for a bad signature

	// A token is new if it may have been issued after the set was published. Clocks differ,
	// and some issuers write an earlier iat.
	issuedBefore = 5 * time.Minute
)

// looks remembers the last look at one key set.
type looks struct {
	last time.Time
}

// begin tells whether a look is allowed now, and if so notes that it begins.
func (l *looks) begin(now time.Time, interval time.Duration) bool {
	if !elapsed(l.last, now, interval) {
		return false
	}
	l.last = now
	return true
}

// isNew tells whether a token that was issued then may be signed with a key that is newer
// than a set that was published at some time. A token without iat may be.
func isNew(issued, published time.Time) bool {
	return issued.IsZero() || issued.After(published.Add(-issuedBefore))
}
