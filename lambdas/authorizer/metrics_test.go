package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"accountapi/lambdas/internal/jwt"

	"github.com/google/go-cmp/cmp"
)

// CloudWatch takes a line's metrics only if every metric and dimension it declares is a
// member of the line. AWS charges for each combination of a metric and the values of its
// dimensions.
func TestLinesAreInEmbeddedMetricFormat(t *testing.T) {
	type members = map[string]any
	const (
		function  = "[FunctionName]"
		decision  = "Decisions by [FunctionName] [FunctionName reason]"
		always    = "Duration ColdStart by " + function
		keySetAge = "KeySetAge by [FunctionName jwksUri]"
		fetch     = "Fetches FetchFailures FetchDuration by [FunctionName jwksUri]"
		notHad    = "Decisions by [FunctionName] [FunctionName reason] [FunctionName reason jwksUri]"
	)
	bed := newBed(t, keySet(key1().JWK()), "METRICS_NAMESPACE=Things")
	keySetLine := lineIn(t, bed.lines.take())
	first := bed.lineOf(t, bearerOf())
	second := bed.lineOf(t, bearerOf())
	refused := bed.lineOf(t, bearerOf(claim("aud", "https://other.example")))
	bed.Answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) })
	bed.start(t, "METRICS_NAMESPACE=Things")
	bed.prefetch()
	failedLine := lineIn(t, bed.lines.take())
	keyless := bed.lineOf(t, bearerOf())
	for name, test := range map[string]struct {
		line    members
		metrics []string
		values  members
	}{
		"a fetch":             {keySetLine, []string{fetch}, members{"Fetches": 1., "FetchFailures": 0.}},
		"a fetch that failed": {failedLine, []string{fetch}, members{"Fetches": 1., "FetchFailures": 1.}},
		"the first decision": {first, []string{decision, always, keySetAge}, members{
			"ColdStart": 1., "Decisions": 1., "KeySetAge": 0.,
		}},
		"the next":                          {second, []string{decision, always, keySetAge}, members{"ColdStart": 0.}},
		"a token that did not ask the keys": {refused, []string{decision, always}, members{"jwksUri": nil}},
		"without keys":                      {keyless, []string{notHad, always}, members{"KeySetAge": nil}},
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
			var declared []string
			for _, directive := range aws.CloudWatchMetrics {
				if directive.Namespace != "Things" {
					t.Errorf("namespace %q", directive.Namespace)
				}
				var names string
				for _, metric := range directive.Metrics {
					names += metric.Name + " "
					if _, ok := test.line[metric.Name].(float64); !ok {
						t.Errorf("metric %s is not a number in the line", metric.Name)
					}
					if want := units[metric.Name]; metric.Unit != want {
						t.Errorf("the unit of %s is %s, want %s", metric.Name, metric.Unit, want)
					}
				}
				for _, dimension := range slices.Concat(directive.Dimensions...) {
					if _, ok := test.line[dimension].(string); !ok {
						t.Errorf("dimension %s is not a string in the line", dimension)
					}
				}
				dimensions := fmt.Sprint(directive.Dimensions)
				declared = append(declared, names+"by "+dimensions[1:len(dimensions)-1])
			}
			if diff := cmp.Diff(test.metrics, declared); diff != "" {
				t.Error(diff)
			}
			for name, want := range test.values {
				if test.line[name] != want {
					t.Errorf("%s is %v, want %v", name, test.line[name], want)
				}
			}
		})
	}
}

var units = map[string]string{
	"Decisions": "Count", "Duration": "Milliseconds", "ColdStart": "Count", "KeySetAge": "Seconds",
	"Fetches": "Count", "FetchFailures": "Count", "FetchDuration": "Milliseconds",
}

// lineIn returns the only line of a log.
func lineIn(t *testing.T, text string) (line map[string]any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &line); err != nil {
		t.Fatalf("not one line of JSON: %v\n%s", err, text)
	}
	return line
}

func TestDecisionLineSaysWhenTheInvocationBeganAndHowLongItTook(t *testing.T) {
	out := &syncBuffer{}
	entry := newDecisionLog(out, "authorizer", "Authorizer").begin(t.Context())
	if age := time.Since(entry.start); age < 0 || age > time.Minute {
		t.Errorf("it began %v ago", age)
	}
	entry.start = time.Now().Add(-1500 * time.Millisecond)
	entry.write("allow", jwt.OK, nil)
	var line struct {
		FunctionName string
		Duration     float64
		AWS          struct{ Timestamp int64 } `json:"_aws"`
	}
	if err := json.Unmarshal([]byte(out.take()), &line); err != nil {
		t.Fatal(err)
	}
	if line.FunctionName != "authorizer" || line.Duration < 1500 || line.Duration > 60_000 ||
		line.AWS.Timestamp != entry.start.UnixMilli() {
		t.Errorf("got %+v, want 1,500 ms that began at %d", line, entry.start.UnixMilli())
	}
}
