package main

import (
	"context"
	"io"
	"strconv"
	"strings"
	"sync"
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
	issuer       string // as configured, to recognize an issuer that is nearly the same
	functionName string
	namespace    string // of the metrics, as JSON
	warm         atomic.Bool

	mu      sync.Mutex
	fetches fetchTotals // since the last decision; those of init go with the first
}

// fetchTotals are metrics, by their names in the log line.
type fetchTotals struct {
	fetches, failures int
	duration          time.Duration
}

func newDecisionLog(out io.Writer, functionName, namespace, issuer string) *decisionLog {
	return &decisionLog{
		out: out, issuer: issuer, functionName: functionName,
		namespace: string(strictjson.AppendString(nil, namespace)),
	}
}

// keySet logs a fetch of the key set.
func (l *decisionLog) keySet(f jwks.Fetch) {
	level := "INFO"
	if len(f.Dropped) > 0 {
		level = "WARN"
	}
	if f.Err != nil {
		level = "ERROR"
	}
	line := newLine(level, "key set")
	line.number("duration_ms", milliseconds(f.Duration))
	line.value("kept", f.Kept)
	if len(f.Dropped) > 0 {
		line.value("dropped", f.Dropped)
	}
	if f.Err != nil {
		line.string("error", truncate(f.Err.Error(), maxErrorText))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fetches.fetches++
	l.fetches.duration += f.Duration
	if f.Err != nil {
		l.fetches.failures++
	}
	line.end(l.out)
}

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
	if hint := nearMiss(e.seen.Issuer, e.log.issuer); hint != "" {
		line.string("hint", hint)
	}
	if err != nil {
		line.string("error", truncate(err.Error(), maxErrorText))
	}

	metrics := `{"Name":"Duration","Unit":"Milliseconds"},{"Name":"ColdStart","Unit":"Count"}`
	cold := 0.
	if e.cold {
		cold = 1
	}
	line.string("FunctionName", e.log.functionName)
	line.number("Decisions", 1)
	line.number("Duration", milliseconds(time.Since(e.start)))
	line.number("ColdStart", cold)
	// Only for a token that reached the keys: they are fetched for it if due, so their
	// age says something about the issuer.
	if e.seen.KeysAsked {
		metrics += `,{"Name":"KeySetAge","Unit":"Seconds"}`
		line.number("KeySetAge", float64(int(e.seen.KeySetAge.Seconds())))
	}
	e.log.mu.Lock()
	defer e.log.mu.Unlock()
	if totals := e.log.fetches; totals.fetches > 0 {
		e.log.fetches = fetchTotals{}
		metrics += `,{"Name":"Fetches","Unit":"Count"},{"Name":"FetchFailures","Unit":"Count"},` +
			`{"Name":"FetchDuration","Unit":"Milliseconds"}`
		line.number("Fetches", float64(totals.fetches))
		line.number("FetchFailures", float64(totals.failures))
		line.number("FetchDuration", milliseconds(totals.duration))
	}
	line.raw("_aws", `{"Timestamp":`+strconv.FormatInt(e.start.UnixMilli(), 10)+`,"CloudWatchMetrics":[`+
		`{"Namespace":`+e.log.namespace+`,"Dimensions":[["FunctionName"],["FunctionName","reason"]],`+
		`"Metrics":[{"Name":"Decisions","Unit":"Count"}]},`+
		`{"Namespace":`+e.log.namespace+`,"Dimensions":[["FunctionName"]],"Metrics":[`+metrics+`]}]}`)
	line.end(e.log.out)
}

// nearMiss says how an issuer that was refused differs from the configured one, if it is
// one of the usual slips.
func nearMiss(got, want string) string {
	switch {
	case got == want:
		return ""
	case strings.TrimRight(got, "/") == strings.TrimRight(want, "/"):
		return "iss and TOKEN_ISSUER differ only in the trailing slash: TOKEN_ISSUER is " + want
	case strings.EqualFold(got, want):
		return "iss and TOKEN_ISSUER differ only in upper and lower case: TOKEN_ISSUER is " + want
	case strings.TrimPrefix(got, "http://") == strings.TrimPrefix(want, "https://"):
		return "iss has http where TOKEN_ISSUER has https: TOKEN_ISSUER is " + want
	}
	return ""
}
