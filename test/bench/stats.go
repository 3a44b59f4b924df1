package main

import (
	"math"
	"slices"
)

// spread is how one figure is distributed over the rounds of a run.
type spread struct {
	Median float64 `json:"median"`
	Q1     float64 `json:"q1"`
	Q3     float64 `json:"q3"`
}

// spreadOf returns the median and the quartiles; of no values all are zero.
func spreadOf(values []float64) spread {
	sorted := slices.Sorted(slices.Values(values))
	return spread{quantile(sorted, 0.5), quantile(sorted, 0.25), quantile(sorted, 0.75)}
}

// quantile returns the value below which the fraction q of the sorted values lies, with
// linear interpolation between neighbours (definition 7 of Hyndman and Fan, "Sample
// Quantiles in Statistical Packages", 1996); 0 of no values.
func quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	place := q * float64(len(sorted)-1)
	below := int(math.Floor(place))
	above := min(below+1, len(sorted)-1)
	return sorted[below] + (place-float64(below))*(sorted[above]-sorted[below])
}

// ratios divides round by round: a round in which the machine was slow was slow for both.
func ratios(values, base []float64) []float64 {
	n := min(len(values), len(base))
	quotients := make([]float64, n)
	for i := range n {
		quotients[i] = values[i] / base[i]
	}
	return quotients
}

// line is a straight line through measured points.
type line struct {
	Start float64 `json:"start"` // at x = 0
	Slope float64 `json:"slope"` // per unit of x
}

// fit returns the line of least squares through the points; it needs two different x.
func fit(x, y []float64) line {
	n := float64(len(x))
	var sumX, sumY, sumXX, sumXY float64
	for i := range x {
		sumX += x[i]
		sumY += y[i]
		sumXX += x[i] * x[i]
		sumXY += x[i] * y[i]
	}
	slope := (n*sumXY - sumX*sumY) / (n*sumXX - sumX*sumX)
	return line{Start: (sumY - slope*sumX) / n, Slope: slope}
}
