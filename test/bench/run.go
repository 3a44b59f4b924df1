package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"time"

	"accountapi/test/internal/project"
)

// plan says how much is measured.
type plan struct {
	deployed    bool // zip what is deployed, built for linux/arm64, not what runs here
	callers     int  // distinct tokens
	coldRounds  int  // process starts of each contestant
	warmRounds  int
	batch       int    // invocations of each contestant in a round
	warmUp      int    // invocations before the first round
	memoryCalls int    // at each memory size
	memoryCold  int    // process starts at each memory size
	algorithms  int    // verifications with each library in a round
	benchmark   string // flags of go test for the authorizer's own benchmark
}

var (
	wholePlan = plan{deployed: true, callers: 10_000, coldRounds: 21, warmRounds: 240, batch: 50, warmUp: 500,
		memoryCalls: 150, memoryCold: 11, algorithms: 300, benchmark: "-benchtime=300ms -count=5"}
	quickPlan = plan{callers: 1_000, coldRounds: 7, warmRounds: 60, batch: 25, warmUp: 100,
		memoryCalls: 20, memoryCold: 5, algorithms: 100, benchmark: "-benchtime=100ms -count=3"}
)

// bench is one run.
type bench struct {
	plan        plan
	root        string // of the project
	scratch     string // folder for temporary files
	progress    io.Writer
	started     time.Time
	contestants []*contestant
	tenant      *tenant // over http, for all parts that need no issuer of their own
	events      []event // good ones, each of another caller of the tenant
}

// run measures, and prints the tables.
func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	quick := flags.Bool("quick", false, "measure less, in less than a minute")
	update := flags.Bool("update", false, "also write the tables and the chart to test/bench/README.md and result.svg")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected %q: every setting is a flag, see -help", flags.Arg(0))
	}
	if *quick && *update {
		return errors.New("-update needs a whole run: leave out -quick")
	}
	root, err := project.Root()
	if err != nil {
		return err
	}
	b := &bench{plan: wholePlan, root: root, progress: os.Stderr, started: time.Now(), contestants: contestants()}
	if *quick {
		b.plan = quickPlan
	}
	if b.scratch, err = os.MkdirTemp("", "bench"); err != nil {
		return err
	}
	defer os.RemoveAll(b.scratch)

	r, err := b.measure(ctx)
	if err != nil {
		return err
	}
	r.Quick = *quick
	r.Took = time.Since(b.started).Round(time.Second)
	fmt.Print(r.text())
	if *update {
		return r.update(filepath.Join(root, "test", "bench"))
	}
	return nil
}

// measure runs all parts, each of which has a file of its name.
func (b *bench) measure(ctx context.Context) (*result, error) {
	if err := b.prepare(ctx); err != nil {
		return nil, err
	}
	var err error
	if b.tenant, err = openTenant(b.scratch, false, 0); err != nil {
		return nil, err
	}
	defer b.tenant.close()
	b.say("minting %d tokens", b.plan.callers)
	b.events = b.tenant.mint(b.plan.callers)
	r := &result{Machine: thisMachine(ctx)}
	steal, total := stolen()
	for _, part := range []struct {
		name string
		run  func(context.Context, *result) error
	}{
		{"verdicts", b.verdicts},
		{"cold starts", b.coldStarts},
		{"warm invocations", b.warm},
		{"storms of unknown keys", b.storms},
		{"algorithms", b.algorithms},
		{"memory sizes", b.memorySizes},
		{"model", b.model},
	} {
		b.say("%s", part.name)
		if err := part.run(ctx, r); err != nil {
			return nil, fmt.Errorf("%s: %w", part.name, err)
		}
	}
	for _, c := range b.contestants {
		r.Contestants = append(r.Contestants, c.row)
	}
	if stealNow, totalNow := stolen(); totalNow > total {
		r.Machine.Stolen = (stealNow - steal) / (totalNow - total)
	}
	return r, nil
}

// say reports progress, with the time since the start.
func (b *bench) say(format string, args ...any) {
	seconds := int(time.Since(b.started).Seconds())
	fmt.Fprintf(b.progress, "%2d:%02d  %s\n", seconds/60, seconds%60, fmt.Sprintf(format, args...))
}

// able returns the contestants that take part.
func (b *bench) able() []*contestant {
	return slices.DeleteFunc(slices.Clone(b.contestants), func(c *contestant) bool { return c.row.Skipped != "" })
}

// shuffled returns the list in another order for each round, the same in every run. In a
// fixed order each contestant would always run after the same other one, with the CPU
// caches as that one leaves them, which made a difference of a tenth.
func shuffled[T any](round int, list []T) []T {
	list = slices.Clone(list)
	rand.New(rand.NewPCG(uint64(round), 0)).Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list
}

// authorizer and floor are what the others are compared with.
func (b *bench) authorizer() *contestant { return b.contestants[0] }
func (b *bench) floor() *contestant      { return b.contestants[1] }
