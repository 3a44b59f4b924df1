package main

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/lambdacontext"
)

// lineOf returns the log line about the decision on this Authorization value.
func (b *testBed) lineOf(t *testing.T, authorization string) map[string]any {
	t.Helper()
	ctx := lambdacontext.NewContext(t.Context(), &lambdacontext.LambdaContext{AwsRequestID: "request-1"})
	b.callWith(t, ctx, authorization)
	lines := strings.Split(strings.TrimSpace(b.lines.String()), "\n")
	var line map[string]any
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &line); err != nil {
		t.Fatal(err)
	}
	return line
}

func TestOneLinePerDecisionSaysWhatWasDecidedAndWhy(t *testing.T) {
	bed := newBed(t, jwks(key1().jwk()))
	for name, test := range map[string]struct {
		authorization string
		want          map[string]any
	}{
		"allowed":            {bearerOf(), map[string]any{"decision": "allow", "reason": "ok", "kid": "key-1", "issuer": testIssuer, "subject": "auth0|42", "level": "INFO"}},
		"refused, verified":  {bearerOf(claim("exp", 1)), map[string]any{"decision": "refuse", "reason": "expired", "kid": "key-1", "issuer": testIssuer, "subject": "auth0|42"}},
		"refused, not":       {bearerOf(by(stranger())), map[string]any{"decision": "refuse", "reason": "bad_signature", "kid": "key-1", "issuer": testIssuer, "subject": nil}},
		"without a token":    {"", map[string]any{"decision": "refuse", "reason": "missing_token", "kid": nil, "issuer": nil, "subject": nil}},
		"a missing slash":    {bearerOf(claim("iss", strings.TrimSuffix(testIssuer, "/"))), map[string]any{"reason": "issuer", "hint": "iss and TOKEN_ISSUER differ only in the trailing slash: TOKEN_ISSUER is " + testIssuer}},
		"http for https":     {bearerOf(claim("iss", strings.Replace(testIssuer, "https", "http", 1))), map[string]any{"hint": "iss has http where TOKEN_ISSUER has https: TOKEN_ISSUER is " + testIssuer}},
		"another issuer":     {bearerOf(claim("iss", "https://other.example/")), map[string]any{"reason": "issuer", "issuer": "https://other.example/", "hint": nil}},
		"a very long issuer": {bearerOf(claim("iss", strings.Repeat("é", 300))), map[string]any{"reason": "issuer", "issuer": strings.Repeat("é", 128) + "…"}},
	} {
		t.Run(name, func(t *testing.T) {
			line := bed.lineOf(t, test.authorization)
			for name, want := range test.want {
				if line[name] != want {
					t.Errorf("%s is %v, want %v", name, line[name], want)
				}
			}
			if line["methodArn"] != testArn || line["requestId"] != "request-1" {
				t.Errorf("methodArn %v requestId %v", line["methodArn"], line["requestId"])
			}
		})
	}
}

// CloudWatch takes a line's metrics only if every metric and dimension it declares is a
// member of the line.
func TestTheLineIsInEmbeddedMetricFormat(t *testing.T) {
	bed := newBed(t, jwks(key1().jwk()))
	first := bed.lineOf(t, bearerOf())
	second := bed.lineOf(t, bearerOf())
	bed.answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) })
	failed := bed.lineOf(t, bearerOf(by(key2())))
	cold := &testBed{clock: &clock{}, lines: &syncBuffer{}}
	cold.start(t, "http://127.0.0.1:1/")
	keyless := cold.lineOf(t, "")

	for name, test := range map[string]struct {
		line    map[string]any
		metrics []string
		values  map[string]any
	}{
		"the first carries init's fetch": {first, []string{"Decisions", "Duration", "ColdStart", "KeySetAge", "Fetches", "FetchFailures", "FetchDuration"}, map[string]any{"ColdStart": 1., "Fetches": 1., "FetchFailures": 0., "KeySetAge": 0.}},
		"the next has no fetch":          {second, []string{"Decisions", "Duration", "ColdStart", "KeySetAge"}, map[string]any{"ColdStart": 0., "Decisions": 1.}},
		"a failed fetch counts":          {failed, []string{"Decisions", "Duration", "ColdStart", "KeySetAge", "Fetches", "FetchFailures", "FetchDuration"}, map[string]any{"Fetches": 1., "FetchFailures": 1.}},
		"without keys there is no age":   {keyless, []string{"Decisions", "Duration", "ColdStart"}, nil},
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
				if directive.Namespace != "AccountApi" {
					t.Errorf("namespace %q", directive.Namespace)
				}
				for _, dimension := range slices.Concat(directive.Dimensions...) {
					if _, ok := test.line[dimension].(string); !ok {
						t.Errorf("dimension %s is not a string in the line", dimension)
					}
				}
				for _, metric := range directive.Metrics {
					declared = append(declared, metric.Name)
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
