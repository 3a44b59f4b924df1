package runtimeapi

import (
	"errors"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

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

func TestAFailedInitIsTheAnswerToTheFirstInvocationAndTheErrorOfInit(t *testing.T) {
	tests := []struct {
		name, init string
		payload    string // a pattern
	}{
		{"exits", "exit", exited + `Runtime exited with error: exit status 3"}$`},
		{"hangs", "hang", timedOut + `Task timed out after 0.05 seconds"}$`},
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
			pattern = regexp.MustCompile(`^function "fixture": init failed: ` +
				strings.ReplaceAll(test.payload, "ID", "[0-9a-f-]{36}"))
			if err := f.Init(); err == nil || !pattern.MatchString(err.Error()) {
				t.Errorf("Init gives %v, want an error like %s", err, pattern)
			}
		})
	}
}

func TestAFailedInitIsTriedOnceMore(t *testing.T) {
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

func TestInitFailsBeyondMaxEnvironmentsAndAfterClose(t *testing.T) {
	f := start(t, Config{MaxEnvironments: 1})
	if err := f.Init(); err != nil {
		t.Fatal(err)
	}
	want := `function "fixture": MaxEnvironments allows no more than 1`
	if err := f.Init(); err == nil || err.Error() != want {
		t.Errorf("beyond the limit got %v, want %s", err, want)
	}
	f.Close()
	if err := f.Init(); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close got %v, want ErrClosed", err)
	}
}

func TestConfigFreezeStopsTheProcessBetweenInvocations(t *testing.T) {
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
		eventually(t, "the process is stopped after "+moment, func() bool {
			return strings.HasPrefix(processState(pid), "T")
		})
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
