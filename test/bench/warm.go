package main

import (
	"context"
	"slices"
	"time"
)

// warm is a process that has its keys and has run for a while.
type warm struct {
	P50Us        spread  `json:"p50_us"` // of each round
	P99Us        float64 `json:"p99_us"` // of all invocations
	CPUUs        spread  `json:"cpu_us"` // per invocation
	PerSecond    spread  `json:"per_second"`
	P50Ratio     spread  `json:"p50_ratio"` // to the floor, round by round
	CPURatio     spread  `json:"cpu_ratio"`
	PeakMemoryMB float64 `json:"peak_memory_mb"`
	LogBytes     float64 `json:"log_bytes"` // per invocation
	Invocations  int     `json:"invocations"`
}

// pace is what the rounds of one warm function measured.
type pace struct {
	p50, cpu, rate []float64
	all            []float64
	memory         int64
}

// warm invokes every contestant in batches, in turns, each time with another token.
func (b *bench) warm(ctx context.Context, _ *result) error {
	functions := map[*contestant]*function{}
	paces := map[*contestant]*pace{}
	for _, c := range b.able() {
		f, err := c.start(b.tenant)
		if err != nil {
			return err
		}
		defer f.Close()
		functions[c], paces[c] = f, &pace{}
		if _, err := f.mustAllow(ctx, b.events[0]); err != nil {
			return err
		}
		if err := f.batch(ctx, &pace{}, b.events, 0, b.warmUp(c)); err != nil {
			return err
		}
	}
	for round := range b.plan.warmRounds {
		if round%(b.plan.warmRounds/4) == 0 {
			b.say("round %d of %d", round, b.plan.warmRounds)
		}
		for _, c := range shuffled(round, b.able()) {
			if err := functions[c].batch(ctx, paces[c], b.events, round*b.plan.batch, b.plan.batch); err != nil {
				return err
			}
		}
	}
	floor := paces[b.floor()]
	for c, p := range paces {
		c.row.Warm = p.summary(floor)
		functions[c].Close() // its last line has arrived then
		c.row.Warm.LogBytes = float64(functions[c].last.written) / float64(1+b.warmUp(c)+len(p.all))
	}
	return nil
}

// warmUp returns how often a contestant is invoked before it is measured.
func (b *bench) warmUp(c *contestant) int {
	if c.node {
		return 5 * b.plan.warmUp // its just-in-time compiler has to see the code often
	}
	return b.plan.warmUp
}

// batch invokes a function n times in a row, and adds up what it took.
func (f *function) batch(ctx context.Context, p *pace, events []event, from, n int) error {
	before, _, err := f.usage()
	if err != nil {
		return err
	}
	took := make([]float64, 0, n)
	start := time.Now()
	for i := range n {
		result, err := f.mustAllow(ctx, events[(from+i)%len(events)])
		if err != nil {
			return err
		}
		took = append(took, microseconds(result.Duration))
	}
	elapsed := time.Since(start)
	after, memory, err := f.usage()
	if err != nil {
		return err
	}
	p.all = append(p.all, took...)
	slices.Sort(took)
	p.p50 = append(p.p50, quantile(took, 0.5))
	p.cpu = append(p.cpu, microseconds(after-before)/float64(n))
	p.rate = append(p.rate, float64(n)/elapsed.Seconds())
	p.memory = memory
	return nil
}

func (p *pace) summary(floor *pace) warm {
	slices.Sort(p.all)
	w := warm{
		P50Us: spreadOf(p.p50), P99Us: quantile(p.all, 0.99), CPUUs: spreadOf(p.cpu), PerSecond: spreadOf(p.rate),
		P50Ratio: spreadOf(ratios(p.p50, floor.p50)), PeakMemoryMB: megabytes(p.memory), Invocations: len(p.all),
	}
	if w.CPUUs.Median > 0 {
		w.CPURatio = spreadOf(ratios(p.cpu, floor.cpu))
	}
	return w
}
