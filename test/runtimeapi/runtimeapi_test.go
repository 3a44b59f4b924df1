package runtimeapi

import (
	"bytes"
	"context"
	"encoding/binary"
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
	"syscall"
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

// answer is what testdata/function says of itself.
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

func TestInvokeTellsTheFunctionWhatLambdaTells(t *testing.T) {
	f := start(t, Config{Name: "hello", Region: "eu-west-1", AccountID: "111122223333"})
	before := time.Now()
	result, err := f.Invoke(WithTraceID(t.Context(), "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1"), []byte(`{"text":"Daniël"}`))
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
	if a.Trace != "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1" {
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
		t.Errorf("the second invocation ran in process %d (first %d) as request %q with trace %q", b.PID, a.PID, b.Request, b.Trace)
	}
	if second.InitDuration != 0 {
		t.Errorf("a second invocation reports init %v", second.InitDuration)
	}
}

func TestEnvironmentIsBuiltFromNothing(t *testing.T) {
	t.Setenv("DEVELOPERS_SECRET", "x")
	f := start(t, Config{Name: "hello", MemorySize: 256, LogFormat: "JSON", LogLevel: "DEBUG", Env: map[string]string{"AUDIENCE": "a=b", "TZ": "Europe/Amsterdam"}})
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

func TestFunctionThatFailsIsAResult(t *testing.T) {
	tests := []struct {
		name, event string
		payload     string // a pattern
		sameProcess bool   // serves the next invocation
	}{
		{"a returned error", `{"do":"fail","text":"Unauthorized"}`, `^{"errorMessage":"Unauthorized","errorType":"errorString"}$`, true},
		{"an event that the handler cannot decode", `{"size":"many"}`, `"errorType":"UnmarshalTypeError"`, true},
		{"a response stream that breaks off", `{"do":"break off"}`, `^{"errorMessage":"the source dried up","errorType":"errorString"}$`, true},
		{"a panic", `{"do":"panic","text":"oh"}`, `^{"errorMessage":"oh","errorType":"string","stackTrace":`, false},
		{"an exit", `{"do":"exit","size":7}`, `^{"errorType":"Runtime.ExitError","errorMessage":"RequestId: ID Error: Runtime exited with error: exit status 7"}$`, false},
		{"an exit without an error", `{"do":"exit"}`, `^{"errorType":"Runtime.ExitError","errorMessage":"RequestId: ID Error: Runtime exited without providing a reason"}$`, false},
		{"a process that is killed", `{"do":"kill"}`, `^{"errorType":"Runtime.ExitError","errorMessage":"RequestId: ID Error: Runtime exited with error: signal: killed"}$`, false},
		{"a response of more than 6 MB", fmt.Sprintf(`{"do":"answer bytes","size":%d}`, MaxPayload+1), `"errorType":"Function.ResponseSizeTooLarge"`, false},
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

func TestResponseOfSixMegabytesPasses(t *testing.T) {
	f := start(t, Config{})
	if result := invoke(t, f, fmt.Sprintf(`{"do":"answer bytes","size":%d}`, MaxPayload)); len(result.Payload) != MaxPayload {
		t.Errorf("got %d bytes: %.200s", len(result.Payload), result.Payload)
	}
	if _, err := f.Invoke(t.Context(), make([]byte, MaxPayload+1)); !errors.Is(err, ErrPayloadTooLarge) {
		t.Errorf("a larger event gives error %v", err)
	}
}

func TestTimeoutKillsAndReplacesTheProcess(t *testing.T) {
	f := start(t, Config{Timeout: 50 * time.Millisecond})
	result := invoke(t, f, `{"do":"hang"}`)
	want := fmt.Sprintf(`{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: %s Error: Task timed out after 0.05 seconds"}`, result.RequestID)
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

func TestInitThatFailsIsTheAnswerToTheFirstInvocationAndTheErrorOfInit(t *testing.T) {
	tests := []struct {
		name, init string
		payload    string // a pattern
	}{
		{"exits", "exit", `{"errorType":"Runtime.ExitError","errorMessage":"RequestId: ID Error: Runtime exited with error: exit status 3"}$`},
		{"hangs", "hang", `{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: ID Error: Task timed out after 0.05 seconds"}$`},
		{"is reported by the runtime", "report", `{"errorMessage":"no configuration","errorType":"ConfigError"}$`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			cfg := Config{Env: map[string]string{"INIT": test.init}}
			if test.init == "hang" {
				cfg.Timeout = 50 * time.Millisecond
			}
			f := start(t, cfg)
			if test.init == "hang" {
				f.initLimit = 50 * time.Millisecond
			}
			result := invoke(t, f, `{"do":"print"}`)
			pattern := regexp.MustCompile("^" + strings.ReplaceAll(test.payload, "ID", result.RequestID))
			if !pattern.Match(result.Payload) {
				t.Errorf("Invoke answers %s, want a payload like %s", result.Payload, pattern)
			}
			pattern = regexp.MustCompile(`^function "fixture": init failed: ` + strings.ReplaceAll(test.payload, "ID", "[0-9a-f-]{36}"))
			if err := f.Init(); err == nil || !pattern.MatchString(err.Error()) {
				t.Errorf("Init gives %v, want an error like %s", err, pattern)
			}
		})
	}
}

func TestInitThatFailsIsTriedOnceMore(t *testing.T) {
	failsOnce := func() *Function {
		return start(t, Config{Env: map[string]string{"INIT": "exit once:" + filepath.Join(t.TempDir(), "tried")}})
	}
	ask(t, failsOnce(), `{}`)

	f := failsOnce()
	if err := f.Init(); err != nil {
		t.Fatal(err)
	}
	f.mu.Lock()
	f.idle[0].started = time.Now().Add(-time.Hour) // as if the first invocation came much later
	f.mu.Unlock()
	before := time.Now()
	if a := ask(t, f, `{}`); a.Deadline.Before(before.Add(time.Minute).Truncate(time.Millisecond)) {
		t.Errorf("the first invocation has %v left, want the whole timeout of a minute", a.Deadline.Sub(before))
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

func TestCallerThatGoesAwayDoesNotEndTheInvocation(t *testing.T) {
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

func TestFrozenProcessStandsStillBetweenInvocations(t *testing.T) {
	f := start(t, Config{Freeze: true})
	pid := ask(t, f, `{}`).PID
	eventually(t, "the process is stopped", func() bool { return strings.HasPrefix(processState(pid), "T") })
	if again := ask(t, f, `{}`).PID; again != pid {
		t.Errorf("process %d was thawed, %d was frozen", again, pid)
	}
	eventually(t, "the process is stopped again", func() bool { return strings.HasPrefix(processState(pid), "T") })
	f.Close()
	if state := processState(pid); state != "" {
		t.Errorf("after Close the frozen process is in state %s", state)
	}
}

func TestInitStartsAProcessThatServesTheNextInvocation(t *testing.T) {
	f := start(t, Config{})
	if err := f.Init(); err != nil {
		t.Fatal(err)
	}
	f.mu.Lock()
	pid, waiting := f.idle[0].pid, len(f.idle)
	f.mu.Unlock()
	if waiting != 1 {
		t.Errorf("%d processes wait for work after Init, want 1", waiting)
	}
	result := invoke(t, f, `{}`)
	if got := decode(t, result).PID; got != pid {
		t.Errorf("process %d served the first invocation, want %d, which Init started", got, pid)
	}
	if result.InitDuration <= 0 {
		t.Errorf("the first invocation reports init %v", result.InitDuration)
	}
}

func TestInitRefusesWhatInvokeWouldWaitFor(t *testing.T) {
	f := start(t, Config{MaxEnvironments: 1})
	if err := f.Init(); err != nil {
		t.Fatal(err)
	}
	want := `function "fixture": 1 environments run already, as many as MaxEnvironments allows`
	if err := f.Init(); err == nil || err.Error() != want {
		t.Errorf("beyond the limit got %v, want %s", err, want)
	}
	f.Close()
	if err := f.Init(); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close got %v, want ErrClosed", err)
	}
}

func TestCloseEndsAnInit(t *testing.T) {
	f := start(t, Config{Env: map[string]string{"INIT": "hang"}})
	errs := make(chan error)
	go func() { errs <- f.Init() }()
	eventually(t, "the process is there", func() bool {
		f.mu.Lock()
		defer f.mu.Unlock()
		for e := range f.environments {
			return e.pid != 0
		}
		return false
	})
	f.Close()
	if err := <-errs; !errors.Is(err, ErrClosed) {
		t.Errorf("got %v, want ErrClosed", err)
	}
}

func TestFreezeStopsProcessesUntilTheirNextInvocation(t *testing.T) {
	f := start(t, Config{})
	if err := f.Init(); err != nil {
		t.Fatal(err)
	}
	for _, moment := range []string{"init", "an invocation", "another"} {
		f.Freeze()
		f.mu.Lock()
		pid := f.idle[0].pid
		f.mu.Unlock()
		eventually(t, "the process is stopped after "+moment, func() bool { return processState(pid)[:1] == "T" })
		if served := ask(t, f, `{}`).PID; served != pid {
			t.Errorf("after %s process %d served, want %d, which was frozen", moment, served, pid)
		}
	}
}

func TestFreezeWaitsForTheInvocationUnderWay(t *testing.T) {
	f, g := start(t, Config{}), newGate(t)
	result := make(chan int)
	go func() { result <- ask(t, f, `{"url":"`+g.url+`"}`).PID }()
	<-g.arrived
	frozen := make(chan struct{})
	go func() {
		f.Freeze()
		close(frozen)
	}()
	select {
	case <-frozen:
		t.Error("Freeze returned while an invocation was under way")
	case <-time.After(100 * time.Millisecond):
	}
	close(g.open)
	pid := <-result
	<-frozen
	eventually(t, "the process is stopped", func() bool { return strings.HasPrefix(processState(pid), "T") })
}

func TestCloseLeavesNoProcess(t *testing.T) {
	f, g := start(t, Config{}), newGate(t)
	idle := ask(t, f, `{}`)
	errs := make(chan error)
	for range 2 {
		go func() {
			_, err := f.Invoke(t.Context(), []byte(`{"url":"`+g.url+`"}`))
			errs <- err
		}()
		<-g.arrived
	}
	if idle.PGID != idle.PID || idle.PGID == syscall.Getpgrp() {
		t.Errorf("process %d is in group %d, not in one of its own", idle.PID, idle.PGID)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	for range 2 {
		if err := <-errs; !errors.Is(err, ErrClosed) {
			t.Errorf("an invocation under way got error %v", err)
		}
	}
	if err := syscall.Kill(idle.PID, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("process %d is still there: %v", idle.PID, err)
	}
	if _, err := f.Invoke(t.Context(), []byte(`{}`)); !errors.Is(err, ErrClosed) {
		t.Errorf("Invoke after Close gives error %v", err)
	}
	if err := f.Close(); err != nil {
		t.Errorf("a second Close gives %v", err)
	}
}

func TestCloseLetsAnExtensionSayGoodbye(t *testing.T) {
	for _, freeze := range []bool{false, true} {
		t.Run(fmt.Sprintf("freeze %v", freeze), func(t *testing.T) {
			var output bytes.Buffer
			f := start(t, Config{Freeze: freeze, Output: &output, Env: map[string]string{"SIGTERM": "yes"}})
			ask(t, f, `{}`)
			f.Close()
			if output.String() != "goodbye\n" {
				t.Errorf("on SIGTERM the function wrote %q", output.String())
			}
		})
	}
}

// parentVariable gives the bootstrap to a second run of this test binary.
const parentVariable = "RUNTIMEAPI_TEST_PARENT"

func TestProcessesEndWithTheirParent(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux ends a child whose parent was killed")
	}
	if os.Getenv(parentVariable) != "" {
		f := start(t, Config{Freeze: true})
		fmt.Println(ask(t, f, `{}`).PID)
		select {}
	}
	parent := exec.Command(os.Args[0], "-test.run=^TestProcessesEndWithTheirParent$")
	parent.Env = append(os.Environ(), parentVariable+"="+bootstrap)
	stdout, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	var pid int
	if _, err := fmt.Fscan(stdout, &pid); err != nil {
		t.Fatal(err)
	}
	parent.Process.Kill()
	parent.Wait()
	eventually(t, "the function's process is gone", func() bool {
		state := processState(pid)
		return state == "" || strings.HasPrefix(state, "Z") // nobody may be there to reap an orphan
	})
}

func TestOutputComesInWholeLines(t *testing.T) {
	const parallel, lines = 4, 50
	f := start(t, Config{MaxEnvironments: parallel, Output: wholeLines{t}})
	text := strings.Repeat(strings.Repeat("a", 300)+`\n`, lines) + "and the rest"
	var callers sync.WaitGroup
	for range parallel {
		callers.Go(func() { invoke(t, f, `{"do":"print","text":"`+text+`"}`) })
	}
	callers.Wait()
	f.Close()
}

type wholeLines struct{ t *testing.T }

func (w wholeLines) Write(p []byte) (int, error) {
	if line := string(p); line != strings.Repeat("a", 300)+"\n" && line != "and the rest\n" &&
		!strings.HasPrefix(line, "and the rest") {
		w.t.Errorf("a line of %d bytes: %q", len(line), line)
	}
	return len(p), nil
}

func TestCallsInTheWrongStateAreRefused(t *testing.T) {
	f := start(t, Config{})
	tests := []struct{ name, call, want string }{
		{"next while an invocation runs", "GET /2018-06-01/runtime/invocation/next",
			`{"answer":{"errorMessage":"next is not allowed in state Running","errorType":"InvalidStateTransition"},"status":403}`},
		{"a response to another invocation", "POST /2018-06-01/runtime/invocation/other/response {}",
			`{"answer":{"errorMessage":"Invalid request ID","errorType":"InvalidRequestID"},"status":400}`},
		{"an error of another invocation", "POST /2018-06-01/runtime/invocation/other/error {}",
			`{"answer":{"errorMessage":"Invalid request ID","errorType":"InvalidRequestID"},"status":400}`},
		{"an init error after the init", "POST /2018-06-01/runtime/init/error {}",
			`{"answer":{"errorMessage":"init/error is not allowed in state Running","errorType":"InvalidStateTransition"},"status":403}`},
		{"an extension that wants events", `POST /2020-01-01/extension/register {"events":["INVOKE"]}`,
			`{"answer":{"errorMessage":"this Runtime API sends no extension events, not [INVOKE] either: register without events","errorType":"InvalidEventType"},"status":403}`},
		{"an extension that wants none", `POST /2020-01-01/extension/register {"events":[]}`,
			`{"answer":{"functionName":"fixture","functionVersion":"$LATEST","handler":"bootstrap"},"status":200}`},
		{"extension events without an identifier", `GET /2020-01-01/extension/event/next`,
			`{"answer":{"errorMessage":"the header Lambda-Extension-Identifier is missing","errorType":"Extension.MissingHeader"},"status":403}`},
		{"a call that does not exist", "GET /2018-06-01/runtime/exit", `{"answer":404,"status":404}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			event, _ := json.Marshal(map[string]string{"do": "call", "text": test.call})
			if got := string(invoke(t, f, string(event)).Payload); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
	t.Run("a second answer to the same invocation", func(t *testing.T) {
		result := invoke(t, f, `{"do":"call","text":"POST /2018-06-01/runtime/invocation/ID/response \"first\""}`)
		if string(result.Payload) != `"first"` {
			t.Errorf("the invocation was answered with %s, want the first answer", result.Payload)
		}
	})
}

func TestStartRefuses(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, mode os.FileMode, content []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	text := write("text", 0o755, []byte("hello"))
	plain := write("plain", 0o644, []byte("#!/bin/sh"))
	riscv := write("riscv", 0o755, elfHeader(243))
	machine := runtime.GOOS + "/" + runtime.GOARCH
	fix := fmt.Sprintf("build it for this machine (GOOS=%s GOARCH=%s go build)", runtime.GOOS, runtime.GOARCH)
	tests := []struct {
		name string
		cfg  Config
		want string
	}{
		{"no name", Config{Bootstrap: bootstrap}, `the name is missing`},
		{"no bootstrap", Config{Name: "f"}, `the path of the bootstrap is missing`},
		{"a bootstrap that does not exist", Config{Name: "f", Bootstrap: dir + "/none"}, dir + `/none does not exist: build it first (go build -o ` + dir + `/none)`},
		{"a folder", Config{Name: "f", Bootstrap: dir}, dir + ` is not a file: give the path of the executable itself`},
		{"a file that is not executable", Config{Name: "f", Bootstrap: plain}, plain + ` is not executable: chmod +x ` + plain},
		{"a text", Config{Name: "f", Bootstrap: text}, text + `: not an executable; ` + fix},
		{"a bootstrap for another machine", Config{Name: "f", Bootstrap: riscv}, riscv + ` is for linux/riscv64, this machine is ` + machine + `: ` + fix},
		{"a reserved variable", Config{Name: "f", Bootstrap: bootstrap, Env: map[string]string{"AWS_REGION": "x"}}, `variable AWS_REGION is reserved by Lambda: choose another name`},
		{"a malformed variable", Config{Name: "f", Bootstrap: bootstrap, Env: map[string]string{"A-B": "x"}}, `variable name "A-B" is not allowed: it must start with a letter and have at least two characters, all of them letters, digits or underscores`},
		{"more than 4 KB of variables", Config{Name: "f", Bootstrap: bootstrap, Env: map[string]string{"LARGE": strings.Repeat("x", 4092)}}, `the variables have 4097 bytes, Lambda allows 4096 (4 KB)`},
		{"a timeout out of range", Config{Name: "f", Bootstrap: bootstrap, Timeout: time.Hour}, `timeout 1h0m0s is out of range: Lambda allows up to 15m0s`},
		{"a log format", Config{Name: "f", Bootstrap: bootstrap, LogFormat: "XML"}, `log format "XML" is unknown: use Text or JSON`},
		{"two mistakes at once", Config{Name: "f", Timeout: -1}, "timeout -1ns is out of range: Lambda allows up to 15m0s\nthe path of the bootstrap is missing"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := Start(test.cfg)
			if want := fmt.Sprintf("function %q: %s", test.cfg.Name, test.want); err == nil || err.Error() != want {
				t.Errorf("got  %v\nwant %s", err, want)
			}
		})
	}
}

func TestExecutableTargets(t *testing.T) {
	tests := []struct {
		name   string
		header []byte
		want   string
	}{
		{"ELF for x86-64", elfHeader(62), "[linux/amd64]"},
		{"ELF for AArch64", elfHeader(183), "[linux/arm64]"},
		{"Mach-O for arm64", machoHeader(0x0100000c), "[darwin/arm64]"},
		{"Mach-O for x86-64", machoHeader(0x01000007), "[darwin/amd64]"},
		{"a script", []byte("#!/bin/sh\n"), "[]"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := executableTargets(bytes.NewReader(test.header))
			if err != nil || fmt.Sprint(got) != test.want {
				t.Errorf("got %v, %v, want %s", got, err, test.want)
			}
		})
	}
}

// elfHeader is a 64-bit little-endian ELF executable with nothing in it.
func elfHeader(machine uint16) []byte {
	h := make([]byte, 64)
	copy(h, "\x7fELF\x02\x01\x01")
	binary.LittleEndian.PutUint16(h[16:], 2) // ET_EXEC
	binary.LittleEndian.PutUint16(h[18:], machine)
	binary.LittleEndian.PutUint32(h[20:], 1)  // EV_CURRENT
	binary.LittleEndian.PutUint16(h[52:], 64) // size of this header
	binary.LittleEndian.PutUint16(h[54:], 56) // size of a program header
	binary.LittleEndian.PutUint16(h[58:], 64) // size of a section header
	return h
}

// machoHeader is a 64-bit Mach-O executable with nothing in it.
func machoHeader(cpu uint32) []byte {
	h := make([]byte, 32)
	binary.LittleEndian.PutUint32(h[0:], 0xfeedfacf)
	binary.LittleEndian.PutUint32(h[4:], cpu)
	binary.LittleEndian.PutUint32(h[12:], 2) // MH_EXECUTE
	return h
}

// processState is the letter that ps shows (T: stopped, Z: ended), "" if there
// is no such process.
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
