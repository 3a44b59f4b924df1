package runtimeapi

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/google/uuid"
)

// The states of an environment, in the order it goes through them; from responded it
// returns to idle or to invoking.
type state int

const (
	starting  state = iota // the process has not asked for work yet
	idle                   // it waits in /next
	invoking               // it has an event and has not answered
	responded              // it has answered and not asked for more
	ending                 // it is being killed or shut down
)

func (s state) String() string {
	return [...]string{"Starting", "Ready", "Running", "ResponseSent", "Ending"}[s]
}

// An environment is one process and a Runtime API for it alone: by the listener it is
// known which process a call comes from. Fields below function are guarded by
// function.mu.
type environment struct {
	function *Function

	state    state
	work     chan *invocation // holds the one invocation handed out
	polling  bool             // a call of /next is open
	current  *invocation      // in the states invoking and responded
	timer    *time.Timer      // of the init or of the current invocation
	pid      int              // 0 while there is no process
	frozen   bool
	extended bool // an extension has registered

	attempt      int       // of the init: the second one runs inside the first invocation
	started      time.Time // of this attempt
	initDuration time.Duration
	initError    json.RawMessage // what the runtime reported to /init/error
	timedOut     bool            // the timer ended this process
	initFailed   error           // why the process never asked for work
}

func newEnvironment(f *Function) *environment {
	return &environment{function: f, work: make(chan *invocation, 1)}
}

// run is the life of the environment, from the start of its process to its end.
func (e *environment) run() {
	f := e.function
	defer f.running.Done()

	// Linux sends the parent-death signal when the thread that started the child ends,
	// not the process. So this goroutine keeps its thread until then; it only waits
	// anyway.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		e.exited("", fmt.Errorf("listen for the runtime API: %w", err))
		return
	}
	server := &http.Server{Handler: e.handler()}
	served := make(chan struct{})
	go func() {
		defer close(served)
		server.Serve(listener)
	}()
	defer func() {
		server.Close() // ends the calls that still wait in /next
		<-served
	}()

	variables := append(f.variables[:len(f.variables):len(f.variables)],
		"AWS_LAMBDA_RUNTIME_API="+listener.Addr().String(),
		"AWS_LAMBDA_LOG_STREAM_NAME="+logStream(time.Now()))

	for again := true; again; {
		exit, err := e.runProcess(variables)
		again = e.exited(exit, err)
	}
}

// runProcess starts the bootstrap, waits for its end, and says how it ended ("exit status
// 1", "signal: killed"). The error is why it could not start.
func (e *environment) runProcess(variables []string) (exit string, err error) {
	f := e.function
	cmd := exec.Command(f.cfg.Bootstrap)
	cmd.Dir = filepath.Dir(f.cfg.Bootstrap)
	cmd.Env = variables
	output := f.output.stream()
	defer output.Close()
	cmd.Stdout, cmd.Stderr = output, output // the same writer: one pipe, order kept
	cmd.SysProcAttr = processAttributes()
	// A process that the function left behind could hold the pipe open.
	cmd.WaitDelay = time.Second

	f.mu.Lock()
	if f.closed {
		f.mu.Unlock()
		return "", ErrClosed
	}
	if err := cmd.Start(); err != nil {
		f.mu.Unlock()
		return "", fmt.Errorf("start %s: %w", f.cfg.Bootstrap, err)
	}
	e.pid = cmd.Process.Pid
	e.attempt++
	e.started = time.Now()
	limit := f.initLimit
	if e.attempt > 1 {
		limit = f.cfg.Timeout
	}
	e.timer = time.AfterFunc(limit, func() { e.initTimeout(cmd.Process.Pid) })
	f.mu.Unlock()

	cmd.Wait() // what it would report is in ProcessState
	f.mu.Lock()
	defer f.mu.Unlock()
	e.timer.Stop()
	e.signal(syscall.SIGKILL) // what the process started and left in its group
	e.pid = 0
	return cmd.ProcessState.String(), nil
}

// exited answers the invocation that waits for the process, which has ended, and reports
// whether to start it again.
func (e *environment) exited(exit string, startErr error) (again bool) {
	f := e.function
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.closed:
		e.initFailed = ErrClosed
		e.finish(outcome{err: ErrClosed})
	case startErr != nil:
		e.initFailed = startErr
		f.fail(func(*invocation) outcome { return outcome{err: startErr} })
	case e.state == starting && e.attempt == 1:
		// A failed init is tried once more, inside the first invocation.
		e.timedOut = false
		e.initError = nil
		return true
	case e.state == starting:
		e.initFailed = fmt.Errorf("init failed: %s", e.failure(&invocation{id: uuid.NewString()}, exit).result.Payload)
		f.fail(func(inv *invocation) outcome { return e.failure(inv, exit) })
	case e.current != nil:
		e.finish(e.failure(e.current, exit))
	}
	e.state = ending
	f.remove(e)
	return false
}

// failure is the outcome of an invocation whose process ended, with the error payloads of
// Lambda.
func (e *environment) failure(inv *invocation, exit string) outcome {
	failed := func(errorType, format string, args ...any) []byte {
		return errorPayload(errorType, "RequestId: "+inv.id+" Error: "+fmt.Sprintf(format, args...))
	}
	var payload []byte
	switch {
	case e.timedOut:
		payload = failed("Sandbox.Timedout", "Task timed out after %.2f seconds", e.function.cfg.Timeout.Seconds())
	case e.initError != nil:
		payload = e.initError
	case exit == "exit status 0":
		payload = failed("Runtime.ExitError", "Runtime exited without providing a reason")
	default:
		payload = failed("Runtime.ExitError", "Runtime exited with error: %s", exit)
	}
	return outcome{result: e.result(inv, payload, unhandled)}
}

// unhandled is what Lambda answers in X-Amz-Function-Error for every failure of a
// function on an OS-only runtime.
const unhandled = "Unhandled"

func (e *environment) result(inv *invocation, payload []byte, functionError string) Result {
	r := Result{Payload: payload, FunctionError: functionError, RequestID: inv.id}
	if !inv.started.IsZero() {
		r.Duration = time.Since(inv.started)
		r.InitDuration = e.initDuration
		e.initDuration = 0 // only the first invocation reports it
	}
	return r
}

// deliver hands inv to the process, which waits in /next or is just arriving there.
func (e *environment) deliver(inv *invocation) {
	inv.started = time.Now()
	inv.deadline = inv.started.Add(e.function.cfg.Timeout)
	if e.state == starting && e.attempt > 1 {
		inv.deadline = e.started.Add(e.function.cfg.Timeout) // the repeated init is part of it
	}
	e.state = invoking
	e.current = inv
	e.timer = time.AfterFunc(time.Until(inv.deadline), func() { e.invocationTimeout(inv) })
	e.thaw()
	e.work <- inv
}

// finish answers the current invocation, once.
func (e *environment) finish(o outcome) {
	if e.state == invoking {
		e.current.done <- o
		e.state = responded
	}
}

// invocationTimeout kills a process that did not answer in time, or that answered and did
// not ask for the next event.
func (e *environment) invocationTimeout(inv *invocation) {
	e.function.mu.Lock()
	defer e.function.mu.Unlock()
	if e.current == inv && e.state != ending {
		e.timedOut = true
		e.signal(syscall.SIGKILL) // exited does the rest
	}
}

func (e *environment) initTimeout(pid int) {
	e.function.mu.Lock()
	defer e.function.mu.Unlock()
	if e.state == starting && e.pid == pid {
		e.timedOut = true
		e.signal(syscall.SIGKILL)
	}
}

// shutdown ends the process as Lambda's shutdown phase does.
func (e *environment) shutdown() {
	if !e.extended {
		e.signal(syscall.SIGKILL)
		return
	}
	e.signal(syscall.SIGTERM)
	e.thaw() // a stopped process sees no SIGTERM
	pid := e.pid
	time.AfterFunc(shutdownLimit, func() {
		e.function.mu.Lock()
		defer e.function.mu.Unlock()
		if e.pid == pid {
			e.signal(syscall.SIGKILL)
		}
	})
}

func (e *environment) freeze() {
	e.signal(syscall.SIGSTOP)
	e.frozen = true
}

func (e *environment) thaw() {
	if e.frozen {
		e.signal(syscall.SIGCONT)
		e.frozen = false
	}
}

// signal sends s to the whole process group: the process and what it started.
func (e *environment) signal(s syscall.Signal) {
	if e.pid != 0 {
		syscall.Kill(-e.pid, s) // ESRCH: it is gone already
	}
}

func errorPayload(errorType, message string) []byte {
	payload, _ := json.Marshal(struct { // two strings: cannot fail
		Type    string `json:"errorType"`
		Message string `json:"errorMessage"`
	}{errorType, message})
	return payload
}

// logStream is the name of an environment's log stream: 2006/01/02/[$LATEST]32 hex
// digits.
func logStream(now time.Time) string {
	return now.UTC().Format("2006/01/02/") + "[$LATEST]" + strings.ReplaceAll(uuid.NewString(), "-", "")
}
