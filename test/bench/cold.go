package main

import (
	"context"
	"errors"
	"runtime"
	"time"
)

// cold is a process start to its first answer.
type cold struct {
	Skipped      string `json:"skipped,omitempty"`
	AnswerMs     spread `json:"answer_ms"` // from the start of the process to the first answer
	InitMs       spread `json:"init_ms"`   // until it asks for its first event
	FirstMs      spread `json:"first_ms"`  // the first invocation alone
	CPUMs        spread `json:"cpu_ms"`    // used until the answer
	PeakMemoryMB spread `json:"peak_memory_mb"`
}

// keySets are the ways in which the key set is reached.
var keySets = []struct {
	name  string
	https bool
	delay time.Duration
}{
	{"http", false, 0},
	{"https", true, 0},
	{"https +100 ms", true, 100 * time.Millisecond},
}

// coldStarts starts every contestant again and again, for each kind of key set.
func (b *bench) coldStarts(ctx context.Context, _ *result) error {
	for _, c := range b.able() {
		c.row.Cold = map[string]cold{}
	}
	for _, keys := range keySets {
		t, err := openTenant(b.scratch, keys.https, keys.delay)
		if err != nil {
			return err
		}
		b.say("cold starts with the key set over %s", keys.name)
		err = b.coldStartsWith(ctx, t, keys.name, keys.https)
		t.close()
		if err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) coldStartsWith(ctx context.Context, t *tenant, name string, https bool) error {
	type figures struct{ answer, init, first, cpu, memory []float64 }
	measured := map[*contestant]*figures{}
	e := newEvent(typical(t.Issuer, 0), subject(0))
	for round := range b.plan.coldRounds {
		for _, c := range shuffled(round, b.able()) {
			if reason := c.cannotReach(https); reason != nil {
				c.row.Cold[name] = cold{Skipped: reason.Error()}
				continue
			}
			s, err := c.coldStart(ctx, t, e)
			if err != nil {
				return err
			}
			if measured[c] == nil {
				measured[c] = &figures{}
			}
			m := measured[c]
			m.answer = append(m.answer, milliseconds(s.answer))
			m.init = append(m.init, milliseconds(s.init))
			m.first = append(m.first, milliseconds(s.first))
			m.cpu = append(m.cpu, milliseconds(s.cpu))
			m.memory = append(m.memory, megabytes(s.memory))
		}
	}
	for c, m := range measured {
		c.row.Cold[name] = cold{
			AnswerMs: spreadOf(m.answer), InitMs: spreadOf(m.init), FirstMs: spreadOf(m.first),
			CPUMs: spreadOf(m.cpu), PeakMemoryMB: spreadOf(m.memory),
		}
	}
	return nil
}

// cannotReach tells why a contestant cannot have its keys this way.
func (c *contestant) cannotReach(https bool) error {
	if !https && c.httpsOnly {
		return errors.New("takes keys over https only")
	}
	if https && !c.node && runtime.GOOS == "darwin" {
		return errors.New("a program in Go trusts only the system's certificates on macOS")
	}
	return nil
}

// coldSample is one process start.
type coldSample struct {
	answer, init, first, cpu time.Duration
	memory                   int64
}

func (c *contestant) coldStart(ctx context.Context, t *tenant, e event) (s coldSample, err error) {
	f, err := c.start(t)
	if err != nil {
		return s, err
	}
	defer f.Close()
	start := time.Now()
	result, err := f.mustAllow(ctx, e)
	s.answer = time.Since(start)
	if err != nil {
		return s, err
	}
	s.init, s.first = result.InitDuration, result.Duration
	s.cpu, s.memory, err = f.usage()
	return s, err
}

// usage returns the CPU time and the peak memory of the function's process so far; zero
// where this system does not tell.
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
