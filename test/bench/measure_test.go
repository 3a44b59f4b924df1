package main

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"accountapi/test/issuer"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"
)

func TestReadRatiosOfTheAuthorizersBenchmark(t *testing.T) {
	output := `goos: linux
BenchmarkVerify/RS256-2         	    5826	    102035 ns/op	  11.66 MB/s	     59521 verify-ns/op	         1.210 x-raw
BenchmarkVerify/PS256-2         	    5013	     99035 ns/op	  12.66 MB/s	     61521 verify-ns/op	         1.180 x-raw
BenchmarkVerify/ES256-2         	    4000	     91035 ns/op	   9.66 MB/s	    109521 verify-ns/op	         1.080 x-raw
BenchmarkVerify/EdDSA-2         	    4000	     91035 ns/op	   9.66 MB/s	     99521 verify-ns/op	         1.100 x-raw
BenchmarkVerify/RS256-2         	    5826	    102035 ns/op	  11.66 MB/s	     59521 verify-ns/op	         1.220 x-raw
PASS
`
	got, err := readRatios([]byte(output))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]float64{"RS256": {1.21, 1.22}, "PS256": {1.18}, "ES256": {1.08}, "EdDSA": {1.10}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if _, err := readRatios([]byte("PASS\n")); err == nil || !strings.Contains(err.Error(), "RS256") {
		t.Errorf("without the benchmark's lines the error is %v", err)
	}
}

func TestEveryLibraryVerifiesAndRefuses(t *testing.T) {
	i, err := issuer.New(issuer.Config{URL: "https://tenant.example/", Algorithms: algorithmNames})
	if err != nil {
		t.Fatal(err)
	}
	for _, algorithm := range algorithmNames {
		verifiers, err := libraryVerifiers(t.Context(), i, algorithm)
		if err != nil {
			t.Fatal(err)
		}
		good := typical(i, 0, issuer.Algorithm(algorithm))
		raw, err := rawVerifier(i, algorithm, good)
		if err != nil {
			t.Fatal(err)
		}
		if err := raw(good); err != nil {
			t.Errorf("%s: raw: %v", algorithm, err)
		}
		for _, v := range verifiers {
			if err := v.verify(good); err != nil {
				t.Errorf("%s: %s refuses a good token: %v", algorithm, v.name, err)
			}
			if err := v.verify(typical(i, 0, issuer.Algorithm(algorithm), issuer.WrongKey)); err == nil {
				t.Errorf("%s: %s accepts the signature of another key", algorithm, v.name)
			}
		}
	}
}

func TestEveryoneRunsAfterEveryoneElse(t *testing.T) {
	const rounds = 1000
	list := []int{0, 1, 2, 3, 4}
	after := map[[2]int]int{}
	for round := range rounds {
		order := shuffled(round, list)
		for i := range order[1:] {
			after[[2]int{order[i], order[i+1]}]++
		}
		if diff := cmp.Diff(list, slices.Sorted(slices.Values(order))); diff != "" {
			t.Fatalf("round %d (-want +got)\n%s", round, diff)
		}
	}
	for pair, times := range after { // each of 20 pairs is 4 of 20 neighbours in a round
		if share := float64(times) / rounds; math.Abs(share-0.2) > 0.05 {
			t.Errorf("in %.0f %% of the rounds %d runs after %d, want 20 %%", 100*share, pair[1], pair[0])
		}
	}
	if len(after) != len(list)*(len(list)-1) {
		t.Errorf("%d pairs of neighbours, want %d", len(after), len(list)*(len(list)-1))
	}
}

func TestTokensHaveTheSizeThatIsAskedFor(t *testing.T) {
	i, err := issuer.New(issuer.Config{URL: "http://127.0.0.1:12345/"})
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{512, 1024, 4096, 8192} {
		for caller := range 3 {
			if token := tokenOfSize(i, caller, size); len(token) > size && size > 512 || len(token) < size-8 {
				t.Errorf("a token of %d bytes, want %d", len(token), size)
			}
		}
	}
	if size := len(typical(i, 0)); size < 900 || size > 1100 {
		t.Errorf("a typical token has %d bytes, want about 1 KB", size)
	}
}

func TestMadeUpKeysAreKeys(t *testing.T) {
	i, err := issuer.New(issuer.Config{URL: "http://127.0.0.1:12345/"})
	if err != nil {
		t.Fatal(err)
	}
	document, err := withMadeUpKeys(i.JWKS(), 15)
	if err != nil {
		t.Fatal(err)
	}
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(document, &set); err != nil {
		t.Fatal(err)
	}
	if len(set.Keys) != 16 || set.Keys[0].KeyID != i.KeyID() {
		t.Errorf("the set has %d keys, the first is %s", len(set.Keys), set.Keys[0].KeyID)
	}
	for _, key := range set.Keys {
		if !key.Valid() {
			t.Errorf("%s is no valid key", key.KeyID)
		}
	}
}

func TestRecommendedMemorySize(t *testing.T) {
	var sizes []memoryRow
	for _, mb := range []int{128, 256, 512, 1024, 1769} {
		sizes = append(sizes, memoryRow{MB: mb, CPUs: float64(mb) / fullCPU})
	}
	for name, test := range map[string]struct {
		firstCPUMs float64
		want       int
	}{
		"is the smallest if a call fits into 1.4 ms of 20":     {0.9, 128},
		"is the next if it does not":                           {1.5, 256},
		"is a whole CPU if a call takes longer than any share": {50, 1769},
	} {
		t.Run(name, func(t *testing.T) {
			if got := recommend(sizes, test.firstCPUMs); got != test.want {
				t.Errorf("got %d MB, want %d", got, test.want)
			}
		})
	}
}

func TestAnInvocationIsBilledByTheMillisecond(t *testing.T) {
	for _, test := range []struct {
		mb             int
		ms, perMillion float64
	}{
		{1024, 0.2, 0.2133334}, // 1 GB for 1 ms, a million times, is 1,000 GB-seconds
		{1024, 1.0, 0.2133334},
		{1024, 1.1, 0.2266668},
		{128, 0.4, 0.2016667},
	} {
		if got := 1e6 * invocationPrice(test.mb, test.ms); math.Abs(got-test.perMillion) > 1e-6 {
			t.Errorf("%d MB for %g ms: %.7f $ per million, want %.7f", test.mb, test.ms, got, test.perMillion)
		}
	}
}

var testLoad = load{
	callers: 1000, resultTTL: 300 * time.Second, warm: time.Millisecond, start: 50 * time.Millisecond,
	idle: 10 * time.Minute, keyTTL: 5 * time.Minute, memoryMB: 128, logBytes: 800,
}

func TestTheFormulaHoldsInTheSimulation(t *testing.T) {
	for _, rate := range []float64{1, 10, 100} {
		row, s := testLoad.formula(rate), testLoad.simulate(rate, 2*time.Hour, rand.New(rand.NewPCG(1, 2)))
		if math.Abs(row.Hits-s.hits) > modelTolerance {
			t.Errorf("at %g requests per second: %.3f hits by the formula, %.3f simulated", rate, row.Hits, s.hits)
		}
		if s.environments < 1 || s.busy > 10*row.Busy+0.01 {
			t.Errorf("at %g requests per second: %d environments, %.4f busy, %.4f by the formula", rate, s.environments, s.busy, row.Busy)
		}
	}
}

func TestTheModelAtItsEdges(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	off := testLoad
	off.resultTTL = 0
	if row, s := off.formula(100), off.simulate(100, time.Minute, random); row.Hits != 0 || s.hits != 0 {
		t.Errorf("without a result cache %.3f hits by the formula, %.3f simulated", row.Hits, s.hits)
	}
	one := testLoad
	one.callers = 1
	if row := one.formula(10); math.Abs(row.Invocations-1/300.1) > 1e-6 {
		t.Errorf("a single busy caller costs %.6f invocations per second, want one every 300.1 s", row.Invocations)
	}
	busy := testLoad
	busy.warm, busy.resultTTL = time.Second, 0
	if s := busy.simulate(50, time.Minute, random); math.Abs(s.busy-50) > 5 || s.environments < 50 {
		t.Errorf("50 calls of a second each per second keep %.1f of %d environments busy, want about 50", s.busy, s.environments)
	}
}
