package main

import (
	"context"
	"errors"
	"runtime"
	"time"
)

// cold is a process start, with the key set over https.
type cold struct {
	AnswerMs spread // from the start of the process to its first answer
	FirstMs  spread // the first invocation alone
}

// coldStarts starts every contestant again and again.
func (b *bench) coldStarts(ctx context.Context, _ *result) error {
	t, err := openTenant(b.scratch, true)
	if err != nil {
		return err
	}
	defer t.close()
	e := newEvent(typical(t.Issuer, 0), subject(0))
	type figures struct{ answer, first []float64 }
	measured := map[*contestant]*figures{}
	for round := range b.plan.coldRounds {
		for _, c := range shuffled(round, b.able()) {
			if runtime.GOOS == "darwin" && !c.node {
				continue // on macOS, Go trusts the system's certificates only, so not the tenant's
			}
			answer, first, err := c.coldStart(ctx, t, e)
			if err != nil {
				return err
			}
			if measured[c] == nil {
				measured[c] = &figures{}
			}
			m := measured[c]
			m.answer, m.first = append(m.answer, milliseconds(answer)), append(m.first, milliseconds(first))
		}
	}
	for c, m := range measured {
		c.row.Cold = cold{AnswerMs: spreadOf(m.answer), FirstMs: spreadOf(m.first)}
	}
	return nil
}

func (c *contestant) coldStart(ctx context.Context, t *tenant, e event) (answer, first time.Duration, err error) {
	f, err := c.start(t)
	if err != nil {
		return 0, 0, err
	}
	defer f.Close()
	start := time.Now()
	result, err := f.mustAllow(ctx, e)
	return time.Since(start), result.Duration, err
}

// usage returns the CPU time and the peak memory of the function's process so far; zero
// where the system has no such figures.
func (f *function) usage() (cpu time.Duration, memory int64, err error) {
	if f.pid == 0 {
		f.pid, err = processOf(f.name)
	}
	if err == nil {
		cpu, err = cpuTime(f.pid)
	}
	if err == nil {
		memory, err = peakMemory(f.pid)
	}
	if errors.Is(err, errors.ErrUnsupported) {
		err = nil
	}
	return cpu, memory, err
}

func milliseconds(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e6 }
func microseconds(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 }
func megabytes(n int64) float64            { return float64(n) / 1e6 }
