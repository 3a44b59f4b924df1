package main

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// sample has all that a report must show: contestants that were measured, left out or
// wrong, and figures that only Linux has.
func sample() *result {
	return &result{
		Machine: machine{System: "linux/amd64", Cores: 2, Go: "go1.26.8"},
		Took:    6 * time.Minute,
		Contestants: []*row{
			{Name: "this authorizer", Kind: ours, ZippedBytes: 2_726_298,
				Cold: []cold{{AnswerMs: spread{21, 20, 23}}, {}, {},
					{AnswerMs: spread{81, 80, 83}, FirstMs: spread{0.56, 0.5, 0.6}}},
				Warm:  warm{P50Us: 281, P50Ratio: spread{1.1, 1.08, 1.12}, PeakMemoryMB: 12.4},
				Storm: storm{Fetches: 1, NewKey: refuse, NewKeyLater: allow}},
			{Name: "floor", Kind: reference},
			{Name: "keyfunc + golang-jwt", Version: "v3.7.0 + v5.3.1", Kind: peer, Wrong: []string{"expired: allow"},
				Storm: storm{Allowed: 3, Unchecked: 4, NewKey: refuse, NewKeyLater: refuse}},
			{Name: "jose", Kind: peer, Skipped: "Node.js is not installed"},
		},
		Algorithms: []algorithmRow{
			{Algorithm: "RS256", RawUs: 40, Ratios: map[string]spread{"this authorizer": {1.2, 1.1, 1.3}}},
		},
		Memory: memoryResult{Skipped: "this system has no cgroups"},
		Model:  []modelRow{{RequestsPerSecond: 10, Hits: 0.75, Environments: 1.85, Fetches: 22.2}},
	}
}

func TestTheReportsHaveEveryFigure(t *testing.T) {
	r := sample()
	for name, report := range map[string]string{"terminal": r.text(), "README": r.markdown()} {
		for _, want := range []string{
			"281",                              // the time of a warm call
			"1.10 ± 0.02",                      // a ratio with its spread
			"21.0 ± 1.50",                      // a cold start
			"81.0 ± 1.50",                      // another, with round trips
			"0.56",                             // the first invocation of that
			"12.4",                             // the peak memory, as in the chart
			"2.73",                             // the deployment package
			"keyfunc 3.7.0 + golang-jwt 5.3.1", // the versions of the libraries
			"3 tokens let in",                  // in the storm
			"4 answered with 503",              // in the storm
			"11 s later",                       // when a new key was accepted
			"expired: allow",                   // a wrong verdict
			"jose was left out: Node.js is not installed",
			"1.20 ± 0.10", // verification alone
			"Left out: this system has no cgroups",
			"75.00 %", // cache hits
			"≤ 22",    // fetches of the key set
			"Measured in 6m0s on ",
		} {
			if !strings.Contains(report, want) {
				t.Errorf("the report for the %s does not have %q:\n%s", name, want, report)
			}
		}
	}
}

func TestUpdateReplacesTheTablesOfTheReadmeAndTheChart(t *testing.T) {
	folder := t.TempDir()
	readme := filepath.Join(folder, "README.md")
	write := func(text string) {
		if err := os.WriteFile(readme, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	write("# Title\n" + readmeBegin + "of yesterday\n" + readmeEnd + "the rest\n")
	for range 2 { // the second time it replaces what it has written
		if err := sample().update(folder); err != nil {
			t.Fatal(err)
		}
	}
	got := read("README.md")
	if !strings.HasPrefix(got, "# Title\n"+readmeBegin) || !strings.HasSuffix(got, readmeEnd+"the rest\n") ||
		strings.Contains(got, "yesterday") || strings.Count(got, "**Side by side**") != 1 {
		t.Errorf("README.md is now\n%s", got)
	}

	chart := read("result.svg")
	for decoder := xml.NewDecoder(strings.NewReader(chart)); ; {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("result.svg: %v", err)
		}
	}
	for _, want := range []string{"this authorizer", "1.10", "12.4", "sans-serif", "not measured"} {
		if !strings.Contains(chart, want) {
			t.Errorf("result.svg does not show %q", want)
		}
	}

	write("# Title\n")
	if err := sample().update(folder); err == nil || !strings.Contains(err.Error(), strings.TrimSpace(readmeEnd)) {
		t.Errorf("without a place for the tables the error is %v", err)
	}
}
