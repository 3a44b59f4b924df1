// Package runtimeapi runs one Lambda function on this machine: its compiled bootstrap,
// started as real processes behind a real Lambda Runtime API
// (https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html).
//
//	config := runtimeapi.Config{Name: "hello", Bootstrap: "build/hello/bootstrap"}
//	f, err := runtimeapi.Start(config)
//	if err != nil { … }
//	defer f.Close()
//	result, err := f.Invoke(ctx, []byte(`{"name":"Ada"}`))
//
// It keeps the contract that a function can observe: an environment built from nothing
// but the configuration, one invocation at a time per process, more processes under
// parallel load, processes kept and reused, the init limit of ten seconds, the function's
// own timeout, the 6 MB payload limit, the error payloads of a crash and of a timeout,
// and (with Freeze) processes that are frozen between invocations.
//
// It is not a sandbox and not an emulator of the Lambda service. Functions run as the
// current user, with this machine's files and network. MemorySize is passed to the
// function but not enforced. Response streaming, extensions that subscribe to events,
// container images, layers and versions are not supported. It runs on Linux and macOS.
package runtimeapi

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
)

// ErrClosed is returned by Invoke and Init when the function was closed before the
// invocation or the init was finished.
var ErrClosed = errors.New("function is closed")

// ErrPayloadTooLarge is returned by Invoke for an event of more than MaxPayload bytes.
// AWS answers 413 RequestTooLargeException and does not run the function.
var ErrPayloadTooLarge = fmt.Errorf("event is larger than %d bytes", MaxPayload)

// Result is what Lambda's Invoke API answers for one invocation.
type Result struct {
	// Payload is the handler's response, or the error as JSON
	// ({"errorMessage":…,"errorType":…}) if FunctionError is set.
	Payload []byte
	// FunctionError is empty on success and "Unhandled" if the function failed: returned
	// an error, panicked, exited, timed out, could not be initialised.
	FunctionError string
	// RequestID identifies the invocation, for the function too.
	RequestID string
	// InitDuration is how long the process took from its start to its first request for
	// work, in the first invocation it serves; else zero.
	InitDuration time.Duration
	// Duration is the time from handing out the event to the response. Waiting for a free
	// process and InitDuration are not part of it.
	Duration time.Duration
}

// Function is a function that can be invoked. Its methods may be called from many
// goroutines.
type Function struct {
	cfg       Config
	arn       string
	variables []string
	output    lineWriter
	initLimit time.Duration // initLimit, but for tests

	// mu guards everything below and the state of every environment. The sections are
	// short, and with one lock there is no lock order to keep.
	mu           sync.Mutex
	environments map[*environment]struct{} // every process that is not yet gone
	idle         []*environment            // waiting for work, the latest used last
	changed      *sync.Cond                // signalled when an environment asks for work or is gone
	queue        []*invocation             // waiting for a process, the oldest first
	closed       bool

	running sync.WaitGroup // one per environment
}

// Start checks the configuration and the executable and returns the function. No process
// runs before the first invocation, as on AWS. The error names everything that is wrong:
// a bootstrap that is missing, not executable or built for another machine; a reserved or
// malformed variable name; more than MaxVariables bytes of variables; values out of
// range.
func Start(cfg Config) (*Function, error) {
	cfg = withDefaults(cfg)
	err := check(cfg)
	if err == nil {
		// The process starts in the bootstrap's folder: a relative path would miss it.
		cfg.Bootstrap, err = filepath.Abs(cfg.Bootstrap)
	}
	if err != nil {
		return nil, fmt.Errorf("function %q: %w", cfg.Name, err)
	}
	f := &Function{
		cfg:          cfg,
		arn:          fmt.Sprintf("arn:aws:lambda:%s:%s:function:%s", cfg.Region, cfg.AccountID, cfg.Name),
		variables:    variables(cfg),
		output:       lineWriter{w: cfg.Output},
		initLimit:    initLimit,
		environments: map[*environment]struct{}{},
	}
	f.changed = sync.NewCond(&f.mu)
	return f, nil
}

// Init starts one more process without an invocation and waits until its init is over, as
// Lambda does for provisioned concurrency and now and then for on-demand functions
// (https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html#runtimes-lifecycle-ib).
// The process then serves the next Invoke, whose Result has the InitDuration.
//
// An init that fails, or takes longer than ten seconds, is tried once more, for at most
// Config.Timeout, as in a first invocation. The error says how the second one failed, or
// that MaxEnvironments processes run already, or is ErrClosed.
func (f *Function) Init() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return fmt.Errorf("function %q: %w", f.cfg.Name, ErrClosed)
	}
	if len(f.environments) >= f.cfg.MaxEnvironments {
		return fmt.Errorf("function %q: MaxEnvironments allows no more than %d", f.cfg.Name, f.cfg.MaxEnvironments)
	}
	e := f.startEnvironment()
	for e.state == starting {
		f.changed.Wait()
	}
	if e.initFailed != nil {
		return fmt.Errorf("function %q: %w", f.cfg.Name, e.initFailed)
	}
	return nil
}

// Freeze waits until every process has ended its init or invocation and asked for the
// next event, and then stops it (SIGSTOP), as Lambda freezes an environment without an
// event
// (https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html#runtimes-lifecycle).
// Each runs again (SIGCONT) with its next invocation. With Config.Freeze this happens by
// itself; this method is for tests that need to know when it has happened.
func (f *Function) Freeze() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for len(f.idle) < len(f.environments) {
		f.changed.Wait()
	}
	for _, e := range f.idle {
		e.freeze()
	}
}

// Invoke runs the function once and returns its answer. Its process serves no other
// invocation meanwhile. A function that fails is a Result with FunctionError set. The
// error is not nil only if there is no answer: ErrPayloadTooLarge, ErrClosed, a process
// that could not be started, or ctx's error. As on AWS, an invocation whose caller goes
// away runs to its end.
func (f *Function) Invoke(ctx context.Context, payload []byte) (Result, error) {
	if len(payload) > MaxPayload {
		return Result{}, fmt.Errorf("function %q: %w", f.cfg.Name, ErrPayloadTooLarge)
	}
	inv := &invocation{
		id:      uuid.NewString(),
		traceID: traceID(ctx),
		payload: payload,
		done:    make(chan outcome, 1),
	}
	f.mu.Lock()
	f.submit(inv)
	f.mu.Unlock()

	select {
	case o := <-inv.done:
		if o.err != nil {
			return Result{}, fmt.Errorf("function %q: %w", f.cfg.Name, o.err)
		}
		return o.result, nil
	case <-ctx.Done():
		f.mu.Lock()
		f.queue = slices.DeleteFunc(f.queue, func(q *invocation) bool { return q == inv })
		f.mu.Unlock()
		return Result{}, ctx.Err()
	}
}

// Close ends every process and waits until all are gone. Invocations under way fail with
// ErrClosed. Close may be called more than once.
func (f *Function) Close() error {
	f.mu.Lock()
	f.closed = true
	for _, inv := range f.queue {
		inv.done <- outcome{err: ErrClosed}
	}
	f.queue = nil
	for e := range f.environments {
		e.shutdown()
	}
	f.mu.Unlock()
	f.running.Wait()
	return nil
}

// An invocation is one call of Invoke on its way through a process.
type invocation struct {
	id      string
	traceID string
	payload []byte
	done    chan outcome // holds one, so that sending never blocks

	started  time.Time // when the event was handed out
	deadline time.Time
}

type outcome struct {
	result Result
	err    error
}

// submit gives inv to an idle process, or queues it and starts one more process if the
// limit allows. The process that is free first serves the head of the queue, also if
// another one was started for it.
func (f *Function) submit(inv *invocation) {
	if f.closed {
		inv.done <- outcome{err: ErrClosed}
		return
	}
	if last := len(f.idle) - 1; last >= 0 {
		// The latest used first: the rest stay idle, as on AWS.
		e := f.idle[last]
		f.idle = f.idle[:last]
		e.deliver(inv)
		return
	}
	f.queue = append(f.queue, inv)
	f.grow()
}

// grow starts a process if an invocation waits for one and the limit allows. Processes
// that still start, or have answered but not yet asked for the next event, count as free
// soon: otherwise invocations one right after the other would start a second process.
func (f *Function) grow() {
	soon := 0
	for e := range f.environments {
		if e.state == starting || e.state == responded {
			soon++
		}
	}
	if len(f.queue) > soon && len(f.environments) < f.cfg.MaxEnvironments && !f.closed {
		f.startEnvironment()
	}
}

// startEnvironment starts one more process.
func (f *Function) startEnvironment() *environment {
	e := newEnvironment(f)
	f.environments[e] = struct{}{}
	f.running.Add(1)
	go e.run()
	return e
}

// release gives a process that asks for work the head of the queue, or makes it idle.
func (f *Function) release(e *environment) {
	defer f.changed.Broadcast()
	if len(f.queue) > 0 {
		inv := f.queue[0]
		f.queue = f.queue[1:]
		e.deliver(inv)
		return
	}
	e.state = idle
	if f.cfg.Freeze {
		e.freeze()
	}
	f.idle = append(f.idle, e)
}

// fail answers the queue's head with what kept a process from starting. The next in the
// queue gets a process of its own.
func (f *Function) fail(o func(*invocation) outcome) {
	if len(f.queue) == 0 {
		return
	}
	inv := f.queue[0]
	f.queue = f.queue[1:]
	inv.done <- o(inv)
}

// remove forgets a process that is gone and replaces it if an invocation waits.
func (f *Function) remove(e *environment) {
	delete(f.environments, e)
	f.idle = slices.DeleteFunc(f.idle, func(i *environment) bool { return i == e })
	f.changed.Broadcast()
	f.grow()
}

type traceKey struct{}

// WithTraceID returns a context whose invocations carry id as their X-Ray trace header
// (Root=…;Parent=…;Sampled=…): the function finds it in its context and in
// _X_AMZN_TRACE_ID. Without it every invocation gets a new, unsampled one.
func WithTraceID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, traceKey{}, id)
}

func traceID(ctx context.Context) string {
	if id, ok := ctx.Value(traceKey{}).(string); ok {
		return id
	}
	id := uuid.New()
	return fmt.Sprintf("Root=1-%08x-%x;Parent=%x;Sampled=0", time.Now().Unix(), id[:12], id[8:])
}
