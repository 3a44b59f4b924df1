package main

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"testing"
	"time"

	"accountapi/lambdas/internal/jwks"
	"accountapi/lambdas/internal/jwt"

	"github.com/google/go-cmp/cmp"
)

// CloudWatch takes a line's metrics only if every metric and dimension it declares is a
// member of the line.
func TestDecisionLineIsInEmbeddedMetricFormat(t *testing.T) {
	type members = map[string]any
	bed := newBed(t, keySet(key1().JWK()), "METRICS_NAMESPACE=Things")
	first := bed.lineOf(t, bearerOf())
	second := bed.lineOf(t, bearerOf())
	bed.Answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) })
	failed := bed.lineOf(t, bearerOf(by(key2())))
	refused := bed.lineOf(t, bearerOf(claim("aud", "https://other.example")))
	bed.start(t, "METRICS_NAMESPACE=Things") // without the fetch of init
	keyless := bed.lineOf(t, "")

	decision := []string{"Decisions Count", "Duration Milliseconds", "ColdStart Count"}
	withAge := append(slices.Clone(decision), "KeySetAge Seconds")
	withFetch := append(slices.Clone(withAge), "Fetches Count", "FetchFailures Count", "FetchDuration Milliseconds")
	for name, test := range map[string]struct {
		line    members
		metrics []string
		values  members
	}{
		"the first has init's fetch": {first, withFetch, members{
			"ColdStart": 1., "Fetches": 1., "FetchFailures": 0., "KeySetAge": 0.,
		}},
		"the next has no fetch":             {second, withAge, members{"ColdStart": 0., "Decisions": 1.}},
		"a failed fetch counts":             {failed, withFetch, members{"Fetches": 1., "FetchFailures": 1.}},
		"a token that did not ask the keys": {refused, decision, nil},
		"without keys there is no age":      {keyless, decision, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var aws struct {
				Timestamp         int64
				CloudWatchMetrics []struct {
					Namespace  string
					Dimensions [][]string
					Metrics    []struct{ Name, Unit string }
				}
			}
			text, _ := json.Marshal(test.line["_aws"])
			if err := json.Unmarshal(text, &aws); err != nil || aws.Timestamp == 0 {
				t.Fatalf("no embedded metrics: %v %s", err, text)
			}
			// One metric by reason as well; each combination costs.
			var dimensions [][][]string
			for _, directive := range aws.CloudWatchMetrics {
				dimensions = append(dimensions, directive.Dimensions)
			}
			perFunction, perReason := []string{"FunctionName"}, []string{"FunctionName", "reason"}
			if diff := cmp.Diff([][][]string{{perFunction, perReason}, {perFunction}}, dimensions); diff != "" {
				t.Error(diff)
			}
			var declared []string
			for _, directive := range aws.CloudWatchMetrics {
				if directive.Namespace != "Things" {
					t.Errorf("namespace %q", directive.Namespace)
				}
				for _, dimension := range slices.Concat(directive.Dimensions...) {
					if _, ok := test.line[dimension].(string); !ok {
						t.Errorf("dimension %s is not a string in the line", dimension)
					}
				}
				for _, metric := range directive.Metrics {
					declared = append(declared, metric.Name+" "+metric.Unit)
					if _, ok := test.line[metric.Name].(float64); !ok {
						t.Errorf("metric %s is not a number in the line", metric.Name)
					}
				}
			}
			if !slices.Equal(declared, test.metrics) {
				t.Errorf("metrics %v, want %v", declared, test.metrics)
			}
			for name, want := range test.values {
				if test.line[name] != want {
					t.Errorf("%s is %v, want %v", name, test.line[name], want)
				}
			}
		})
	}
}

func TestNextDecisionLineCountsTheFetchesSinceTheLast(t *testing.T) {
	bed := newBed(t, keySet(key1().JWK()))
	bed.lineOf(t, "")
	bed.log.keySet(jwks.Fetch{Duration: 100 * time.Millisecond})
	bed.log.keySet(jwks.Fetch{Duration: 20 * time.Millisecond, Err: errors.New("status 500")})
	bed.log.keySet(jwks.Fetch{Duration: 3456 * time.Microsecond, Err: errors.New("status 500")})
	line := bed.lineOf(t, "")
	fetches, failures, duration := line["Fetches"], line["FetchFailures"], line["FetchDuration"]
	if fetches != 3. || failures != 2. || duration != 123.456 {
		t.Errorf("got %v, %v, %v; want 3 fetches, 2 failures, 123.456 ms", fetches, failures, duration)
	}
	if line := bed.lineOf(t, ""); line["Fetches"] != nil {
		t.Errorf("%v fetches, want none after they have been reported", line["Fetches"])
	}
}

func TestDecisionLineSaysWhenTheInvocationBeganAndHowLongItTook(t *testing.T) {
	out := &syncBuffer{}
	entry := newDecisionLog(out, "authorizer", "Authorizer", testIssuer).begin(t.Context())
	if age := time.Since(entry.start); age < 0 || age > time.Minute {
		t.Errorf("it began %v ago", age)
	}
	entry.start = time.Now().Add(-1500 * time.Millisecond)
	entry.seen.KeysAsked, entry.seen.KeySetAge = true, 90*time.Second
	entry.write("allow", jwt.OK, nil)
	var line struct {
		FunctionName        string
		Duration, KeySetAge float64
		AWS                 struct{ Timestamp int64 } `json:"_aws"`
	}
	if err := json.Unmarshal([]byte(out.take()), &line); err != nil {
		t.Fatal(err)
	}
	if line.FunctionName != "authorizer" || line.Duration < 1500 || line.Duration > 60_000 || line.KeySetAge != 90 ||
		line.AWS.Timestamp != entry.start.UnixMilli() {
		t.Errorf("got %+v, want 1,500 ms that began at %d, and keys of 90 s", line, entry.start.UnixMilli())
	}
}
