package main

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"time"
)

// modelRow is one load: what a formula says of it, and what a simulation found.
type modelRow struct {
	RequestsPerSecond float64 `json:"requests_per_second"`
	Hits              float64 `json:"hits"` // fraction answered from API Gateway's result cache
	HitsSimulated     float64 `json:"hits_simulated"`
	Invocations       float64 `json:"invocations_per_second"` // of the authorizer
	Busy              float64 `json:"busy"`                   // environments, on average
	BusySimulated     float64 `json:"busy_simulated"`
	Environments      int     `json:"environments"` // that exist, at most, in the steady state of the simulation
	Fetches           float64 `json:"key_set_fetches_per_hour"`
	DollarPerMonth    float64 `json:"dollar_per_month"`         // of the authorizer: Lambda and its log
	GatewayPerMonth   float64 `json:"gateway_dollar_per_month"` // of the API itself, to compare
}

// load is what the model assumes. Callers come at random, all equally often, and keep
// their token: a token's lifetime is long beside the result TTL.
type load struct {
	callers   int
	resultTTL time.Duration
	warm      time.Duration // an invocation
	start     time.Duration // of an environment, to its first answer
	idle      time.Duration // after which AWS takes an environment away
	keyTTL    time.Duration // of the key set in an environment; with Auth0's Cache-Control it is the least there is
	memoryMB  int
	logBytes  float64 // per invocation
}

const (
	pricePerLogGB         = 0.50 // CloudWatch Logs, us-east-1, 2025
	pricePerGatewayCall   = 3.50 / 1e6
	secondsPerMonth       = 365.25 * 24 * 3600 / 12
	modelTolerance        = 0.02 // between formula and simulation, of the requests
	modelSettle           = 2    // result TTLs of simulated time before anything is counted
	simulatedRequestLimit = 20_000_000
)

// model computes cost and cache hits from 1 to 10,000 requests per second, and simulates
// the same. That the two disagree is an error: then the README would print a wrong table.
func (b *bench) model(_ context.Context, r *result) error {
	authorizer := b.authorizer().row
	l := load{
		callers: 1000, resultTTL: 300 * time.Second, keyTTL: 5 * time.Minute, idle: 10 * time.Minute,
		memoryMB: max(r.Memory.Recommended, 128),
		warm:     time.Duration(authorizer.Warm.P50Us.Median * float64(time.Microsecond)),
		start:    time.Duration(authorizer.Cold["http"].AnswerMs.Median * float64(time.Millisecond)),
		logBytes: authorizer.Warm.LogBytes,
	}
	for _, rate := range []float64{1, 10, 100, 1000, 10_000} {
		row := l.formula(rate)
		s := l.simulate(rate, b.plan.modelTime, rand.New(rand.NewPCG(1, uint64(rate))))
		row.HitsSimulated, row.BusySimulated, row.Environments = s.hits, s.busy, s.environments
		row.Fetches = float64(s.environments) * time.Hour.Seconds() / l.keyTTL.Seconds()
		if math.Abs(row.Hits-row.HitsSimulated) > modelTolerance {
			return fmt.Errorf("at %g requests per second the formula has %.3f hits, the simulation %.3f", rate, row.Hits, row.HitsSimulated)
		}
		r.Model = append(r.Model, row)
	}
	return nil
}

// formula is the steady state. A caller who comes r times per second misses once and then
// hits for the rest of the TTL, r × TTL times on average: of 1 + r × TTL requests one
// misses. By Little's law, rate times duration are busy at a time.
func (l load) formula(rate float64) modelRow {
	perTTL := rate / float64(l.callers) * l.resultTTL.Seconds()
	row := modelRow{RequestsPerSecond: rate, Hits: perTTL / (1 + perTTL)}
	row.Invocations = rate * (1 - row.Hits)
	row.Busy = row.Invocations * l.warm.Seconds()
	perInvocation := invocationPrice(l.memoryMB, milliseconds(l.warm)) + l.logBytes/1e9*pricePerLogGB
	row.DollarPerMonth = row.Invocations * secondsPerMonth * perInvocation
	row.GatewayPerMonth = rate * secondsPerMonth * pricePerGatewayCall
	return row
}

type simulated struct {
	hits, busy   float64
	environments int
}

// environment is one process of the simulated authorizer.
type environment struct {
	freeAt float64 // seconds
}

// simulate plays requests one by one: API Gateway's cache, which keeps an answer from the
// moment it has it, and Lambda's environments, of which the latest used is taken first.
func (l load) simulate(rate float64, length time.Duration, random *rand.Rand) (s simulated) {
	seconds := min(length.Seconds(), simulatedRequestLimit/rate)
	settled := modelSettle * l.resultTTL.Seconds()
	cachedFrom := make([]float64, l.callers)
	for i := range cachedFrom {
		cachedFrom[i] = math.Inf(1)
	}
	ttl := l.resultTTL.Seconds()
	var requests, hits, worked float64
	var environments []environment
	for now := 0.0; now < settled+seconds; now += random.ExpFloat64() / rate {
		counts := now >= settled
		caller := random.IntN(l.callers)
		if counts {
			requests++
		}
		if from := cachedFrom[caller]; from <= now && now < from+ttl {
			if counts {
				hits++
			}
			continue
		}
		for len(environments) > 0 && environments[0].freeAt+l.idle.Seconds() < now {
			environments = environments[1:]
		}
		took := l.warm.Seconds()
		chosen := len(environments) - 1
		for chosen >= 0 && environments[chosen].freeAt > now {
			chosen--
		}
		if chosen < 0 {
			took = l.start.Seconds()
		} else {
			environments = append(environments[:chosen], environments[chosen+1:]...)
		}
		environments = append(environments, environment{now + took})
		cachedFrom[caller] = now + took
		if counts {
			worked += took
			s.environments = max(s.environments, len(environments))
		}
	}
	s.hits, s.busy = hits/requests, worked/seconds
	return s
}
