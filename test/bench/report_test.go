package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// sample has everything that a report must be able to show: measured, left out, wrong, and
// without the figures that only Linux has.
func sample() *result {
	return &result{
		Machine: machine{System: "linux/amd64", Cores: 2, Go: "go1.26.8"},
		Took:    "6m0s",
		Contestants: []*row{
			{Name: "this authorizer", Kind: ours, ZippedBytes: 2_726_298,
				Cold:  map[string]cold{"https": {AnswerMs: spread{21, 20, 23}}},
				Warm:  warm{P50Us: spread{281, 280, 282}, P50Ratio: spread{1.1, 1.08, 1.12}, PerSecond: spread{3000, 2900, 3100}, PeakMemoryMB: 12.4},
				Storm: storm{Tokens: 200, Fetches: 1, NewKey: refuse, NewKeyLater: allow}},
			{Name: "floor", Kind: reference},
			{Name: "keyfunc + golang-jwt", Version: "v3.7.0 + v5.3.1", Kind: peer, Wrong: []string{"expired: allow"},
				Storm: storm{Tokens: 200, Fetches: 0, Wrong: 3, NewKey: refuse, NewKeyLater: refuse}},
			{Name: "jose", Kind: peer, Skipped: "Node.js is not installed"},
		},
		Algorithms: []algorithmRow{{Algorithm: "RS256", RawUs: 40, Ratios: map[string]spread{authorizerVerifier: {1.2, 1.1, 1.3}}}},
		Memory:     memoryResult{Skipped: "this system has no cgroups"},
		Growth:     growthResult{Keys: growthTable{Unit: "key", P50Line: line{300, 0.25}}},
		Model:      []modelRow{{RequestsPerSecond: 10, Hits: 0.75, HitsSimulated: 0.7512, Environments: 2}},
	}
}

func TestReportsSayWhatWasFound(t *testing.T) {
	r := sample()
	for name, report := range map[string]string{"terminal": r.text(), "README": r.markdown()} {
		for _, want := range []string{
			"1.10 ± 0.02",                      // a ratio with its spread
			"12.4",                             // the same peak memory as in the chart
			"keyfunc 3.7.0 + golang-jwt 5.3.1", // what exactly was measured
			"3 of 200",                         // tokens of the storm that got through
			"a second later",                   // a new key was accepted
			"jose was left out: Node.js is not installed", // with the reason
			"Left out: this system has no cgroups",
			"75.12 %",
			"+0.25 µs",
		} {
			if !strings.Contains(report, want) {
				t.Errorf("the %s does not say %q:\n%s", name, want, report)
			}
		}
	}
	if !strings.Contains(r.text(), "expired: allow") {
		t.Errorf("a wrong verdict is not shown:\n%s", r.text())
	}
}

func TestASlopeWithinTheNoiseIsCalledFlat(t *testing.T) {
	rows := func(spread float64) []growthRow {
		at := func(size, us float64) growthRow { return growthRow{Size: size, P50Us: spreadAround(us, spread)} }
		return []growthRow{at(1, 300), at(2, 310), at(4, 330)}
	}
	for name, test := range map[string]struct {
		spread float64
		flat   bool
	}{
		"rounds that differ by less than the table rises": {20, false},
		"rounds that differ by more":                      {40, true},
	} {
		t.Run(name, func(t *testing.T) {
			table := growthTable{Unit: "key", Rows: rows(test.spread)}
			table.fit()
			got := table.slopes()
			if !strings.HasPrefix(got, "+10.00 µs") || strings.Contains(got, "flat") != test.flat {
				t.Errorf("got %q", got)
			}
		})
	}
}

func spreadAround(median, half float64) spread { return spread{median, median - half, median + half} }

func TestFilesAreReadable(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "new")
	if err := sample().write(folder, "bench"); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(folder, "bench.json"))
	if err != nil {
		t.Fatal(err)
	}
	var back result
	if err := json.Unmarshal(text, &back); err != nil || back.Contestants[0].Warm.P50Us.Median != 281 {
		t.Errorf("bench.json: %v\n%s", err, text)
	}
	chart, err := os.ReadFile(filepath.Join(folder, "bench.svg"))
	if err != nil {
		t.Fatal(err)
	}
	decoder := xml.NewDecoder(bytes.NewReader(chart))
	for {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("bench.svg: %v", err)
		}
	}
	for _, want := range []string{"this authorizer", "1.10", "12.4", "sans-serif", "not measured"} {
		if !bytes.Contains(chart, []byte(want)) {
			t.Errorf("bench.svg does not show %q", want)
		}
	}
	if bytes.Contains(chart, []byte("jose")) {
		t.Error("bench.svg shows who was left out")
	}
}

func TestUpdateOfTheReadme(t *testing.T) {
	readme := filepath.Join(t.TempDir(), "README.md")
	write := func(text string) {
		if err := os.WriteFile(readme, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("# Title\n" + readmeBegin + "of yesterday\n" + readmeEnd + "the rest\n")
	for range 2 { // the second time it finds what it wrote
		if err := sample().updateReadme(readme); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	got := string(text)
	if !strings.HasPrefix(got, "# Title\n"+readmeBegin) || !strings.HasSuffix(got, readmeEnd+"the rest\n") ||
		strings.Contains(got, "yesterday") || strings.Count(got, "**Side by side**") != 1 {
		t.Errorf("the README has become\n%s", got)
	}

	write("# Title\n")
	if err := sample().updateReadme(readme); err == nil || !strings.Contains(err.Error(), strings.TrimSpace(readmeEnd)) {
		t.Errorf("without a place for the tables the error is %v", err)
	}
}
