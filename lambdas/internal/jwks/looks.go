package jwks

import (
	"slices"
	"sync"
	"time"
)

// One refresh for an unknown kid per cooldown, and one more if the kid comes again, or if
// nobody has asked for an unknown kid for a moment, which is the longer the more have
// asked. The second keeps stray tokens from delaying a key rotation that follows on them;
// a storm of made-up kids does not get it.
const (
	unknownKidCooldown = 30 * time.Second
	quietMoment        = 50 * time.Millisecond
	quietPerUnknownKid = 250 * time.Microsecond
	maxQuietMoment     = 500 * time.Millisecond
	maxAbsent          = 64 // kids remembered as not in the set
	maxRecent          = 16 // kids remembered because they were refused without a look
)

// looks limits the fetches that tokens with an unknown kid may cause.
type looks struct {
	mu           sync.Mutex
	cooldownFrom time.Time         // the last refresh for an unknown kid
	spareFrom    time.Time         // the last such refresh within a cooldown
	lastUnknown  time.Time         // when somebody last asked for an unknown kid
	unknown      int               // how many have since cooldownFrom
	recent       [maxRecent]string // the last of them since a fetch
	absent       []string          // not in the set as of the last fetch
}

// allow tells whether an unknown kid is worth a refresh now, with a set of this age.
func (l *looks) allow(kid string, age time.Duration, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if slices.Contains(l.absent, kid) && age < unknownKidCooldown {
		return false
	}
	quiet := elapsed(l.lastUnknown, now, min(quietMoment+time.Duration(l.unknown)*quietPerUnknownKid, maxQuietMoment))
	again := slices.Contains(l.recent[:], kid)
	l.lastUnknown = now
	l.recent[l.unknown%maxRecent] = kid
	l.unknown++
	switch {
	case elapsed(l.cooldownFrom, now, unknownKidCooldown):
		l.cooldownFrom = now
		l.unknown = 1
	case (again || quiet) && elapsed(l.spareFrom, now, unknownKidCooldown):
		l.spareFrom = now
	default:
		return false
	}
	return true
}

// elapsed tells whether d has passed since then; a clock that was set back counts as
// enough.
func elapsed(then, now time.Time, d time.Duration) bool {
	return now.Sub(then) >= d || now.Before(then)
}

// remember keeps a kid that a refresh has just not brought, so that a client that tries
// it again and again does not use up the refreshes of others.
func (l *looks) remember(kid string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.absent) < maxAbsent {
		l.absent = append(l.absent, kid)
	}
}

// forget is called after a fetch that has succeeded.
func (l *looks) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.absent = l.absent[:0]
	clear(l.recent[:])
}
