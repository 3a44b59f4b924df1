package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"time"

	"accountapi/test/runtimeapi"
)

// memoryResult is what the authorizer gets for more memory, and with it more CPU.
type memoryResult struct {
	Skipped     string      `json:"skipped,omitempty"`
	Sizes       []memoryRow `json:"sizes"`
	FirstCPUMs  spread      `json:"first_cpu_ms"` // that a first invocation takes, at any size
	Recommended int         `json:"recommended_mb"`
}

// memoryRow is the authorizer at one memory size. Init runs at full speed, as Lambda lets
// it (AWS, "Effectively running Java on Serverless"), but for ThrottledColdMs.
type memoryRow struct {
	MB               int     `json:"mb"`
	CPUs             float64 `json:"cpus"`
	InitMs           spread  `json:"init_ms"`
	FirstMs          spread  `json:"first_ms"`
	ThrottledColdMs  spread  `json:"throttled_cold_ms"` // to the first answer, in the share from the start
	P50Us            float64 `json:"p50_us"`            // of calls that come one by one
	P90Us            float64 `json:"p90_us"`
	PerSecond        float64 `json:"per_second"`         // of one environment, call after call
	DollarPerMillion float64 `json:"dollar_per_million"` // warm invocations: requests and duration
}

// Prices of Lambda on arm64 in us-east-1 in 2025, in dollars (AWS Lambda pricing).
const (
	pricePerRequest  = 0.20 / 1e6
	pricePerGBSecond = 0.0000133334
)

// sharePeriod is how often Lambda renews the quota of CPU time that a share is, as measured
// on Lambda by Lin, Ma and Shahrad ("Demystifying Serverless Costs on Public Platforms",
// 2025).
const sharePeriod = 20 * time.Millisecond

// initLimit is how long an init may take (AWS: "Understanding the Lambda execution
// environment lifecycle").
const initLimit = 10 * time.Second

// fullCPU is the memory size at which a function has one CPU to itself; below, and
// above, its share is in proportion (AWS: "Configure Lambda function memory").
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
	m := &memoryBench{share: s, tenant: t, contestant: b.authorizer(), bootstrap: bootstrap, events: t.mint(50), plan: b.plan}
	for _, mb := range []int{128, 256, 512, 1024, fullCPU} {
		row, err := m.measure(ctx, mb)
		if err != nil {
			return err
		}
		r.Memory.Sizes = append(r.Memory.Sizes, row)
	}
	r.Memory.FirstCPUMs = spreadOf(m.firstCPU)
	r.Memory.Recommended = recommend(r.Memory.Sizes, r.Memory.FirstCPUMs.Median)
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

// throttledStart measures a start in the share from the first instruction on.
func (m *memoryBench) throttledStart(ctx context.Context, cpus float64) (time.Duration, error) {
	if err := m.share.set(cpus); err != nil {
		return 0, err
	}
	f, err := m.contestant.startAs(m.bootstrap, m.tenant.environment(m.contestant))
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
	f, err := m.startAtFullSpeed(ctx)
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
	time.Sleep(sharePeriod) // it is done only when it waits for the next event
	after, _, err := f.usage()
	m.firstCPU = append(m.firstCPU, milliseconds(after-before))
	return result, err
}

// warm measures one environment in the share: calls one by one, and call after call.
func (m *memoryBench) warm(ctx context.Context, row *memoryRow) error {
	f, err := m.startAtFullSpeed(ctx)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := m.share.set(row.CPUs); err != nil {
		return err
	}
	apart, err := m.oneByOne(ctx, f)
	if err != nil {
		return err
	}
	slices.Sort(apart)
	row.P50Us, row.P90Us = quantile(apart, 0.5), quantile(apart, 0.9)
	p := &pace{}
	for range 5 {
		if err := f.batch(ctx, p, m.events, 0, m.plan.memoryCalls/3); err != nil {
			return err
		}
	}
	row.PerSecond = spreadOf(p.rate).Median
	return nil
}

// startAtFullSpeed starts a process and lets it finish its init with all the CPU there
// is. A caller that is gone before the process asks for work leaves it idle.
func (m *memoryBench) startAtFullSpeed(ctx context.Context) (*function, error) {
	if err := m.share.set(0); err != nil {
		return nil, err
	}
	f, err := m.contestant.startAs(m.bootstrap, m.tenant.environment(m.contestant))
	if err != nil {
		return nil, err
	}
	gone, leave := context.WithCancel(ctx)
	leave()
	fetches := m.tenant.JWKSFetches()
	if _, err := f.Invoke(gone, m.events[0].payload); !errors.Is(err, context.Canceled) {
		f.Close()
		return nil, fmt.Errorf("start without an invocation: %w", err)
	}
	for limit := time.Now().Add(initLimit); m.tenant.JWKSFetches() == fetches; time.Sleep(time.Millisecond) {
		if time.Now().After(limit) || ctx.Err() != nil {
			f.Close()
			return nil, fmt.Errorf("%s does not fetch its keys during init: %s", m.contestant.name, f.last)
		}
	}
	time.Sleep(100 * time.Millisecond) // the keys are on their way, the rest is a matter of milliseconds
	return f, nil
}

// oneByOne invokes the function at a pace that leaves each call the quota of a period.
func (m *memoryBench) oneByOne(ctx context.Context, f *function) ([]float64, error) {
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

// invocationPrice is what AWS asks for a warm invocation: a request, and the duration
// rounded up to the millisecond.
func invocationPrice(mb int, ms float64) float64 {
	return pricePerRequest + math.Max(1, math.Ceil(ms))/1000*float64(mb)/1024*pricePerGBSecond
}

// quota is what a process may use of a CPU in each period.
func (r memoryRow) quota() time.Duration { return time.Duration(r.CPUs * float64(sharePeriod)) }

// recommend returns the smallest size at which the dearest call, the first one of an
// environment, fits into the quota of one period: no call has to wait for the next one
// then, and with more memory none would be answered sooner. CPU time is what this rests
// on because it is the same on a busy machine.
func recommend(sizes []memoryRow, firstCPUMs float64) int {
	for _, s := range sizes {
		if milliseconds(s.quota()) >= firstCPUMs {
			return s.MB
		}
	}
	return sizes[len(sizes)-1].MB
}
