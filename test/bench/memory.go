package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"time"

	"accountapi/test/runtimeapi"
)

// memoryResult shows what the authorizer gains by more memory, and with it more CPU.
type memoryResult struct {
	Skipped     string // why it was not measured
	Sizes       []memoryRow
	FirstCPUMs  float64 // CPU time of a first invocation, at any size
	Recommended int     // MB
}

// memoryRow is the authorizer at one memory size. Init runs at full speed, as it does on
// Lambda (AWS, "Effectively running Java on Serverless"), except for ThrottledColdMs.
type memoryRow struct {
	MB               int
	CPUs             float64
	InitMs           spread
	FirstMs          spread
	ThrottledColdMs  spread  // from the start to the first answer, with the CPU share for init too
	P50Us            float64 // of separate invocations
	P90Us            float64
	PerSecond        float64 // of one environment, one invocation right after the other
	DollarPerMillion float64 // warm invocations: requests and duration
}

// Prices of Lambda on arm64 in us-east-1 in 2025, in dollars (AWS Lambda pricing).
const (
	pricePerRequest  = 0.20 / 1e6
	pricePerGBSecond = 0.0000133334
)

// sharePeriod is how often Lambda renews the quota of CPU time that a share is, measured
// on Lambda by Lin, Ma and Shahrad ("Demystifying Serverless Costs on Public Platforms",
// 2025).
const sharePeriod = 20 * time.Millisecond

// fullCPU is the memory size in MB that gives a function one whole CPU; its share is in
// proportion to its memory (AWS: "Configure Lambda function memory").
const fullCPU = 1769

// memorySizes runs the authorizer with the CPU shares of Lambda's memory sizes.
func (b *bench) memorySizes(ctx context.Context, r *result) error {
	s, err := newShare()
	if err != nil {
		b.say("leaving out memory sizes: %v", err)
		r.Memory.Skipped = err.Error()
		return nil
	}
	defer s.close()
	t, err := openTenant(b.scratch, true, 0)
	if err != nil {
		return err
	}
	defer t.close()
	folder := filepath.Join(b.scratch, "share")
	if err := os.Mkdir(folder, 0o755); err != nil {
		return err
	}
	bootstrap, err := s.launcher(folder, b.authorizer().bootstrap)
	if err != nil {
		return err
	}
	m := &memoryBench{
		share: s, tenant: t, contestant: b.authorizer(), bootstrap: bootstrap, events: t.mint(50), plan: b.plan,
	}
	for _, mb := range []int{128, 256, 512, 1024, fullCPU} {
		row, err := m.measure(ctx, mb)
		if err != nil {
			return err
		}
		r.Memory.Sizes = append(r.Memory.Sizes, row)
	}
	r.Memory.FirstCPUMs = spreadOf(m.firstCPU).Median
	r.Memory.Recommended = recommend(r.Memory.Sizes, r.Memory.FirstCPUMs)
	return nil
}

type memoryBench struct {
	share      *share
	tenant     *tenant
	contestant *contestant
	bootstrap  string
	events     []event
	plan       plan
	firstCPU   []float64 // of every first invocation, in ms
}

func (m *memoryBench) measure(ctx context.Context, mb int) (memoryRow, error) {
	row := memoryRow{MB: mb, CPUs: float64(mb) / fullCPU}
	var throttled, inits, firsts []float64
	for range m.plan.memoryCold {
		took, err := m.throttledStart(ctx, row.CPUs)
		if err != nil {
			return row, err
		}
		first, err := m.firstInvocation(ctx, row.CPUs)
		if err != nil {
			return row, err
		}
		throttled = append(throttled, milliseconds(took))
		inits = append(inits, milliseconds(first.InitDuration))
		firsts = append(firsts, milliseconds(first.Duration))
	}
	row.ThrottledColdMs, row.InitMs, row.FirstMs = spreadOf(throttled), spreadOf(inits), spreadOf(firsts)
	if err := m.warm(ctx, &row); err != nil {
		return row, err
	}
	row.DollarPerMillion = 1e6 * invocationPrice(mb, row.P50Us/1000)
	return row, nil
}

// throttledStart measures a start whose init has no more CPU than the share either.
func (m *memoryBench) throttledStart(ctx context.Context, cpus float64) (time.Duration, error) {
	if err := m.share.set(cpus); err != nil {
		return 0, err
	}
	f, err := m.contestant.startAs(m.bootstrap, m.tenant)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	start := time.Now()
	_, err = f.mustAllow(ctx, m.events[0])
	return time.Since(start), err
}

// firstInvocation measures a first invocation in the share, after an init at full speed.
func (m *memoryBench) firstInvocation(ctx context.Context, cpus float64) (runtimeapi.Result, error) {
	f, err := m.startAtFullSpeed()
	if err != nil {
		return runtimeapi.Result{}, err
	}
	defer f.Close()
	if err := m.share.set(cpus); err != nil {
		return runtimeapi.Result{}, err
	}
	before, _, err := f.usage()
	if err != nil {
		return runtimeapi.Result{}, err
	}
	result, err := f.mustAllow(ctx, m.events[0])
	if err != nil {
		return result, err
	}
	time.Sleep(sharePeriod) // after its answer the process has to ask for the next event
	after, _, err := f.usage()
	m.firstCPU = append(m.firstCPU, milliseconds(after-before))
	return result, err
}

// warm measures one environment in the share: separate invocations, and one right after
// the other.
func (m *memoryBench) warm(ctx context.Context, row *memoryRow) error {
	f, err := m.startAtFullSpeed()
	if err != nil {
		return err
	}
	defer f.Close()
	if err := m.share.set(row.CPUs); err != nil {
		return err
	}
	took, err := m.separate(ctx, f)
	if err != nil {
		return err
	}
	slices.Sort(took)
	row.P50Us, row.P90Us = quantile(took, 0.5), quantile(took, 0.9)
	p := &pace{}
	for range 5 {
		if err := f.batch(ctx, p, m.events, 0, m.plan.memoryCalls/3); err != nil {
			return err
		}
	}
	row.PerSecond = spreadOf(p.rate).Median
	return nil
}

// startAtFullSpeed starts a process whose init, which fetches the keys, has all the CPU.
func (m *memoryBench) startAtFullSpeed() (*function, error) {
	if err := m.share.set(0); err != nil {
		return nil, err
	}
	f, err := m.contestant.startAs(m.bootstrap, m.tenant)
	if err != nil {
		return nil, err
	}
	if err := f.Init(); err != nil {
		f.Close()
		return nil, fmt.Errorf("%w: %s", err, f.last)
	}
	time.Sleep(100 * time.Millisecond) // the first invocation comes 0.1 s after init, as the table's note says
	return f, nil
}

// separate invokes the function with pauses that are longer than a period, so that each
// invocation has the whole quota.
func (m *memoryBench) separate(ctx context.Context, f *function) ([]float64, error) {
	var took []float64
	for i := range m.plan.memoryCalls {
		time.Sleep(sharePeriod + time.Duration(i%10)*time.Millisecond) // not in step with the period
		result, err := f.mustAllow(ctx, m.events[i%len(m.events)])
		if err != nil {
			return nil, err
		}
		took = append(took, microseconds(result.Duration))
	}
	return took, nil
}

// invocationPrice is the price of a warm invocation in dollars: a request, and the
// duration rounded up to the millisecond.
func invocationPrice(mb int, ms float64) float64 {
	return pricePerRequest + math.Max(1, math.Ceil(ms))/1000*float64(mb)/1024*pricePerGBSecond
}

// quota is how much CPU time a process gets in each period.
func (r memoryRow) quota() time.Duration { return time.Duration(r.CPUs * float64(sharePeriod)) }

// recommend returns the smallest size at which the most expensive invocation, the first
// one of an environment, fits into the quota of one period: then no invocation waits for
// the next period, and none would be answered sooner with more memory. It compares CPU
// time because that is the same on a busy machine.
func recommend(sizes []memoryRow, firstCPUMs float64) int {
	for _, s := range sizes {
		if milliseconds(s.quota()) >= firstCPUMs {
			return s.MB
		}
	}
	return sizes[len(sizes)-1].MB
}
