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

// fetches has one fetch under way at a time, for which any number of callers wait, and
// lets time pass after one that failed.
type fetches struct {
	now   func() time.Time
	fetch func() error // does one

	mu        sync.Mutex // guards what follows; never held during network
	underWay  *flight
	succeeded bool      // at least once
	failures  int       // since the last success
	retryAt   time.Time // no fetch before that, after a failure
}

// flight is a fetch that others may wait for.
type flight struct {
	done chan struct{}
	err  error // set before done is closed
}

// wait fetches, or waits for the fetch that is under way, and returns its error. It waits
// no longer than ctx and the budget of an invocation allow.
func (f *fetches) wait(ctx context.Context) error {
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-deadlineMargin))
		defer cancel()
	}
	joined, err := f.join(ctx)
	if joined && err != nil && ctx.Err() == nil {
		// That fetch began before this call, perhaps before a freeze that it did not
		// survive.
		_, err = f.join(ctx)
	}
	return err
}

// join waits for a fetch: the one under way, if joined, else a new one.
func (f *fetches) join(ctx context.Context) (joined bool, err error) {
	f.mu.Lock()
	flying := f.underWay
	joined = flying != nil
	if !joined {
		if f.now().Before(f.retryAt) {
			f.mu.Unlock()
			return false, errors.New("a fetch has just failed, the next try is due soon")
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
// ends with the fetch, so by fetchTimeout.
func (f *fetches) run(flying *flight) {
	flying.err = f.fetch()
	f.mu.Lock()
	f.underWay = nil
	if flying.err == nil {
		f.succeeded, f.failures, f.retryAt = true, 0, time.Time{}
	} else {
		f.retryAt = f.now().Add(f.backoff())
		f.failures++
	}
	f.mu.Unlock()
	close(flying.done)
}

// backoff returns how long not to fetch after one more failure. After the first one it is
// zero: the network may have failed once, and the fetch of init cost no caller yet.
func (f *fetches) backoff() time.Duration {
	if f.failures == 0 {
		return 0
	}
	limit := maxBackoff
	if !f.succeeded {
		limit = maxBackoffFirst
	}
	wait := min(time.Second<<min(f.failures-1, 10), limit)
	return wait/2 + rand.N(wait/2) // environments must not come back in step
}

// undecided tells whether a fetch is under way or the last one has failed: then nobody
// can tell which keys the issuer has.
func (f *fetches) undecided() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.failures > 0 || f.underWay != nil
}
