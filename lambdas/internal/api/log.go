package api

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

// log writes one JSON line per request. A line holds who called which route and the
// outcome, never a token, a header or a body.
type log struct{ *slog.Logger }

func newLog(out io.Writer) log { return log{slog.New(slog.NewJSONHandler(out, nil))} }

// request logs a request that has been answered. err is not sent to the caller.
func (l log) request(
	ctx context.Context, event events.APIGatewayProxyRequest, route string, caller Caller, status int,
	duration time.Duration, err error,
) {
	level := slog.LevelInfo
	attributes := []slog.Attr{
		slog.String("route", route),
		slog.Int("status", status),
		slog.Float64("duration_ms", float64(duration.Microseconds())/1000),
		slog.String("requestId", event.RequestContext.RequestID),
	}
	if caller.Subject != "" {
		attributes = append(attributes, slog.String("subject", caller.Subject), slog.String("clientId", caller.ClientID))
	}
	if status >= http.StatusInternalServerError {
		level = slog.LevelError
	}
	if err != nil {
		attributes = append(attributes, slog.String("error", err.Error()))
	}
	l.LogAttrs(ctx, level, "request", attributes...)
}
