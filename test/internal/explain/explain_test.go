package explain

import (
	"fmt"
	"testing"
	"time"

	"accountapi/test/gateway"
	"accountapi/test/issuer"

	"github.com/google/go-cmp/cmp"
)

func TestTheLastRequestIsExplained(t *testing.T) {
	noon := time.UnixMilli(1_800_000_000_000)
	decided := func(after time.Duration, decision string) string {
		return fmt.Sprintf(`{"level":"INFO","msg":"decision",%s,"_aws":{"Timestamp":%d}}`+"\n",
			decision, noon.Add(after).UnixMilli())
	}
	const expired = `"decision":"refuse","reason":"expired","hint":"h"`
	get := gateway.Record{Time: noon, Method: "GET", Path: "/prod/a", Status: 200, Latency: 9 * time.Millisecond}
	asked := get
	asked.Authorizer, asked.AuthorizerLatency = gateway.AuthorizerMiss, 5*time.Millisecond
	refused := asked
	refused.Status, refused.ResponseType, refused.Reason = 401, "UNAUTHORIZED", "the authorizer refused the token"
	cached := get
	cached.Authorizer = gateway.AuthorizerHit
	missing := get
	missing.Status, missing.ResponseType = 401, "UNAUTHORIZED"

	want := issuer.Explanation{Request: 1, Method: "GET", Path: "/prod/a", Status: 200}
	explained := func(change func(e *issuer.Explanation)) issuer.Explanation {
		e := want
		change(&e)
		return e
	}
	for _, test := range []struct {
		name, lines string
		record      gateway.Record
		want        issuer.Explanation
	}{
		{"a refused token", "panic\n" + decided(time.Millisecond, expired) + `{"msg":"key set"}` + "\n", refused,
			explained(func(e *issuer.Explanation) {
				e.Status, e.Asked, e.Gateway = 401, true, "the authorizer refused the token"
				e.Decision, e.Reason, e.Hint = "refuse", "expired", "h"
			})},
		{"keys that cannot be fetched", decided(0, `"decision":"error","reason":"jwks_unavailable","error":"EOF"`), asked,
			explained(func(e *issuer.Explanation) {
				e.Asked, e.Decision, e.Reason, e.Error = true, "error", "jwks_unavailable", "EOF"
			})},
		{"the decision about an earlier request", decided(-time.Millisecond, expired), asked,
			explained(func(e *issuer.Explanation) { e.Asked = true })},
		{"a cached answer", decided(time.Millisecond, expired), cached,
			explained(func(e *issuer.Explanation) { e.Cached = true })},
		{"a missing token", "", missing,
			explained(func(e *issuer.Explanation) { e.Status, e.Gateway = 401, "UNAUTHORIZED" })},
		{"a public route", "", get, want},
	} {
		for _, order := range []string{"the line first", "the record first"} {
			t.Run(test.name+", "+order, func(t *testing.T) {
				var last Last
				if order == "the record first" {
					last.Record(test.record)
				}
				fmt.Fprint(&last, test.lines)
				if order == "the line first" {
					last.Record(test.record)
				}
				if diff := cmp.Diff(test.want, last.Explanation()); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
}
