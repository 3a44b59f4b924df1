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

// situation is where processes start: what certificates the machine has, and how far away
// the issuer is.
type situation struct {
	name      string
	roots     string        // the folders in which Go looks for roots besides the bundle: see writeRoots
	roundTrip time.Duration // to the issuer
	node      bool          // also for Node.js, which has its roots compiled in
}

// situations are the columns of the table of cold starts. Debian has each certificate in
// the bundle and in a file of its own. In Amazon Linux 2023 the bundle is the one file in
// /etc/pki/tls/certs that crypto/x509 can use, and /etc/ssl/certs is a link to that folder.
var situations = []situation{
	{name: "one bundle", roots: "none", node: true},
	{name: "as Amazon Linux 2023", roots: "bundle"},
	{name: "as Debian", roots: "files"},
	{name: "as Amazon Linux 2023, round trips of 20 ms", roots: "bundle", roundTrip: 20 * time.Millisecond, node: true},
}

// asDeployed is the index of the situation that is most like that of a deployed function:
// the last.
const asDeployed = 3

// coldStarts starts every contestant again and again, in every situation.
func (b *bench) coldStarts(ctx context.Context, _ *result) error {
	type figures struct{ answer, first []float64 }
	measured := map[*contestant][]figures{}
	for _, c := range b.able() {
		measured[c] = make([]figures, len(situations))
	}
	for n, s := range situations {
		b.say("%s", s.name)
		t, err := openTenant(b.scratch, true, s.roundTrip)
		if err != nil {
			return err
		}
		defer t.close()
		if t.roots, err = writeRoots(b.scratch, t.authorities, s.roots); err != nil {
			return err
		}
		e := newEvent(typical(t.Issuer, 0), subject(0))
		for round := range b.plan.coldRounds {
			for _, c := range shuffled(round, b.able()) {
				if c.node && !s.node || runtime.GOOS == "darwin" && !c.node {
					continue // on macOS, Go trusts the system's certificates only, so not the tenant's
				}
				answer, first, err := c.coldStart(ctx, t, e)
				if err != nil {
					return err
				}
				m := &measured[c][n]
				m.answer, m.first = append(m.answer, milliseconds(answer)), append(m.first, milliseconds(first))
			}
		}
	}
	for c, list := range measured {
		c.row.Cold = make([]cold, len(situations))
		for n, m := range list {
			if len(m.answer) > 0 {
				c.row.Cold[n] = cold{AnswerMs: spreadOf(m.answer), FirstMs: spreadOf(m.first)}
			}
		}
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
