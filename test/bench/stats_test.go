package main

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSpread(t *testing.T) {
	for name, test := range map[string]struct {
		values []float64
		want   spread
	}{
		"of nothing is nothing":              {nil, spread{}},
		"of one value is that value":         {[]float64{7}, spread{7, 7, 7}},
		"does not depend on the order":       {[]float64{5, 1, 3, 2, 4}, spread{3, 2, 4}},
		"lies between neighbours":            {[]float64{1, 2, 3, 4}, spread{2.5, 1.75, 3.25}},
		"is not moved by one slow outlier":   {[]float64{1, 2, 3, 4, 1000}, spread{3, 2, 4}},
		"is that of equal values themselves": {[]float64{2, 2, 2}, spread{2, 2, 2}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, spreadOf(test.values)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestQuantileOfOneHundredValues(t *testing.T) {
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

func TestFit(t *testing.T) {
	for name, test := range map[string]struct {
		x, y []float64
		want line
	}{
		"what does not grow has no slope":   {[]float64{1, 4, 16, 64}, []float64{9, 9, 9, 9}, line{9, 0}},
		"what grows in step has its slope":  {[]float64{0.5, 1, 4, 8}, []float64{11, 12, 18, 26}, line{10, 2}},
		"noise on both sides cancels out":   {[]float64{0, 0, 2, 2}, []float64{1, 3, 5, 7}, line{2, 2}},
		"what shrinks has a negative slope": {[]float64{1, 2}, []float64{5, 3}, line{7, -2}},
	} {
		t.Run(name, func(t *testing.T) {
			got := fit(test.x, test.y)
			if math.Abs(got.Start-test.want.Start) > 1e-9 || math.Abs(got.Slope-test.want.Slope) > 1e-9 {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}
