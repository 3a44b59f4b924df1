package main

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

var testLoad = load{
	callers: 1000, resultTTL: 300 * time.Second, warm: time.Millisecond,
	idle: 10 * time.Minute, keyTTL: 5 * time.Minute, memoryMB: 128, logBytes: 800,
}

func TestTheFormulasAgreeWithASimulation(t *testing.T) {
	slow := testLoad
	slow.warm, slow.resultTTL = time.Second, 0
	for name, test := range map[string]struct {
		load
		rate   float64
		length time.Duration
	}{
		"1 request per second":                    {testLoad, 1, 200 * time.Hour},
		"10 requests per second":                  {testLoad, 10, 20 * time.Hour},
		"100 requests per second":                 {testLoad, 100, 5 * time.Hour},
		"invocations of a second without a cache": {slow, 5, 5 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			row := test.load.at(test.rate)
			hits, environments := test.simulate(test.rate, test.length, rand.New(rand.NewPCG(1, 2)))
			if math.Abs(row.Hits-hits) > 0.01 {
				t.Errorf("%.3f hits by the formula, %.3f simulated", row.Hits, hits)
			}
			if math.Abs(row.Environments-environments) > 0.1*environments {
				t.Errorf("%.2f environments by the formula, %.2f simulated", row.Environments, environments)
			}
		})
	}
}

func TestASingleCallerIsCachedForTheWholeTTL(t *testing.T) {
	one := testLoad
	one.callers = 1
	if row := one.at(10); math.Abs(row.Invocations-1/300.1) > 1e-6 {
		t.Errorf("%.6f invocations per second, want one every 300.1 s", row.Invocations)
	}
}

// simulate generates requests one by one, with API Gateway's cache, which keeps an answer
// from when it has it, and Lambda's environments, of which the one used last is taken
// first. It returns the fraction of hits and the mean number of environments.
func (l load) simulate(rate float64, length time.Duration, random *rand.Rand) (hits, environments float64) {
	ttl, idle, warm := l.resultTTL.Seconds(), l.idle.Seconds(), l.warm.Seconds()
	begin := 2 * max(ttl, idle) // before that it is no steady state
	cachedFrom := make([]float64, l.callers)
	for i := range cachedFrom {
		cachedFrom[i] = math.Inf(1)
	}
	var requests, cached, existed float64
	var freeAt []float64 // of each environment, in seconds; the one used last is the last
	for now, before := 0.0, 0.0; now < begin+length.Seconds(); now += random.ExpFloat64() / rate {
		for len(freeAt) > 0 && freeAt[0]+idle < now {
			freeAt = freeAt[1:]
		}
		if now >= begin {
			requests++
			existed += float64(len(freeAt)) * (now - before)
		}
		before = now
		caller := random.IntN(l.callers)
		if from := cachedFrom[caller]; from <= now && now < from+ttl {
			if now >= begin {
				cached++
			}
			continue
		}
		chosen := len(freeAt) - 1
		for chosen >= 0 && freeAt[chosen] > now {
			chosen--
		}
		if chosen >= 0 {
			freeAt = append(freeAt[:chosen], freeAt[chosen+1:]...)
		}
		freeAt = append(freeAt, now+warm)
		cachedFrom[caller] = now + warm
	}
	return cached / requests, existed / length.Seconds()
}
