package gateway

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

func TestRecordTellsWhatHappenedWithoutTheToken(t *testing.T) {
	const secret = "Bearer eyJhbGciOiJSUzI1NiJ9.e30.c2ln"
	f := newFixture()
	f.authorizer.do = func(event []byte) does {
		if strings.Contains(string(event), "good") {
			return does{Answer: policyFor("Allow", "*")}
		}
		message := "no key for eyJhbGciOiJSUzI1NiJ9.e30.c2ln"
		return does{Error: &message}
	}
	s := f.start(t)
	tests := []struct {
		request string
		lines   []string
		want    Record
	}{
		{"GET /prod/profile?token=x", []string{goodToken},
			Record{Status: 200, Authorizer: AuthorizerMiss, Route: "/profile"}},
		{"GET /prod/profile", []string{goodToken},
			Record{Status: 200, Authorizer: AuthorizerHit, Route: "/profile"}},
		{"GET /prod/profile", nil,
			Record{Status: 401, Authorizer: AuthorizerRefused, Route: "/profile", ResponseType: "UNAUTHORIZED",
				Reason: "the header Authorization is missing or empty"}},
		{"GET /prod/profile", []string{"Authorization: " + secret},
			Record{Status: 500, Authorizer: AuthorizerFailed, Route: "/profile",
				ResponseType: "AUTHORIZER_CONFIGURATION_ERROR", Reason: "authorizer: no key for [redacted]"}},
		{"OPTIONS /prod/profile", nil,
			Record{Status: 204, Authorizer: AuthorizerNone, Route: "/profile"}},
		{"GET /prod/nope", nil,
			Record{Status: 403, Authorizer: AuthorizerNone, ResponseType: "MISSING_AUTHENTICATION_TOKEN",
				Reason: "no resource has the path /nope and the method GET"}},
	}
	for _, test := range tests {
		s.send(test.request, test.lines...)
		got := s.record(t)
		if got.RequestID == "" || got.Time.IsZero() || got.Latency <= 0 ||
			got.Latency < got.AuthorizerLatency+got.IntegrationLatency {
			t.Errorf("%s: %+v", test.request, got)
		}
		verb, path, _ := strings.Cut(test.request, " ")
		path, _, _ = strings.Cut(path, "?")
		want := test.want
		want.Method, want.Path = verb, path
		want.Time, want.RequestID, want.Latency = got.Time, got.RequestID, got.Latency
		want.AuthorizerLatency, want.IntegrationLatency = got.AuthorizerLatency, got.IntegrationLatency
		equal(t, got, want)
	}
}

func TestParallelClientsGetTheirOwnAnswers(t *testing.T) {
	const clients, requests = 200, 5
	f := newFixture()
	f.options.Freeze = true
	f.handler.do = func(event []byte) does {
		var e struct {
			QueryStringParameters map[string]string
			RequestContext        struct{ Authorizer map[string]any }
		}
		json.Unmarshal(event, &e)
		body, _ := json.Marshal(fmt.Sprint(e.QueryStringParameters["n"], e.RequestContext.Authorizer["principalId"]))
		return does{Answer: `{"body":` + string(body) + `}`}
	}
	f.authorizer.do = func(event []byte) does {
		var e struct{ AuthorizationToken string }
		json.Unmarshal(event, &e)
		user := strings.TrimPrefix(e.AuthorizationToken, "Bearer ")
		return does{Answer: strings.Replace(policyFor("Allow", "*"), `"user"`, `"`+user+`"`, 1)}
	}
	s := f.start(t)
	var all sync.WaitGroup
	for client := range clients {
		all.Go(func() {
			for n := range requests {
				s.send(fmt.Sprintf("GET /prod/profile?n=%d-", n), fmt.Sprintf("Authorization: Bearer user%d", client)).
					is(200, "", fmt.Sprintf("%d-user%d", n, client))
			}
		})
	}
	all.Wait()
	s.invoked(&s.handler, clients*requests)
	children := processesOf(t)
	if len(children) == 0 || len(children) > 20 {
		t.Errorf("%d processes run", len(children))
	}
	if err := s.gateway.Close(); err != nil {
		t.Error(err)
	}
	for _, pid := range children {
		if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
			t.Errorf("process %d is still there: %v", pid, err)
		}
	}
	s.get("/prod/profile").isAuthorizerError()
}

// processesOf lists the functions' processes: the children of this one.
func processesOf(t *testing.T) (pids []int) {
	t.Helper()
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", os.Getpid()))
	if len(tasks) == 0 {
		t.Skip("this system has no /proc that tells the children of a process")
	}
	for _, task := range tasks {
		content, err := os.ReadFile(task)
		if err != nil {
			continue // a thread that has ended
		}
		for _, field := range strings.Fields(string(content)) {
			var pid int
			fmt.Sscan(field, &pid)
			pids = append(pids, pid)
		}
	}
	slices.Sort(pids)
	return slices.Compact(pids)
}

// BenchmarkOverhead measures the time that a request takes beyond those of its functions.
func BenchmarkOverhead(b *testing.B) {
	f := newFixture()
	f.connect(b)
	var overheads []time.Duration
	f.options.Log = func(r Record) {
		overheads = append(overheads, r.Latency-r.AuthorizerLatency-r.IntegrationLatency)
	}
	g, err := Load(f.assembly(b), f.options)
	if err != nil {
		b.Fatal(err)
	}
	defer g.Close()
	for b.Loop() {
		request, _ := http.NewRequest("GET", "/prod/profile", http.NoBody)
		request.Header.Set("Authorization", "Bearer good")
		g.ServeHTTP(discard{http.Header{}}, request)
	}
	slices.Sort(overheads)
	b.ReportMetric(float64(overheads[len(overheads)/2].Nanoseconds()), "overhead-p50-ns")
}

type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(p []byte) (int, error) { return len(p), nil }
func (d discard) WriteHeader(int)             {}
