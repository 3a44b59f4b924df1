package main

import (
	"math"
	"slices"
)

// spread is how one figure is distributed over the rounds of a run.
type spread struct{ Median, Q1, Q3 float64 }

// spreadOf returns the median and the quartiles of at least one value.
func spreadOf(values []float64) spread {
	sorted := slices.Sorted(slices.Values(values))
	return spread{quantile(sorted, 0.5), quantile(sorted, 0.25), quantile(sorted, 0.75)}
}

// quantile returns the value below which the fraction q of the sorted values lies, with
// linear interpolation between neighbours (definition 7 of Hyndman and Fan, "Sample
// Quantiles in Statistical Packages", 1996).
func quantile(sorted []float64, q float64) float64 {
	place := q * float64(len(sorted)-1)
	below := int(math.Floor(place))
	above := min(below+1, len(sorted)-1)
	return sorted[below] + (place-float64(below))*(sorted[above]-sorted[below])
}

// ratios divides round by round: in a slow round the machine was slow for both.
func ratios(values, base []float64) []float64 {
	quotients := make([]float64, len(values))
	for i := range values {
		quotients[i] = values[i] / base[i]
	}
	return quotients
}
