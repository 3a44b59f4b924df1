package main

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
)

// decisionLog writes one JSON line per decision, and one per fetch of the key set. The
// line of a decision is at the same time CloudWatch embedded metric format (AWS:
// "Specification: Embedded metric format"), so metrics and alarms need no agent.
//
// What a line may hold: what the caller claims to be (kid, issuer), never the token, a
// signature or the Authorization value.
type decisionLog struct {
	out          io.Writer
	issuer       string // as configured, to tell a near miss from a stranger
	functionName string
	warm         atomic.Bool

	mu      sync.Mutex
	fetches fetchTotals  // since the last decision; those of init go with the first
	line    bytes.Buffer // what logger writes to
	logger  *slog.Logger
}

// fetchTotals are metrics; their names are what the log line has.
type fetchTotals struct {
	fetches, failures int
	duration          time.Duration
}

func newDecisionLog(out io.Writer, functionName, issuer string) *decisionLog {
	l := &decisionLog{out: out, issuer: issuer, functionName: functionName}
	l.logger = slog.New(slog.NewJSONHandler(&l.line, nil))
	return l
}

// emit writes one line, with more, ready-made JSON members, at its end: slog would parse
// and compact them anew every time. l.mu must be held.
func (l *decisionLog) emit(level slog.Level, message, more string, attrs []slog.Attr) {
	l.line.Reset()
	l.logger.LogAttrs(context.Background(), level, message, attrs...)
	if more != "" {
		l.line.Truncate(l.line.Len() - len("}\n"))
		l.line.WriteString(more + "}\n")
	}
	_, _ = l.out.Write(l.line.Bytes()) // there is nowhere to report that logging fails
}

// keySet logs a fetch of the key set.
func (l *decisionLog) keySet(f fetch) {
	attrs := []slog.Attr{slog.Float64("duration_ms", milliseconds(f.duration)), slog.Any("kept", f.kept)}
	level := slog.LevelInfo
	if len(f.dropped) > 0 {
		level = slog.LevelWarn
		attrs = append(attrs, slog.Any("dropped", f.dropped))
	}
	if f.err != nil {
		level = slog.LevelError
		attrs = append(attrs, slog.String("error", truncate(f.err.Error(), maxErrorText)))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fetches.fetches++
	l.fetches.duration += f.duration
	if f.err != nil {
		l.fetches.failures++
	}
	l.emit(level, "key set", "", attrs)
}

// runtimeLog is where aws-lambda-go may write. It repeats every error that a handler
// returns; here each has its line already, with more in it.
type runtimeLog struct{ out io.Writer }

func (l runtimeLog) Write(line []byte) (int, error) {
	if bytes.Contains(line, []byte(`{"errorMessage":`)) {
		return len(line), nil
	}
	return l.out.Write(line)
}

// entry is the line about one decision while it is being made.
type entry struct {
	log       *decisionLog
	start     time.Time
	cold      bool
	requestID string
	methodArn string
	seen      seen
}

func (l *decisionLog) begin(ctx context.Context, event request) *entry {
	e := &entry{log: l, start: time.Now(), cold: !l.warm.Swap(true), methodArn: event.MethodArn}
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		e.requestID = lc.AwsRequestID
	}
	return e
}

// write ends the entry. err is for whoever runs the API: what stopped the check.
func (e *entry) write(keys *keySet, decision string, why reason, err error) {
	level := slog.LevelInfo
	attrs := make([]slog.Attr, 0, 24)
	attrs = append(attrs, slog.String("decision", decision), slog.String("reason", string(why)))
	for _, a := range []struct{ name, value string }{
		{"kid", e.seen.kid}, {"issuer", e.seen.issuer}, {"subject", e.seen.subject},
		{"methodArn", e.methodArn}, {"requestId", e.requestID},
	} {
		if a.value != "" {
			attrs = append(attrs, slog.String(a.name, truncate(a.value, maxKid)))
		}
	}
	if why == errIssuer {
		if hint := nearMiss(e.seen.issuer, e.log.issuer); hint != "" {
			attrs = append(attrs, slog.String("hint", hint))
		}
	}
	if err != nil {
		level = slog.LevelError
		attrs = append(attrs, slog.String("error", truncate(err.Error(), maxErrorText)))
	}

	metrics := `{"Name":"Duration","Unit":"Milliseconds"},{"Name":"ColdStart","Unit":"Count"}`
	cold := 0
	if e.cold {
		cold = 1
	}
	attrs = append(attrs,
		slog.String("FunctionName", e.log.functionName),
		slog.Int("Decisions", 1),
		slog.Float64("Duration", milliseconds(time.Since(e.start))),
		slog.Int("ColdStart", cold))
	if age, ok := keys.age(); ok {
		metrics += `,{"Name":"KeySetAge","Unit":"Seconds"}`
		attrs = append(attrs, slog.Int("KeySetAge", int(age.Seconds())))
	}
	e.log.mu.Lock()
	defer e.log.mu.Unlock()
	if totals := e.log.fetches; totals.fetches > 0 {
		e.log.fetches = fetchTotals{}
		metrics += `,{"Name":"Fetches","Unit":"Count"},{"Name":"FetchFailures","Unit":"Count"},{"Name":"FetchDuration","Unit":"Milliseconds"}`
		attrs = append(attrs,
			slog.Int("Fetches", totals.fetches),
			slog.Int("FetchFailures", totals.failures),
			slog.Float64("FetchDuration", milliseconds(totals.duration)))
	}
	e.log.emit(level, "decision", `,"_aws":{"Timestamp":`+strconv.FormatInt(e.start.UnixMilli(), 10)+
		`,"CloudWatchMetrics":[{"Namespace":"AccountApi","Dimensions":[["FunctionName"],["FunctionName","reason"]],"Metrics":[{"Name":"Decisions","Unit":"Count"}]},`+
		`{"Namespace":"AccountApi","Dimensions":[["FunctionName"]],"Metrics":[`+metrics+`]}]}`, attrs)
}

// nearMiss says how an issuer that was refused differs from the configured one, if it is
// one of the slips that people make.
func nearMiss(got, want string) string {
	switch {
	case got == want || got == "":
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

// maxErrorText is how much of an error is logged, in bytes.
const maxErrorText = 2048

// truncate keeps what others write, callers and the issuer, from filling the log.
func truncate(s string, length int) string {
	if len(s) > length {
		return strings.ToValidUTF8(s[:length], "") + "…"
	}
	return s
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
