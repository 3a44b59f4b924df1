package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSpreadIsMedianAndQuartiles(t *testing.T) {
	for name, test := range map[string]struct {
		values []float64
		want   spread
	}{
		"one value":      {[]float64{7}, spread{7, 7, 7}},
		"in any order":   {[]float64{5, 1, 3, 2, 4}, spread{3, 2, 4}},
		"between values": {[]float64{1, 2, 3, 4}, spread{2.5, 1.75, 3.25}},
		"an outlier":     {[]float64{1, 2, 3, 4, 1000}, spread{3, 2, 4}},
		"equal values":   {[]float64{2, 2, 2}, spread{2, 2, 2}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, spreadOf(test.values)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestQuantilesOf0To100(t *testing.T) {
	var sorted []float64
	for i := range 101 {
		sorted = append(sorted, float64(i))
	}
	for q, want := range map[float64]float64{0: 0, 0.5: 50, 0.99: 99, 1: 100} {
		if got := quantile(sorted, q); got != want {
			t.Errorf("quantile %g is %g, want %g", q, got, want)
		}
	}
}

func TestRatiosAreTakenWithinARound(t *testing.T) {
	// The machine was ten times slower in the second round, for both.
	got := spreadOf(ratios([]float64{12, 120, 12}, []float64{10, 100, 10}))
	if diff := cmp.Diff(spread{1.2, 1.2, 1.2}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
