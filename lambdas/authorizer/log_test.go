package main

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"accountapi/lambdas/internal/tokentest"
)

func TestDecisionLineSaysWhatWasDecidedAndWhy(t *testing.T) {
	type members = map[string]any
	const hint = "iss and TOKEN_ISSUER differ only in the trailing slash: TOKEN_ISSUER is https://tenant.example/"
	const httpHint = "iss has http where TOKEN_ISSUER has https: TOKEN_ISSUER is https://tenant.example/"
	noSlash, plainHTTP := "https://tenant.example", "http://tenant.example/"
	bed := newBed(t, keySet(key1().JWK()))
	for name, test := range map[string]struct {
		authorization string
		want          members
	}{
		"allowed": {bearerOf(), members{
			"level": "INFO", "msg": "decision", "decision": "allow", "reason": "ok",
			"kid": "key-1", "issuer": testIssuer, "subject": "auth0|42",
		}},
		"refused by its claims": {bearerOf(claim("exp", 1)), members{
			"decision": "refuse", "reason": "expired", "kid": "key-1", "issuer": testIssuer, "subject": nil,
		}},
		"refused by its signature": {bearerOf(by(stranger())), members{
			"decision": "refuse", "reason": "bad_signature", "kid": "key-1", "issuer": testIssuer, "subject": nil,
		}},
		"without a token": {"", members{
			"decision": "refuse", "reason": "missing_token", "kid": nil, "issuer": nil, "subject": nil,
		}},
		"a missing slash": {bearerOf(claim("iss", noSlash)), members{"reason": "issuer", "hint": hint}},
		"http for https":  {bearerOf(claim("iss", plainHTTP)), members{"reason": "issuer", "hint": httpHint}},
		"another issuer": {bearerOf(claim("iss", "https://other.example/")), members{
			"reason": "issuer", "issuer": "https://other.example/", "hint": nil,
		}},
		"a very long issuer": {bearerOf(claim("iss", strings.Repeat("é", 300))), members{
			"reason": "issuer", "issuer": strings.Repeat("é", 128) + "…",
		}},
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
			if _, err := time.Parse(time.RFC3339Nano, line["time"].(string)); err != nil {
				t.Error(err)
			}
		})
	}
}

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

	decision := []string{"Decisions", "Duration", "ColdStart"}
	withAge := append(slices.Clone(decision), "KeySetAge")
	withFetch := append(slices.Clone(withAge), "Fetches", "FetchFailures", "FetchDuration")
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

func TestFetchOfTheKeySetIsLogged(t *testing.T) {
	bed := newBed(t, keySet(key1().JWK(), key2().JWK(tokentest.Members{"d": "AQAB"})))
	var line struct {
		Level, Msg string
		Kept       []string
		Dropped    []struct{ Kid, Why string }
		Duration   float64 `json:"duration_ms"`
	}
	if err := json.Unmarshal([]byte(bed.lines.take()), &line); err != nil {
		t.Fatal(err)
	}
	if line.Level != "WARN" || line.Msg != "key set" || !slices.Equal(line.Kept, []string{"key-1"}) ||
		len(line.Dropped) != 1 || line.Dropped[0].Kid != "key-2" || line.Duration <= 0 {
		t.Errorf("got %+v", line)
	}
}

func TestIssuerCannotFillTheLog(t *testing.T) {
	long := strings.Repeat("x", 100<<10)
	bed := newBed(t, keySet(tokentest.Members{"kid": "x", "kty": long, "alg": long}))
	if length := len(bed.lines.take()); length > 8<<10 {
		t.Errorf("%d bytes in the log", length)
	}
}

func TestOnlyErrorsThatTheRuntimeRepeatsAreNotLogged(t *testing.T) {
	for line, logged := range map[string]bool{
		`{"errorMessage":"Unauthorized","errorType":"errorString"}`:                           false,
		`{"errorMessage":"internal","errorType":"Reason"}`:                                    false,
		`{"errorMessage":"jwks_unavailable","errorType":"Reason"}`:                            false,
		`{"errorMessage":"kid_unproven","errorType":"Reason"}`:                                false,
		`{"errorMessage":"internal","errorType":"Reason","stackTrace":[]}`:                    true,
		`{"errorMessage":"runtime error: index out of range","errorType":"boundsError"}`:      true,
		`{"errorMessage":"unexpected end of JSON input","errorType":"SyntaxError"}`:           true,
		`runtime API client failed to close the response body`:                                true,
		`a line that holds {"errorMessage":"Unauthorized","errorType":"errorString"}`:         true,
		"{\"errorMessage\":\"Unauthorized\",\"errorType\":\"errorString\"}\nand another line": true,
	} {
		out := &syncBuffer{}
		if n, err := (runtimeLog{out}).Write([]byte(line + "\n")); n != len(line)+1 || err != nil {
			t.Errorf("wrote %d, %v", n, err)
		}
		if got := out.take() != ""; got != logged {
			t.Errorf("%q: logged %v, want %v", line, got, logged)
		}
	}
}
