package main

import (
	"context"
	"math"
	"time"
)

// modelRow is what one load costs.
type modelRow struct {
	RequestsPerSecond float64
	Hits              float64 // fraction answered from API Gateway's result cache
	Invocations       float64 // of the authorizer, per second
	Environments      float64 // that exist, on average
	Fetches           float64 // of the key set, per hour, at most
	DollarPerMonth    float64 // of the authorizer: Lambda and its log
	GatewayPerMonth   float64 // $ of the API itself, to compare
}

// load is what the model assumes. Requests come at random, from all callers equally
// often, and each caller keeps its token: a token's lifetime is long compared with the
// result TTL.
type load struct {
	callers   int
	resultTTL time.Duration
	warm      time.Duration // of an invocation
	idle      time.Duration // after which Lambda removes an environment
	keyTTL    time.Duration // of the key set in an environment; 5 min is the least there is
	memoryMB  int
	logBytes  float64 // per invocation
}

// Prices in us-east-1 in 2025, in dollars (AWS CloudWatch pricing, Amazon API Gateway
// pricing).
const (
	pricePerLogGB       = 0.50
	pricePerGatewayCall = 3.50 / 1e6

	secondsPerMonth = 365.25 * 24 * 3600 / 12
)

// model computes cost and cache hits from 1 to 10,000 requests per second.
func (b *bench) model(_ context.Context, r *result) error {
	warm := b.authorizer().row.Warm
	l := load{
		callers: 1000, resultTTL: 300 * time.Second, keyTTL: 5 * time.Minute, idle: 10 * time.Minute,
		memoryMB: max(r.Memory.Recommended, 128),
		warm:     time.Duration(warm.P50Us * float64(time.Microsecond)),
		logBytes: warm.LogBytes,
	}
	for _, rate := range []float64{1, 10, 100, 1000, 10_000} {
		r.Model = append(r.Model, l.at(rate))
	}
	return nil
}

// at returns the steady state at so many requests per second. A caller with r requests
// per second misses the cache once and then hits it until the TTL is over, r × TTL times
// on average: one of 1 + r × TTL requests misses.
func (l load) at(rate float64) modelRow {
	perTTL := rate / float64(l.callers) * l.resultTTL.Seconds()
	row := modelRow{RequestsPerSecond: rate, Hits: perTTL / (1 + perTTL)}
	row.Invocations = rate * (1 - row.Hits)
	row.Environments = l.environments(row.Invocations)
	row.Fetches = row.Environments * time.Hour.Seconds() / l.keyTTL.Seconds()
	perInvocation := invocationPrice(l.memoryMB, milliseconds(l.warm)) + l.logBytes/1e9*pricePerLogGB
	row.DollarPerMonth = row.Invocations * secondsPerMonth * perInvocation
	row.GatewayPerMonth = rate * secondsPerMonth * pricePerGatewayCall
	return row
}

// environments returns how many exist on average with so many invocations per second.
// Lambda is taken to use the environment that was used last and to remove one that was
// idle for l.idle: then environment k+1 exists as long as an invocation within l.idle
// found k others busy. The number of busy ones is Poisson distributed with the mean
// invocations × duration (the queue M/G/∞).
func (l load) environments(invocations float64) (sum float64) {
	busy := invocations * l.warm.Seconds()
	exactly := math.Exp(-busy) // probability that k are busy
	atLeast := 1.0             // that k or more are
	for k := 1.0; ; k++ {
		exists := 1 - math.Exp(-invocations*l.idle.Seconds()*atLeast)
		sum += exists
		if exists < 0.001 {
			return sum
		}
		atLeast -= exactly
		exactly *= busy / k
	}
}
