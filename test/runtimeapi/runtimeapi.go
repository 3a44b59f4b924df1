// Package runtimeapi runs one Lambda function on this machine: its compiled
// bootstrap, started as real processes behind a real Lambda Runtime API
// (https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html).
//
//	f, err := runtimeapi.Start(runtimeapi.Config{Name: "hello", Bootstrap: "build/hello/bootstrap"})
//	if err != nil { … }
//	defer f.Close()
//	result, err := f.Invoke(ctx, []byte(`{"name":"Ada"}`))
//
// It keeps the contract that a function can observe: an environment built from
// nothing but the configuration, one invocation at a time per process, more
// processes under parallel load, processes kept and reused, the init limit of
// ten seconds, the function's own timeout, the 6 MB payload limit, the error
// payloads of a crash and of a timeout, and (with Freeze) processes that stand
// still between invocations.
//
// It is not a sandbox and not an emulator of the Lambda service. Functions run
// as the current user, with this machine's files and network. MemorySize is
// told to the function but not enforced. Response streaming, extensions that
// subscribe to events, container images, layers and versions are not supported.
// It runs on Linux and macOS.
package runtimeapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
)

// Limits of the Lambda service
// (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html).
const (
	// MaxPayload is the largest event and the largest response of a synchronous
	// invocation, in bytes: 6 MB and the 100 bytes that the service adds.
	MaxPayload = 6<<20 + 100
	// MaxTimeout is the longest timeout that a function can have.
	MaxTimeout = 15 * time.Minute
	// MaxVariables is the size, in bytes, of all names and values of a
	// function's own environment variables together.
	MaxVariables = 4 << 10

	// initLimit is how long a process may take to ask for its first invocation.
	initLimit = 10 * time.Second
	// shutdownLimit is what a function with a registered extension gets between
	// SIGTERM and SIGKILL; without an extension Lambda sends SIGKILL at once
	// (https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html#runtimes-lifecycle-shutdown).
	shutdownLimit = 500 * time.Millisecond
)

// Defaults for what a Config leaves out.
const (
	defaultTimeout         = 3 * time.Second // as on AWS
	defaultMemorySize      = 128             // MB, as on AWS
	defaultMaxEnvironments = 10
	defaultHandler         = "bootstrap"
	defaultRegion          = "us-east-1"
	defaultAccountID       = "123456789012"
	defaultLogFormat       = "Text"
)

// ErrClosed is returned by Invoke when the function was closed before the
// invocation was finished.
var ErrClosed = errors.New("function is closed")

// ErrPayloadTooLarge is returned by Invoke for an event of more than MaxPayload
// bytes. AWS answers 413 RequestTooLargeException and does not run the function.
var ErrPayloadTooLarge = fmt.Errorf("event is larger than %d bytes", MaxPayload)

// Config describes a function. Only Name and Bootstrap are required.
type Config struct {
	// Name is the function's name: part of its ARN, its log group and its
	// variable AWS_LAMBDA_FUNCTION_NAME.
	Name string
	// Bootstrap is the path of the executable. Its folder is the process's
	// working directory and LAMBDA_TASK_ROOT, as /var/task is on AWS.
	Bootstrap string
	// Handler becomes _HANDLER; "bootstrap" if empty.
	Handler string
	// Env holds the function's own variables. Names that Lambda reserves are
	// refused by Start. Nothing of the current process's environment is passed on.
	Env map[string]string
	// Timeout ends an invocation and its process; 3 s if zero, at most MaxTimeout.
	Timeout time.Duration
	// MemorySize in MB is told to the function, not enforced; 128 if zero.
	MemorySize int
	// MaxEnvironments is how many processes may run at once; 10 if zero.
	// Invocations beyond it wait for a free process in the order they came:
	// AWS would throttle them, but only at a thousand, and a 429 from a laptop's
	// limit would say nothing about the function.
	MaxEnvironments int
	// Freeze stops a process (SIGSTOP) while it has no invocation, as Lambda
	// freezes an environment: goroutines, timers and connections stand still.
	Freeze bool
	// Region is the AWS region to appear in; us-east-1 if empty.
	Region string
	// AccountID is the AWS account to appear in; 123456789012 if empty.
	AccountID string
	// LogFormat is "Text" or "JSON" and becomes AWS_LAMBDA_LOG_FORMAT.
	LogFormat string
	// LogLevel becomes AWS_LAMBDA_LOG_LEVEL if it is not empty (JSON format only).
	LogLevel string
	// LogGroup becomes AWS_LAMBDA_LOG_GROUP_NAME; /aws/lambda/NAME if empty.
	LogGroup string
	// Output receives what the processes write to stdout and stderr, in whole
	// lines, one Write per line, never two at once; discarded if nil.
	Output io.Writer
}

// Result is what Lambda's Invoke API answers for one invocation.
type Result struct {
	// Payload is the handler's response, or the error as JSON
	// ({"errorMessage":…,"errorType":…}) if FunctionError is set.
	Payload []byte
	// FunctionError is empty on success and "Unhandled" if the function failed:
	// returned an error, panicked, exited, timed out, could not be initialised.
	FunctionError string
	// RequestID identifies the invocation, for the function too.
	RequestID string
	// InitDuration is how long the process took from its start to its first
	// request for work, in the first invocation it serves; else zero.
	InitDuration time.Duration
	// Duration is the time from handing out the event to the response. Waiting
	// for a free process and InitDuration are not part of it.
	Duration time.Duration
}

// Function is a function that can be invoked. Its methods may be called from
// many goroutines.
type Function struct {
	cfg       Config
	arn       string
	variables []string
	output    lineWriter
	initLimit time.Duration // initLimit, but for tests

	// mu guards everything below and the state of every environment: the
	// sections are short, and one lock leaves no order of locks to get wrong.
	mu           sync.Mutex
	environments map[*environment]struct{} // every process that is not yet gone
	idle         []*environment            // waiting for work, the latest used last
	changed      *sync.Cond                // told when an environment asks for work or is gone
	queue        []*invocation             // waiting for a process, the oldest first
	closed       bool

	running sync.WaitGroup // one per environment
}

// Start checks the configuration and the executable and returns the function.
// No process runs before the first invocation, as on AWS. The error names
// everything that is wrong: a bootstrap that is missing, not executable or
// built for another machine; a reserved or malformed variable name; more than
// MaxVariables bytes of variables; values out of range.
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
		return fmt.Errorf("function %q: %d environments run already, as many as MaxEnvironments allows", f.cfg.Name, len(f.environments))
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

// Freeze waits until every process has ended its init or invocation and asked for the next
// event, and then stops it (SIGSTOP), as Lambda freezes an environment that has nothing to do
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

// Invoke runs the function once on a process of its own for that time and
// returns its answer. A function that fails is a Result with FunctionError set.
// The error is not nil only if there is no answer: ErrPayloadTooLarge,
// ErrClosed, a process that could not be started, or ctx's error. As on AWS,
// an invocation whose caller goes away runs to its end.
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

// Close ends every process and waits until all are gone. Invocations under way
// fail with ErrClosed. Close may be called more than once.
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
	done    chan outcome // holds one, so that nobody ever waits to send

	started  time.Time // when the event was handed out
	deadline time.Time
}

type outcome struct {
	result Result
	err    error
}

// submit gives inv to an idle process, or queues it and starts one more process
// if the limit allows. Whichever process is free first serves the queue's head,
// so a busy one that becomes free does not stand by while another still starts.
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

// grow starts a process if somebody waits for one and the limit allows. It
// counts on those that still start and on those that have answered but not yet
// asked for more (a moment later they do), or else a second process would
// appear for calls that come one right after the other.
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

// release takes a process that asks for work: the queue's head, or idleness.
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

// fail answers the queue's head with what kept a process from starting. The
// next in the queue gets a process of its own.
func (f *Function) fail(o func(*invocation) outcome) {
	if len(f.queue) == 0 {
		return
	}
	inv := f.queue[0]
	f.queue = f.queue[1:]
	inv.done <- o(inv)
}

// remove forgets a process that is gone and replaces it if somebody waits.
func (f *Function) remove(e *environment) {
	delete(f.environments, e)
	f.idle = slices.DeleteFunc(f.idle, func(i *environment) bool { return i == e })
	f.changed.Broadcast()
	f.grow()
}

type traceKey struct{}

// WithTraceID returns a context whose invocations carry id as their X-Ray trace
// header (Root=…;Parent=…;Sampled=…): the function finds it in its context and
// in _X_AMZN_TRACE_ID. Without it every invocation gets a new, unsampled one.
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

func withDefaults(cfg Config) Config {
	set := func(v *string, fallback string) {
		if *v == "" {
			*v = fallback
		}
	}
	set(&cfg.Handler, defaultHandler)
	set(&cfg.Region, defaultRegion)
	set(&cfg.AccountID, defaultAccountID)
	set(&cfg.LogFormat, defaultLogFormat)
	set(&cfg.LogGroup, "/aws/lambda/"+cfg.Name)
	if cfg.Timeout == 0 {
		cfg.Timeout = defaultTimeout
	}
	if cfg.MemorySize == 0 {
		cfg.MemorySize = defaultMemorySize
	}
	if cfg.MaxEnvironments == 0 {
		cfg.MaxEnvironments = defaultMaxEnvironments
	}
	if cfg.Output == nil {
		cfg.Output = io.Discard
	}
	return cfg
}

// check reports everything that is wrong with cfg at once.
func check(cfg Config) error {
	var problems []error
	add := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if cfg.Name == "" {
		add("the name is missing")
	}
	if cfg.Timeout < 0 || cfg.Timeout > MaxTimeout {
		add("timeout %v is out of range: Lambda allows up to %v", cfg.Timeout, MaxTimeout)
	}
	if cfg.MaxEnvironments < 0 {
		add("MaxEnvironments %d is negative", cfg.MaxEnvironments)
	}
	if cfg.LogFormat != "Text" && cfg.LogFormat != "JSON" {
		add("log format %q is unknown: use Text or JSON", cfg.LogFormat)
	}
	problems = append(problems, checkVariables(cfg.Env)...)
	if err := checkBootstrap(cfg.Bootstrap); err != nil {
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}
