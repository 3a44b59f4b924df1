package runtimeapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"accountapi/test/internal/compiled"

	"go.uber.org/goleak"
)

// bootstrap is testdata/function, compiled once for all tests.
var bootstrap string

func TestMain(m *testing.M) {
	if bootstrap = os.Getenv(parentVariable); bootstrap != "" {
		os.Exit(m.Run()) // TestProcessesEndWithTheirParent started this
	}
	goleak.VerifyTestMain(compiled.Tests{M: m, Source: "./testdata/function", Program: &bootstrap})
}

// answer is what testdata/function returns about itself.
type answer struct {
	PID, PGID           int
	Text, Dir           string
	Environ             []string
	Trace, Request, ARN string
	Deadline            time.Time
}

func start(t testing.TB, cfg Config) *Function {
	t.Helper()
	if cfg.Name == "" {
		cfg.Name = "fixture"
	}
	if cfg.Bootstrap == "" {
		cfg.Bootstrap = bootstrap
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = time.Minute // no test may depend on this machine's speed
	}
	f, err := Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	f.initLimit = time.Minute
	t.Cleanup(func() { f.Close() })
	return f
}

func invoke(t testing.TB, f *Function, event string) Result {
	t.Helper()
	result, err := f.Invoke(t.Context(), []byte(event))
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func ask(t testing.TB, f *Function, event string) answer {
	t.Helper()
	return decode(t, invoke(t, f, event))
}

func decode(t testing.TB, result Result) (a answer) {
	t.Helper()
	if result.FunctionError != "" {
		t.Fatalf("the function failed: %s", result.Payload)
	}
	if err := json.Unmarshal(result.Payload, &a); err != nil {
		t.Fatalf("%s: %v", result.Payload, err)
	}
	return a
}

func TestInvokePassesTheFunctionWhatLambdaPasses(t *testing.T) {
	f := start(t, Config{Name: "hello", Region: "eu-west-1", AccountID: "111122223333"})
	before := time.Now()
	const trace = "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1"
	result, err := f.Invoke(WithTraceID(t.Context(), trace), []byte(`{"text":"Daniël"}`))
	if err != nil {
		t.Fatal(err)
	}
	a := decode(t, result)
	if a.Text != "Daniël" {
		t.Errorf("the event arrived as %q", a.Text)
	}
	if want := "arn:aws:lambda:eu-west-1:111122223333:function:hello"; a.ARN != want {
		t.Errorf("ARN is %q, want %q", a.ARN, want)
	}
	if a.Request == "" || a.Request != result.RequestID {
		t.Errorf("request ID is %q for the function and %q for the caller", a.Request, result.RequestID)
	}
	if a.Trace != trace {
		t.Errorf("trace header is %q", a.Trace)
	}
	if a.Deadline.Before(before.Add(time.Minute).Truncate(time.Millisecond)) {
		t.Errorf("deadline %v is less than the timeout away from %v", a.Deadline, before)
	}
	if result.InitDuration <= 0 || result.Duration <= 0 {
		t.Errorf("a first invocation took init %v and %v", result.InitDuration, result.Duration)
	}
	if a.Dir != filepath.Dir(bootstrap) {
		t.Errorf("working directory is %s, want the bootstrap's folder", a.Dir)
	}

	second := invoke(t, f, `{}`)
	if b := decode(t, second); b.PID != a.PID || b.Request == a.Request || !strings.HasPrefix(b.Trace, "Root=1-") {
		t.Errorf("the second invocation ran in process %d (first %d) as request %q with trace %q",
			b.PID, a.PID, b.Request, b.Trace)
	}
	if second.InitDuration != 0 {
		t.Errorf("a second invocation reports init %v", second.InitDuration)
	}
}

func TestTheFunctionSeesOnlyItsOwnVariables(t *testing.T) {
	t.Setenv("DEVELOPERS_SECRET", "x")
	f := start(t, Config{
		Name: "hello", MemorySize: 256, LogFormat: "JSON", LogLevel: "DEBUG",
		Env: map[string]string{"AUDIENCE": "a=b", "TZ": "Europe/Amsterdam"},
	})
	root := filepath.Dir(bootstrap)
	want := []string{
		"AUDIENCE=a=b",
		"AWS_ACCESS_KEY_ID=local",
		"AWS_DEFAULT_REGION=us-east-1",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=256",
		"AWS_LAMBDA_FUNCTION_NAME=hello",
		"AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
		"AWS_LAMBDA_INITIALIZATION_TYPE=on-demand",
		"AWS_LAMBDA_LOG_FORMAT=JSON",
		"AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/hello",
		"AWS_LAMBDA_LOG_LEVEL=DEBUG",
		"AWS_LAMBDA_LOG_STREAM_NAME=",
		"AWS_LAMBDA_RUNTIME_API=127.0.0.1:",
		"AWS_REGION=us-east-1",
		"AWS_SECRET_ACCESS_KEY=local",
		"AWS_SESSION_TOKEN=local",
		"AWS_XRAY_CONTEXT_MISSING=LOG_ERROR",
		"AWS_XRAY_DAEMON_ADDRESS=127.0.0.1:2000",
		"LAMBDA_RUNTIME_DIR=/var/runtime",
		"LAMBDA_TASK_ROOT=" + root,
		"LANG=en_US.UTF-8",
		"LD_LIBRARY_PATH=",
		"PATH=",
		"TZ=Europe/Amsterdam",
		"_HANDLER=bootstrap",
		"_X_AMZN_TRACE_ID=", // set by aws-lambda-go
	}
	got := ask(t, f, `{}`).Environ
	for _, variable := range got {
		known := false
		for _, w := range want {
			known = known || variable == w || strings.HasPrefix(variable, w) &&
				(strings.HasSuffix(w, "=") || strings.HasSuffix(w, ":"))
		}
		if !known {
			t.Errorf("the function sees %s", variable)
		}
	}
	if len(got) != len(want) {
		t.Errorf("the function sees %d variables, want %d:\n%s", len(got), len(want), strings.Join(got, "\n"))
	}
}

// How Lambda's error payloads begin, with ID for the request ID.
const (
	exited   = `{"errorType":"Runtime.ExitError","errorMessage":"RequestId: ID Error: `
	timedOut = `{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: ID Error: `
)

func TestAFunctionThatFailsGivesAResult(t *testing.T) {
	const returned = `^{"errorMessage":"%s","errorType":"errorString"}$`
	tooLarge := fmt.Sprintf(`{"do":"answer bytes","size":%d}`, MaxPayload+1)
	tests := []struct {
		name, event string
		payload     string // a pattern
		sameProcess bool   // serves the next invocation
	}{
		{"a returned error", `{"do":"fail","text":"Unauthorized"}`, fmt.Sprintf(returned, "Unauthorized"), true},
		{"an event that the handler cannot decode", `{"size":"many"}`, `"errorType":"UnmarshalTypeError"`, true},
		{"a response stream that breaks off", `{"do":"break off"}`, fmt.Sprintf(returned, "the source failed"), true},
		{"a panic", `{"do":"panic","text":"oh"}`, `^{"errorMessage":"oh","errorType":"string","stackTrace":`, false},
		{"an exit", `{"do":"exit","size":7}`, "^" + exited + `Runtime exited with error: exit status 7"}$`, false},
		{"an exit with 0", `{"do":"exit"}`, "^" + exited + `Runtime exited without providing a reason"}$`, false},
		{"a killed process", `{"do":"kill"}`, "^" + exited + `Runtime exited with error: signal: killed"}$`, false},
		{"a response of more than 6 MB", tooLarge, `"errorType":"Function.ResponseSizeTooLarge"`, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := start(t, Config{})
			before := ask(t, f, `{}`).PID
			result := invoke(t, f, test.event)
			pattern := regexp.MustCompile(strings.ReplaceAll(test.payload, "ID", result.RequestID))
			if result.FunctionError != "Unhandled" || !pattern.Match(result.Payload) {
				t.Errorf("got %q %s, want a payload like %s", result.FunctionError, result.Payload, pattern)
			}
			if after := ask(t, f, `{}`).PID; (after == before) != test.sameProcess {
				t.Errorf("process %d served before, %d after", before, after)
			}
		})
	}
}

func TestPayloadsOf6MBAreAllowed(t *testing.T) {
	f := start(t, Config{})
	result := invoke(t, f, fmt.Sprintf(`{"do":"answer bytes","size":%d}`, MaxPayload))
	if len(result.Payload) != MaxPayload {
		t.Errorf("got %d bytes: %.200s", len(result.Payload), result.Payload)
	}
	if _, err := f.Invoke(t.Context(), make([]byte, MaxPayload+1)); !errors.Is(err, ErrPayloadTooLarge) {
		t.Errorf("a larger event gives error %v", err)
	}
}

func TestTimeoutKillsAndReplacesTheProcess(t *testing.T) {
	f := start(t, Config{Timeout: 50 * time.Millisecond})
	result := invoke(t, f, `{"do":"hang"}`)
	want := strings.ReplaceAll(timedOut, "ID", result.RequestID) + `Task timed out after 0.05 seconds"}`
	if result.FunctionError != "Unhandled" || string(result.Payload) != want {
		t.Errorf("got %q %s\nwant %s", result.FunctionError, result.Payload, want)
	}
	f.mu.Lock()
	f.cfg.Timeout = time.Minute // the rest must not depend on this machine's speed
	f.mu.Unlock()
	if a := ask(t, f, `{"text":"alive"}`); a.Text != "alive" {
		t.Errorf("the next invocation answers %+v", a)
	}
}

// gate lets a test hold invocations until it opens it, and see them arrive.
type gate struct {
	url     string
	arrived chan struct{}
	open    chan struct{}
}

func newGate(t *testing.T) *gate {
	g := &gate{arrived: make(chan struct{}), open: make(chan struct{})}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.arrived <- struct{}{}
		select {
		case <-g.open:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(server.Close)
	g.url = server.URL
	return g
}

func TestParallelInvocationsRunInProcessesOfTheirOwn(t *testing.T) {
	const parallel = 3
	f, g := start(t, Config{MaxEnvironments: parallel}), newGate(t)
	var (
		callers sync.WaitGroup
		mu      sync.Mutex
		pids    = map[int]int{}
	)
	call := func() {
		callers.Go(func() {
			pid := ask(t, f, `{"url":"`+g.url+`"}`).PID
			mu.Lock()
			defer mu.Unlock()
			pids[pid]++
		})
	}
	for range 2 * parallel {
		call()
	}
	for range parallel {
		<-g.arrived // as many as the limit run at the same time; the others wait
	}
	close(g.open)
	for range parallel {
		<-g.arrived
	}
	callers.Wait()
	served := 0
	for _, n := range pids {
		served += n
	}
	if served != 2*parallel || len(pids) != parallel {
		t.Errorf("invocations per process: %v", pids)
	}

	allIdle := func() bool {
		f.mu.Lock()
		defer f.mu.Unlock()
		return len(f.idle) == parallel
	}
	eventually(t, "all processes wait for work", allIdle)
	first := ask(t, f, `{}`).PID
	for range 5 {
		eventually(t, "all processes wait for work", allIdle)
		if pid := ask(t, f, `{}`).PID; pid != first {
			t.Errorf("process %d served, not %d, the last one used", pid, first)
		}
	}
}

func TestAnInvocationRunsOnWhenItsCallerGoesAway(t *testing.T) {
	f, g := start(t, Config{MaxEnvironments: 1}), newGate(t)
	pid := ask(t, f, `{}`).PID
	ctx, cancel := context.WithCancel(t.Context())
	errs := make(chan error)
	go func() {
		_, err := f.Invoke(ctx, []byte(`{"url":"`+g.url+`"}`))
		errs <- err
	}()
	<-g.arrived
	waiting, stopWaiting := context.WithCancel(t.Context())
	go func() {
		_, err := f.Invoke(waiting, []byte(`{"do":"exit","size":1}`))
		errs <- err
	}()
	stopWaiting()
	if err := <-errs; !errors.Is(err, context.Canceled) {
		t.Errorf("a caller in the queue got error %v", err)
	}
	cancel()
	if err := <-errs; !errors.Is(err, context.Canceled) {
		t.Errorf("the caller got error %v", err)
	}
	close(g.open)
	if after := ask(t, f, `{}`).PID; after != pid {
		t.Errorf("process %d serves after the call that was given up, %d before", after, pid)
	}
}

// processState is the letter that ps shows (T: stopped, Z: ended), "" if there is no such
// process.
func processState(pid int) string {
	if runtime.GOOS == "linux" { // ps may not be installed
		stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		_, rest, _ := bytes.Cut(stat, []byte(") "))
		return string(rest[:min(1, len(rest))])
	}
	state, _ := exec.Command("ps", "-o", "stat=", "-p", fmt.Sprint(pid)).Output()
	return strings.TrimSpace(string(state))
}

// eventually waits for what another process is about to do.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not in 30 s: %s", what)
		}
	}
}

// The cost of an invocation, apart from what the handler does.
func BenchmarkInvoke(b *testing.B) {
	f := start(b, Config{})
	invoke(b, f, `{"do":"answer bytes","size":2}`)
	b.ResetTimer()
	for b.Loop() {
		invoke(b, f, `{"do":"answer bytes","size":2}`)
	}
}
