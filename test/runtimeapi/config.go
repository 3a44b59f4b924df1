package runtimeapi

import (
	"errors"
	"fmt"
	"io"
	"time"
)

// Limits of the Lambda service
// (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html).
const (
	// MaxPayload is the largest event and the largest response of a synchronous
	// invocation, in bytes: 6 MB and the 100 bytes that the service adds.
	MaxPayload = 6<<20 + 100
	// MaxTimeout is the longest timeout that a function can have.
	MaxTimeout = 15 * time.Minute
	// MaxVariables is the size, in bytes, of all names and values of a function's own
	// environment variables together.
	MaxVariables = 4 << 10

	// initLimit is how long a process may take to ask for its first invocation.
	initLimit = 10 * time.Second
	// shutdownLimit is what a function with a registered extension gets between SIGTERM
	// and SIGKILL; without an extension Lambda sends SIGKILL at once
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

// Config describes a function. Only Name and Bootstrap are required.
type Config struct {
	// Name is the function's name: part of its ARN, its log group and its variable
	// AWS_LAMBDA_FUNCTION_NAME.
	Name string
	// Bootstrap is the path of the executable. Its folder is the process's working
	// directory and LAMBDA_TASK_ROOT, as /var/task is on AWS.
	Bootstrap string
	// Handler becomes _HANDLER; "bootstrap" if empty.
	Handler string
	// Env holds the function's own variables. Names that Lambda reserves are refused by
	// Start. Nothing of the current process's environment is passed on.
	Env map[string]string
	// Timeout ends an invocation and its process; 3 s if zero, at most MaxTimeout.
	Timeout time.Duration
	// MemorySize in MB is passed to the function, not enforced; 128 if zero.
	MemorySize int
	// MaxEnvironments is how many processes may run at once; 10 if zero. Invocations
	// beyond it wait for a free process in the order they came: AWS would throttle them,
	// but only at a thousand, and a 429 from a laptop's limit would say nothing about the
	// function.
	MaxEnvironments int
	// Freeze stops a process (SIGSTOP) while it has no invocation, as Lambda freezes an
	// environment: no goroutine or timer runs, and connections are not served.
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
	// Output receives what the processes write to stdout and stderr, in whole lines, one
	// Write per line, never two at once; discarded if nil.
	Output io.Writer
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
