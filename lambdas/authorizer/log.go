package main

import (
	"context"
	"io"
	"strings"
	"sync/atomic"
	"time"

	"accountapi/lambdas/internal/jwks"
	"accountapi/lambdas/internal/jwt"
	"accountapi/lambdas/internal/strictjson"

	"github.com/aws/aws-lambda-go/lambdacontext"
)

// decisionLog writes one JSON line per decision, and one per fetch of the key set. The
// line of a decision is also in the CloudWatch embedded metric format (AWS:
// "Specification: Embedded metric format"), so metrics and alarms need no agent.
//
// A line may hold the kid and the issuer that the caller claims, but never the token, a
// signature or the value of Authorization.
type decisionLog struct {
	out          io.Writer
	issuers      []string // as configured, to recognize one that is nearly the same
	functionName string
	namespace    string // of the metrics, as JSON
	warm         atomic.Bool
}

func newDecisionLog(out io.Writer, functionName, namespace string) *decisionLog {
	return &decisionLog{
		out: out, functionName: functionName, namespace: string(strictjson.AppendString(nil, namespace)),
	}
}

// keySet logs a fetch of a key set, and its metrics by the URL of the set.
func (l *decisionLog) keySet(f jwks.Fetch) {
	level, failures := "INFO", 0.
	if len(f.Dropped) > 0 {
		level = "WARN"
	}
	if f.Err != nil {
		level, failures = "ERROR", 1
	}
	line := newLine(level, "key set")
	line.string("jwksUri", f.URL)
	line.value("kept", f.Kept)
	if len(f.Dropped) > 0 {
		line.value("dropped", f.Dropped)
	}
	if f.Err != nil {
		line.string("error", truncate(f.Err.Error(), maxErrorText))
	}
	line.string("FunctionName", l.functionName)
	line.number("Fetches", 1)
	line.number("FetchFailures", failures)
	line.number("FetchDuration", milliseconds(f.Duration))
	line.metrics(l.namespace, time.Now(), directive{byKeySet,
		`{"Name":"Fetches","Unit":"Count"},{"Name":"FetchFailures","Unit":"Count"},` +
			`{"Name":"FetchDuration","Unit":"Milliseconds"}`})
	line.end(l.out)
}

// The dimensions of metrics: what they are counted by.
const (
	byFunction        = `["FunctionName"]`
	byReason          = `["FunctionName","reason"]`
	byKeySet          = `["FunctionName","jwksUri"]`
	byReasonAndKeySet = `["FunctionName","reason","jwksUri"]`
)

// runtimeLog is where aws-lambda-go may write. It repeats every error that a handler
// returns; here each has its line already, with more in it. Anything else that it writes
// is passed on.
type runtimeLog struct{ out io.Writer }

var repeatedErrors = map[string]bool{
	`{"errorMessage":"Unauthorized","errorType":"errorString"}`: true,
	`{"errorMessage":"internal","errorType":"Reason"}`:          true,
	`{"errorMessage":"jwks_unavailable","errorType":"Reason"}`:  true,
	`{"errorMessage":"kid_unproven","errorType":"Reason"}`:      true,
}

func (l runtimeLog) Write(line []byte) (int, error) {
	if repeatedErrors[strings.TrimSuffix(string(line), "\n")] {
		return len(line), nil
	}
	return l.out.Write(line)
}

// entry collects the line of one decision.
type entry struct {
	log       *decisionLog
	start     time.Time
	cold      bool
	requestID string
	methodArn string
	seen      jwt.Seen
}

func (l *decisionLog) begin(ctx context.Context) *entry {
	e := &entry{log: l, start: time.Now(), cold: !l.warm.Swap(true)}
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		e.requestID = lc.AwsRequestID
	}
	return e
}

// write writes the line. err says what stopped the check, for those who run the API.
func (e *entry) write(decision string, why jwt.Reason, err error) {
	level := "INFO"
	if err != nil {
		level = "ERROR"
	}
	line := newLine(level, "decision")
	line.string("decision", decision)
	line.string("reason", string(why))
	for _, a := range []struct{ name, value string }{
		{"kid", e.seen.KeyID}, {"issuer", e.seen.Issuer}, {"subject", e.seen.Subject},
		{"methodArn", e.methodArn}, {"requestId", e.requestID},
	} {
		if a.value != "" {
			line.string(a.name, truncate(a.value, maxNamedText))
		}
	}
	if why == jwt.ErrIssuer {
		if hint := nearMiss(e.seen.Issuer, e.log.issuers); hint != "" {
			line.string("hint", hint)
		}
	}
	if left := e.seen.ScopesLeftOut; len(left) > 0 {
		line.value("scopesLeftOut", shorten(left))
	}
	if err != nil {
		line.string("error", truncate(err.Error(), maxErrorText))
	}

	cold := 0.
	if e.cold {
		cold = 1
	}
	line.string("FunctionName", e.log.functionName)
	line.number("Decisions", 1)
	line.number("Duration", milliseconds(time.Since(e.start)))
	line.number("ColdStart", cold)
	decisions := byFunction + "," + byReason
	if why == jwt.ErrJWKSUnavailable {
		decisions += "," + byReasonAndKeySet
	}
	metrics := []directive{
		{decisions, `{"Name":"Decisions","Unit":"Count"}`},
		{byFunction, `{"Name":"Duration","Unit":"Milliseconds"},{"Name":"ColdStart","Unit":"Count"}`},
	}
	if keys := e.seen.Keys; keys != nil {
		line.string("jwksUri", keys.Address())
		// Only for a token that needed the keys: they are fetched for it if due, so an
		// old set means that the fetches fail.
		if age, ok := keys.Age(); ok {
			line.number("KeySetAge", float64(int(age.Seconds())))
			metrics = append(metrics, directive{byKeySet, `{"Name":"KeySetAge","Unit":"Seconds"}`})
		}
	}
	line.metrics(e.log.namespace, e.start, metrics...)
	line.end(e.log.out)
}

// nearMiss says how a refused issuer differs from a configured one, if the difference is
// a usual mistake.
func nearMiss(got string, configured []string) string {
	for _, want := range configured {
		switch {
		case strings.TrimRight(got, "/") == strings.TrimRight(want, "/"):
			return "iss differs only in the trailing slash from the issuer " + want
		case strings.EqualFold(got, want):
			return "iss differs only in upper and lower case from the issuer " + want
		case strings.TrimPrefix(got, "http://") == strings.TrimPrefix(want, "https://"):
			return "iss has http where the issuer has https: " + want
		}
	}
	return ""
}
