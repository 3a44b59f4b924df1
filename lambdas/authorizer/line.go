package main

import (
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"time"

	"accountapi/lambdas/internal/strictjson"
)

// How many bytes are logged of a text that a caller or the issuer has written.
const (
	maxNamedText = 256
	maxErrorText = 2048
)

func truncate(s string, length int) string {
	if len(s) > length {
		return strings.ToValidUTF8(s[:length], "") + "…"
	}
	return s
}

// shorten returns the first texts of a list, for a line of limited length.
func shorten(list []string) (short []string) {
	for _, text := range list[:min(len(list), 5)] {
		short = append(short, truncate(text, maxNamedText))
	}
	return short
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// line is a log line while it is written: one JSON object. It is written by hand, because
// after the signature the line takes most of the time of a decision: the whole decision
// takes 2.85 µs, and 2.98 µs with log/slog.
type line []byte

func newLine(level, message string) line {
	l := make(line, 0, 1536)
	l = append(l, `{"time":"`...)
	l = time.Now().AppendFormat(l, time.RFC3339Nano)
	l = append(l, `","level":"`+level+`","msg":"`+message+`"`...)
	return l
}

func (l *line) raw(name, json string) { *l = append(*l, `,"`+name+`":`+json...) }

func (l *line) string(name, value string) {
	l.raw(name, "")
	*l = strictjson.AppendString(*l, value)
}

func (l *line) number(name string, value float64) {
	l.raw(name, "")
	*l = strconv.AppendFloat(*l, value, 'f', -1, 64)
}

func (l *line) value(name string, value any) {
	text, _ := json.Marshal(value) // lists of strings always marshal
	l.raw(name, string(text))
}

// directive declares metrics of a line, and the lists of dimensions that each of them has
// (AWS: "Specification: Embedded metric format").
type directive struct{ dimensions, metrics string }

// metrics declares members of the line as CloudWatch metrics.
func (l *line) metrics(namespace string, at time.Time, directives ...directive) {
	l.raw("_aws", `{"Timestamp":`)
	*l = strconv.AppendInt(*l, at.UnixMilli(), 10)
	*l = append(*l, `,"CloudWatchMetrics":[`...)
	for i, d := range directives {
		if i > 0 {
			*l = append(*l, ',')
		}
		*l = append(*l, `{"Namespace":`+namespace+`,"Dimensions":[`+d.dimensions+`],"Metrics":[`+d.metrics+`]}`...)
	}
	*l = append(*l, "]}"...)
}

// end writes the line. There is nowhere to report that logging fails.
func (l line) end(out io.Writer) { _, _ = out.Write(append(l, "}\n"...)) }
