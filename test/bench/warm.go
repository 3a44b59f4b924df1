package main

import (
	"context"
	"time"
)

// warm is a process that has its keys and has answered hundreds of invocations.
type warm struct {
	P50Us        float64
	P50Ratio     spread // to the floor, round by round
	CPURatio     spread
	PeakMemoryMB float64
	LogBytes     float64 // per invocation
}

// pace is what the rounds of one warm function measured.
type pace struct {
	p50, cpu, rate []float64 // of each round: µs, µs per invocation, invocations per second
	memory         int64     // bytes, the peak so far
	invocations    int
}

// warm invokes all contestants in turns, in batches, with a new token each time.
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
		c.row.Warm.LogBytes = float64(functions[c].last.written) / float64(1+b.warmUp(c)+p.invocations)
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

// batch invokes a function n times in a row, with events[from] and those after it, and
// adds a round to p.
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
	p.p50 = append(p.p50, spreadOf(took).Median)
	p.cpu = append(p.cpu, microseconds(after-before)/float64(n))
	p.rate = append(p.rate, float64(n)/elapsed.Seconds())
	p.memory = memory
	p.invocations += n
	return nil
}

func (p *pace) summary(floor *pace) warm {
	w := warm{
		P50Us:        spreadOf(p.p50).Median,
		P50Ratio:     spreadOf(ratios(p.p50, floor.p50)),
		PeakMemoryMB: megabytes(p.memory),
	}
	if spreadOf(p.cpu).Median > 0 {
		w.CPURatio = spreadOf(ratios(p.cpu, floor.cpu))
	}
	return w
}
