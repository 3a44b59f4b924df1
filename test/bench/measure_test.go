package main

import (
	"math"
	"slices"
	"strings"
	"testing"

	"accountapi/test/issuer"

	"github.com/google/go-cmp/cmp"
)

func TestTheRatiosOfTheAuthorizersBenchmarkAreRead(t *testing.T) {
	output := `goos: linux
BenchmarkVerify/RS256-2	5826	102035 ns/op	11.66 MB/s	7 verify-allocs/op	1.210 x-raw
BenchmarkVerify/PS256-2	5013	99035 ns/op	12.66 MB/s	7 verify-allocs/op	1.180 x-raw
BenchmarkVerify/ES256-2	4000	91035 ns/op	9.66 MB/s	7 verify-allocs/op	1.080 x-raw
BenchmarkVerify/EdDSA-2	4000	91035 ns/op	9.66 MB/s	7 verify-allocs/op	1.100 x-raw
BenchmarkVerify/RS256-2	5826	102035 ns/op	11.66 MB/s	7 verify-allocs/op	1.220 x-raw
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

func TestEveryLibraryAcceptsAGoodTokenAndRefusesAnotherKeysSignature(t *testing.T) {
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

func TestEachContestantRunsEquallyOftenAfterEachOther(t *testing.T) {
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

func TestATypicalTokenHasAboutOneKilobyte(t *testing.T) {
	i, err := issuer.New(issuer.Config{URL: "http://127.0.0.1:12345/"})
	if err != nil {
		t.Fatal(err)
	}
	if size := len(typical(i, 0)); size < 900 || size > 1100 {
		t.Errorf("a typical token has %d bytes, want about 1 KB", size)
	}
}

func TestTheSmallestSizeWhoseShareCoversAFirstInvocationIsRecommended(t *testing.T) {
	var sizes []memoryRow
	for _, mb := range []int{128, 256, 512, 1024, 1769} {
		sizes = append(sizes, memoryRow{MB: mb, CPUs: float64(mb) / fullCPU})
	}
	for name, test := range map[string]struct {
		firstCPUMs float64
		want       int
	}{
		"less than 1.45 ms, the share of 128 MB":   {0.9, 128},
		"more than that":                           {1.5, 256},
		"more than 20 ms, the share of a full CPU": {50, 1769},
	} {
		t.Run(name, func(t *testing.T) {
			if got := recommend(sizes, test.firstCPUMs); got != test.want {
				t.Errorf("got %d MB, want %d", got, test.want)
			}
		})
	}
}

func TestTheDurationOfAnInvocationIsRoundedUpToTheMillisecond(t *testing.T) {
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
