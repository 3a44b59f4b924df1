package jwks

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

const (
	deadlineMargin = 500 * time.Millisecond // of an invocation, left to answer in

	maxBackoff      = 30 * time.Second
	maxBackoffFirst = 2 * time.Second // until the first fetch that succeeds
)

// errNotNow says that a fetch was not allowed.
var errNotNow = errors.New("no fetch is allowed now")

// fetches does one fetch at a time, for which any number of callers may wait, and waits
// before the next fetch after a failure (back-off).
type fetches struct {
	now   func() time.Time
	fetch func() error // does one

	mu        sync.Mutex // guards what follows; never held during network
	underWay  *flight
	succeeded bool          // at least once
	failures  int           // since the last success
	failedAt  time.Time     // the last of them
	backoff   time.Duration // so long after failedAt there is no fetch
}

// flight is a fetch that others may wait for.
type flight struct {
	done chan struct{}
	err  error // set before done is closed
}

// wait waits for the fetch that is under way, or starts one if allowed says so, and
// returns its error, or errNotNow. The answer of a fetch that was joined may be older
// than the call. It waits no longer than ctx and the budget of an invocation allow.
func (f *fetches) wait(ctx context.Context, allowed func() bool) (joined bool, err error) {
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-deadlineMargin))
		defer cancel()
	}
	joined, err = f.join(ctx, allowed)
	if joined && err != nil && ctx.Err() == nil {
		// That fetch began before this call, perhaps before a freeze that it did not
		// survive.
		if again, retryErr := f.join(ctx, allowed); retryErr != errNotNow {
			return again, retryErr
		}
	}
	return joined, err
}

// join waits for a fetch: the one under way, if joined, else a new one.
func (f *fetches) join(ctx context.Context, allowed func() bool) (joined bool, err error) {
	f.mu.Lock()
	flying := f.underWay
	joined = flying != nil
	if !joined {
		if f.failures > 0 && !elapsed(f.failedAt, f.now(), f.backoff) || !allowed() {
			f.mu.Unlock()
			return false, errNotNow
		}
		flying = &flight{done: make(chan struct{})}
		f.underWay = flying
		go f.run(flying)
	}
	f.mu.Unlock()
	select {
	case <-flying.done:
		return joined, flying.err
	case <-ctx.Done():
		return joined, fmt.Errorf("no answer in time: %w", ctx.Err())
	}
}

// run runs in a goroutine of its own: an invocation that cannot wait leaves it behind. It
// ends with the fetch, which has a time-out.
func (f *fetches) run(flying *flight) {
	flying.err = f.fetch()
	f.mu.Lock()
	f.underWay = nil
	if flying.err == nil {
		f.succeeded, f.failures = true, 0
	} else {
		f.failedAt, f.backoff = f.now(), backoff(f.failures, f.succeeded)
		f.failures++
	}
	f.mu.Unlock()
	close(flying.done)
}

// backoff returns for how long nothing is fetched after a failure. failures is the number
// of failures before it. After the first one it is zero: the network may have failed only
// once, and no caller has waited for the fetch of init.
func backoff(failures int, succeeded bool) time.Duration {
	if failures == 0 {
		return 0
	}
	limit := maxBackoff
	if !succeeded {
		limit = maxBackoffFirst
	}
	wait := min(time.Second<<min(failures-1, 10), limit)
	return wait/2 + rand.N(wait/2) // environments must not fetch at the same time
}

// elapsed tells whether d has passed since then. A clock that was set back counts as
// enough.
func elapsed(then, now time.Time, d time.Duration) bool {
	return now.Sub(then) >= d || now.Before(then)
}
