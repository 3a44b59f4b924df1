package main

import (
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// happening is what was measured and logged in one minute.
type happening struct {
	metrics  map[string]float64 // "NAMESPACE NAME of FUNCTION" or "NAMESPACE NAME DIMENSION=VALUE…" to a value
	platform []string           // lines that Lambda writes to the authorizer's log group
	access   []map[string]string
}

// auth0Keys is the URL of the keys in most tests, idKeys that of another issuer.
const (
	auth0Keys = "https://tenant.eu.auth0.com/.well-known/jwks.json"
	idKeys    = "https://id.example.com/realms/shop/protocol/openid-connect/certs"
)

// decided is a line of the authorizer about one token.
func decided(reason string) happening {
	return happening{metrics: map[string]float64{
		apiName + " Decisions reason=" + reason: 1, apiName + " Decisions": 1, apiName + " Duration": 2,
	}}
}

// unavailable is a line about a token that could not be checked without these keys.
func unavailable(jwksURI string) happening {
	return decided("jwks_unavailable").aws(map[string]float64{
		apiName + " Decisions jwksUri=" + jwksURI + " reason=jwks_unavailable": 1,
	})
}

// fetched adds a line about a fetch of keys, which failed or not.
func (h happening) fetched(jwksURI string, failures float64) happening {
	return h.aws(map[string]float64{
		apiName + " Fetches jwksUri=" + jwksURI:       1,
		apiName + " FetchFailures jwksUri=" + jwksURI: failures,
		apiName + " FetchDuration jwksUri=" + jwksURI: 3000,
	})
}

// aged adds the age of the keys, in seconds, to a line about a token.
func (h happening) aged(jwksURI string, age float64) happening {
	return h.aws(map[string]float64{apiName + " KeySetAge jwksUri=" + jwksURI: age})
}

// many is the same so many times within the minute.
func (h happening) many(times int) happening {
	h.metrics = maps.Clone(h.metrics)
	for name, value := range h.metrics {
		if !strings.Contains(name, "Duration") && !strings.Contains(name, "Latency") && !strings.Contains(name, "Age") {
			h.metrics[name] = value * float64(times)
		}
	}
	return h
}

// aws adds metrics that AWS itself publishes.
func (h happening) aws(metrics map[string]float64) happening {
	h.metrics = maps.Clone(h.metrics)
	if h.metrics == nil {
		h.metrics = map[string]float64{}
	}
	maps.Copy(h.metrics, metrics)
	return h
}

// logged adds a line of the access log. Every field that is not named is missing.
func (h happening) logged(fields map[string]string) happening {
	h.access = append(slices.Clone(h.access), fields)
	return h
}

// A refused token is a Lambda error of the authorizer, which answers with an error; a
// token that could not be checked is that too, and a 5xx of the gateway.
var (
	refused = map[string]float64{"AWS/Lambda Errors of Authorizer": 1, "AWS/ApiGateway 4XXError": 1}
	failed  = map[string]float64{"AWS/Lambda Errors of Authorizer": 1, "AWS/ApiGateway 5XXError": 1}
	at503   = map[string]string{"httpMethod": "GET", "status": "503", "errorType": "AUTHORIZER_CONFIGURATION_ERROR"}
)

func TestWhatRaisesAnAlarm(t *testing.T) {
	behind := functionBehindARoute(t, stage(t, "default"))
	report := func(record string) happening {
		line := `{"time":"2026-01-01T00:00:00Z","type":"platform.report","record":{"requestId":"1",` + record + `}}`
		return happening{platform: []string{line}}.aws(failed).logged(at503)
	}
	for _, test := range []struct {
		name    string
		minutes map[int]happening
		want    []string
	}{
		{"nothing happens", nil, nil},

		// What anybody can cause with any request and any token that is not signed.
		{"99 tokens of each bad kind",
			each(99, refused, "bad_signature", "alg_not_allowed", "issuer", "malformed_token", "oversize", "header"), nil},
		{"a thousand expired tokens", map[int]happening{0: decided("expired").aws(refused).many(1000)}, nil},
		{"a thousand tokens of a revoked client",
			map[int]happening{0: decided("refused_claim").aws(refused).many(1000)}, nil},
		{"a thousand tokens without a required claim",
			map[int]happening{0: decided("required_claim").aws(refused).many(1000)}, nil},
		{"a thousand tokens with too many claims for the functions",
			map[int]happening{0: decided("context_size").aws(refused).many(1000)}, nil},
		{"a thousand made-up key IDs of old tokens",
			map[int]happening{0: decided("kid_unknown").aws(refused).many(1000)}, nil},
		{"15 minutes of made-up key IDs of new tokens, and each look is slow",
			always(decided("kid_unproven").fetched(auth0Keys, 0).aged(auth0Keys, 10).aws(failed).logged(at503).many(100).
				aws(map[string]float64{"AWS/Lambda Duration of Authorizer": 6500, "AWS/ApiGateway Latency": 6700})), nil},
		{"cold starts", always(decided("expired").aws(refused).fetched(auth0Keys, 0).many(100).
			aws(map[string]float64{"AWS/ApiGateway Latency": 4000})), nil},
		{"wrong paths", always(happening{}.aws(map[string]float64{"AWS/ApiGateway 4XXError": 100}).
			logged(map[string]string{"httpMethod": "GET", "status": "403", "errorType": "MISSING_AUTHENTICATION_TOKEN"})), nil},
		{"a preflight that the mock integration cannot answer", always(happening{}.
			aws(map[string]float64{"AWS/ApiGateway 5XXError": 100}).
			logged(map[string]string{"httpMethod": "OPTIONS", "status": "500"})), nil},
		{"a public route answers with 500", always(happening{}.
			aws(map[string]float64{"AWS/ApiGateway 5XXError": 100}).
			logged(map[string]string{"httpMethod": "GET", "status": "500"})), nil},

		// Attacks.
		{"100 bad signatures in 5 minutes", map[int]happening{0: decided("bad_signature").aws(refused).many(100)},
			[]string{"Refused-bad_signature"}},
		{"100 tokens with a forbidden algorithm", map[int]happening{0: decided("alg_not_allowed").aws(refused).many(100)},
			[]string{"Refused-alg_not_allowed"}},
		{"100 tokens of another issuer", map[int]happening{0: decided("issuer").aws(refused).many(100)},
			[]string{"Refused-issuer"}},

		// Keys.
		{"one token of a new key while the issuer cannot be reached", map[int]happening{
			3: unavailable(auth0Keys).fetched(auth0Keys, 1).aws(failed).logged(at503),
		}, []string{"KeyFetchFailed", "KeysUnavailable"}},
		{"a new process without keys, between two attempts to fetch them", map[int]happening{
			3: unavailable(auth0Keys).aws(failed).logged(at503),
		}, []string{"KeysUnavailable"}},
		{"one look for a changed key that fails", map[int]happening{
			3: decided("bad_signature").fetched(auth0Keys, 1).aws(refused),
		}, []string{"KeyFetchFailed"}},
		{"one refresh that fails while the keys in memory are good", map[int]happening{
			3: decided("ok").fetched(auth0Keys, 1).aged(auth0Keys, 3700),
		}, []string{"KeyFetchFailed"}},
		{"keys that are 4 hours old", map[int]happening{3: decided("ok").aged(auth0Keys, 14400)}, []string{"KeySetOld"}},
		{"keys that are an hour old", always(decided("ok").aged(auth0Keys, 3600)), nil},

		// Failures of the authorizer.
		{"a panic", map[int]happening{3: decided("internal").aws(failed).logged(at503)}, []string{"AuthorizerFailed"}},
		{"a time-out", map[int]happening{3: report(`"metrics":{"durationMs":8000},"status":"timeout"`)},
			[]string{"AuthorizerCrashed"}},
		{"out of memory", map[int]happening{3: report(`"status":"error","errorType":"Runtime.OutOfMemory"`)},
			[]string{"AuthorizerCrashed"}},
		{"the process ends", map[int]happening{3: report(`"status":"error","errorType":"Runtime.ExitError"`)},
			[]string{"AuthorizerCrashed"}},
		{"a failure of Lambda", map[int]happening{3: report(`"status":"failure","errorType":"Sandbox.Failure"`)},
			[]string{"AuthorizerCrashed"}},
		{"a failed init", map[int]happening{3: {platform: []string{
			`{"type":"platform.initReport","record":{"phase":"init","status":"error","errorType":"Runtime.InvalidEntrypoint"}}`,
		}}}, []string{"AuthorizerCrashed"}},
		{"an init that takes too long", map[int]happening{3: {platform: []string{
			`{"type":"platform.initReport","record":{"phase":"init","status":"timeout"}}`,
		}}}, []string{"AuthorizerCrashed"}},
		// Lambda reports an invocation that answers with an error as a success. Should that
		// change, a refused token must still not be a crash.
		{"refused tokens in Lambda's reports", always(happening{platform: []string{
			`{"type":"platform.report","record":{"requestId":"1","status":"success"}}`,
			`{"type":"platform.report","record":{"requestId":"2","status":"error","errorType":"Function.Unknown"}}`,
			`{"type":"platform.report","record":{"requestId":"3","status":"error","errorType":"Runtime.Unknown"}}`,
			`{"type":"platform.initReport","record":{"phase":"init","status":"success"}}`,
			`{"msg":"decision","kid":"platform.report","issuer":"timeout","reason":"kid_unknown"}`,
		}}), nil},
		{"the authorizer takes longer than its fetches may",
			always(happening{}.aws(map[string]float64{"AWS/Lambda Duration of Authorizer": 7100})),
			[]string{"AuthorizerSlow"}},

		// Failures behind the authorizer, which only callers with a good token reach.
		{"a function fails", map[int]happening{
			3: happening{}.aws(map[string]float64{"AWS/ApiGateway 5XXError": 1, "AWS/Lambda Errors of " + behind: 1}).
				logged(map[string]string{"status": "502", "errorType": "INTEGRATION_FAILURE", "principalId": "auth0|42"}),
		}, []string{"ServerErrors"}},
		{"functions are slow", always(happening{}.aws(map[string]float64{"AWS/ApiGateway IntegrationLatency": 2100})),
			[]string{"Slow"}},
		{"an invocation too many of the authorizer",
			map[int]happening{3: happening{}.aws(map[string]float64{"AWS/Lambda Throttles of Authorizer": 1})},
			[]string{"FunctionsThrottled"}},
		{"an invocation too many of a function",
			map[int]happening{3: happening{}.aws(map[string]float64{"AWS/Lambda Throttles of " + behind: 1})},
			[]string{"FunctionsThrottled"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			// With and without an access log.
			for _, name := range []string{"default", "without logs"} {
				if got := raised(t, stage(t, name), test.minutes); !reflect.DeepEqual(got, test.want) {
					t.Errorf("stage %s: got %v, want %v", name, got, test.want)
				}
			}
		})
	}
}

// The stage has two sets of keys: one of a tenant with two issuers, one of another issuer.
func TestAlarmsSayWhoseKeysTheyAreAbout(t *testing.T) {
	tpl := stage(t, "several issuers")
	const auth0, id = "-tenant-eu-auth0-com-login-example-com", "-id-example-com-realms-shop"
	for _, test := range []struct {
		name string
		in   happening
		want []string
	}{
		{"a failed fetch of the first", decided("ok").fetched(auth0Keys, 1), []string{"KeyFetchFailed" + auth0}},
		{"a failed fetch of the second", decided("ok").fetched(idKeys, 1), []string{"KeyFetchFailed" + id}},
		{"no keys of the first", unavailable(auth0Keys).aws(failed), []string{"KeysUnavailable" + auth0}},
		{"no keys of the second", unavailable(idKeys).aws(failed), []string{"KeysUnavailable" + id}},
		{"old keys of the first", decided("ok").aged(auth0Keys, 14400).aged(idKeys, 60), []string{"KeySetOld" + auth0}},
		{"old keys of the second", decided("ok").aged(auth0Keys, 60).aged(idKeys, 14400), []string{"KeySetOld" + id}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := raised(t, tpl, map[int]happening{3: test.in}); !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
	for _, alarm := range tpl.ofType("AWS::CloudWatch::Alarm") {
		name, description := render(alarm.Properties["AlarmName"]), render(alarm.Properties["AlarmDescription"])
		for suffix, who := range map[string]string{
			auth0: " https://tenant.eu.auth0.com/, https://login.example.com/ ", id: " https://id.example.com/realms/shop ",
		} {
			if strings.HasSuffix(name, suffix) && !strings.Contains(description, who) {
				t.Errorf("%s: %q does not name%s", name, description, who)
			}
		}
	}
}

func TestDashboardShowsEachSetOfKeys(t *testing.T) {
	for id, dashboard := range stage(t, "several issuers").ofType("AWS::CloudWatch::Dashboard") {
		body := render(dashboard.Properties["DashboardBody"])
		for _, metric := range []string{"KeySetAge", "Fetches", "FetchFailures", "FetchDuration"} {
			for _, uri := range []string{auth0Keys, idKeys} {
				want := `"` + metric + `","FunctionName","${Authorizer}","jwksUri","` + uri + `"`
				if !strings.Contains(body, want) {
					t.Errorf("%s has no graph of %s", id, want)
				}
			}
		}
		if !strings.Contains(body, `"label":"https://tenant.eu.auth0.com/, https://login.example.com/"`) {
			t.Errorf("%s does not name the issuers of the keys", id)
		}
	}
}

// functionBehindARoute returns the ID of a function that has routes.
func functionBehindARoute(t *testing.T, tpl template) string {
	t.Helper()
	for id, function := range tpl.ofType("AWS::Lambda::Function") {
		environment, _ := function.Properties["Environment"].(map[string]any)
		if variables, _ := environment["Variables"].(map[string]any); variables["ROUTES"] != nil {
			return logicalIDHash.ReplaceAllString(id, "")
		}
	}
	t.Fatal("no function has routes")
	return ""
}

// An answer that a function gives on purpose is no error of the function for Lambda.
func TestAnswersWith5xxRaiseAnAlarmIfThereIsAnAccessLog(t *testing.T) {
	for errorType, status := range map[string]string{
		"-": "500", "API_CONFIGURATION_ERROR": "502", "INTEGRATION_TIMEOUT": "504", "DEFAULT_5XX": "503",
	} {
		answer := map[int]happening{3: happening{}.aws(map[string]float64{"AWS/ApiGateway 5XXError": 1}).
			logged(map[string]string{"status": status, "errorType": errorType, "principalId": "auth0|42"})}
		if got := raised(t, stage(t, "default"), answer); !reflect.DeepEqual(got, []string{"ServerErrors"}) {
			t.Errorf("%s %s: got %v, want ServerErrors", status, errorType, got)
		}
		if got := raised(t, stage(t, "without logs"), answer); got != nil {
			t.Errorf("%s %s without an access log: got %v, want nothing", status, errorType, got)
		}
	}
}

// always is the same in each of 15 minutes.
func always(h happening) map[int]happening {
	minutes := map[int]happening{}
	for minute := range 15 {
		minutes[minute] = h
	}
	return minutes
}

// each is so many tokens for each reason, one reason a minute.
func each(times int, aws map[string]float64, reasons ...string) map[int]happening {
	minutes := map[int]happening{}
	for minute, reason := range reasons {
		minutes[minute] = decided(reason).aws(aws).many(times)
	}
	return minutes
}

// A difference of two sources is wrong whenever one of them is late or complete and the
// other is not.
func TestNoAlarmSubtracts(t *testing.T) {
	for name := range stages {
		for id, alarm := range stage(t, name).ofType("AWS::CloudWatch::Alarm") {
			metrics, _ := alarm.Properties["Metrics"].([]any)
			for _, metric := range metrics {
				expression, _ := metric.(map[string]any)["Expression"].(string)
				if strings.Contains(expression, "-") {
					t.Errorf("%s: %s subtracts: %s", name, id, expression)
				}
			}
		}
	}
}

func TestREADMEListsEveryAlarm(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(readme), "\n## Alarms\n")
	section, _, _ = strings.Cut(section, "\n## ")
	for _, alarm := range stage(t, "default").ofType("AWS::CloudWatch::Alarm") {
		name := strings.TrimPrefix(render(alarm.Properties["AlarmName"]), apiName+"-prod-")
		if strings.HasPrefix(name, "Refused-") {
			name = "Refused-…" // one row for all
		}
		if !strings.Contains(section, "| `"+name+"` |") {
			t.Errorf("the section Alarms of README.md has no row for %s", name)
		}
	}
}

func TestDashboardShowsStormsOfUnknownKeyIDs(t *testing.T) {
	for id, dashboard := range stage(t, "default").ofType("AWS::CloudWatch::Dashboard") {
		body := render(dashboard.Properties["DashboardBody"])
		for _, reason := range []string{"kid_unknown", "kid_unproven"} {
			if !strings.Contains(body, `"reason","`+reason+`"`) {
				t.Errorf("%s has no graph of %s", id, reason)
			}
		}
	}
}

// A joined fetch of 3 s that fails, one of its own, and half a second to answer.
func TestAuthorizerHasTimeForTwoFetches(t *testing.T) {
	for id, function := range stage(t, "default").ofType("AWS::Lambda::Function") {
		timeout, _ := function.Properties["Timeout"].(float64)
		if strings.HasPrefix(id, "Authorizer") && timeout < 6.5 {
			t.Errorf("%s has %v s, want at least 6.5", id, timeout)
		}
		if timeout >= 29 {
			t.Errorf("%s has %v s, but API Gateway waits 29 s", id, timeout)
		}
	}
}
