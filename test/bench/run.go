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
	deployed    bool // zip what is deployed, built for linux/arm64, and not what runs here
	callers     int  // distinct tokens
	coldRounds  int  // process starts of each contestant, for each kind of key set
	warmRounds  int
	batch       int           // invocations of each contestant in a round
	warmUp      int           // invocations before the first round
	memoryCalls int           // at each memory size
	memoryCold  int           // process starts at each memory size
	growth      int           // rounds for each size of key set and token
	algorithms  int           // verifications with each library in a round
	benchmark   string        // flags of go test for the authorizer's own benchmark
	modelTime   time.Duration // simulated
}

var (
	wholePlan = plan{deployed: true, callers: 10_000, coldRounds: 20, warmRounds: 160, batch: 50, warmUp: 500,
		memoryCalls: 150, memoryCold: 11, growth: 40, algorithms: 300, benchmark: "-benchtime=300ms -count=5", modelTime: time.Hour}
	quickPlan = plan{callers: 1_000, coldRounds: 3, warmRounds: 20, batch: 25, warmUp: 100,
		memoryCalls: 20, memoryCold: 3, growth: 5, algorithms: 100, benchmark: "-benchtime=100ms -count=3", modelTime: 20 * time.Minute}
)

// bench is one run.
type bench struct {
	plan        plan
	root        string // of the project
	scratch     string // for files that are gone when the run is over
	progress    io.Writer
	started     time.Time
	contestants []*contestant
	tenant      *tenant // over http, for all that needs no issuer of its own
	events      []event // good ones, of as many callers of the tenant
}

// run measures, and writes what it found to the terminal and to files.
func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	quick := flags.Bool("quick", false, "measure less, in a minute and a half")
	out := flags.String("out", "", "`folder` for bench.json and bench.svg; .build/bench if left out")
	update := flags.Bool("update", false, "also renew what the README shows: its tables, and test/bench/result.json and .svg")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected %q: every setting is a flag, see -help", flags.Arg(0))
	}
	if *quick && *update {
		return errors.New("what the README shows comes from a whole run: leave out -quick")
	}
	root, err := project.Root()
	if err != nil {
		return err
	}
	if *out == "" {
		*out = filepath.Join(root, ".build", "bench")
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
	r.Took = time.Since(b.started).Round(time.Second).String()
	fmt.Print(r.text())
	if err := r.write(*out, "bench"); err != nil {
		return err
	}
	fmt.Printf("\nbench.json and bench.svg are in %s\n", *out)
	if *update {
		if err := r.write(filepath.Join(root, "test", "bench"), "result"); err != nil {
			return err
		}
		return r.updateReadme(filepath.Join(root, "README.md"))
	}
	return nil
}

// measure is the run: each part has the file of its name.
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
		{"growth", b.growth},
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

// say tells whoever waits what happens now.
func (b *bench) say(format string, args ...any) {
	elapsed := time.Since(b.started)
	fmt.Fprintf(b.progress, "%2d:%02d  %s\n", int(elapsed.Minutes()), int(elapsed.Seconds())%60, fmt.Sprintf(format, args...))
}

// able returns the contestants that take part.
func (b *bench) able() []*contestant {
	return slices.DeleteFunc(slices.Clone(b.contestants), func(c *contestant) bool { return c.row.Skipped != "" })
}

// shuffled returns the list in an order of its own for each round, the same in every run.
// In any fixed order, rotated or not, each would always run in the caches that the same
// other one leaves behind, which was worth a tenth of a call.
func shuffled[T any](round int, list []T) []T {
	list = slices.Clone(list)
	rand.New(rand.NewPCG(uint64(round), 0)).Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list
}

// authorizer and floor are the two that all others are compared with.
func (b *bench) authorizer() *contestant { return b.contestants[0] }
func (b *bench) floor() *contestant      { return b.contestants[1] }
