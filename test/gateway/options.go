package gateway

import (
	"io"
	"time"
)

// Options say how to serve an assembly. The zero value serves its only API.
type Options struct {
	// API chooses a REST API by LOGICALID or STACK/LOGICALID, where the assembly has more
	// than one.
	API string
	// Stage chooses a stage by name, where the API has more than one.
	Stage string
	// Env is set in every function, over the values of the template.
	Env map[string]string
	// AWS are variables in place of the functions' made-up credentials: see
	// runtimeapi.Config.
	AWS map[string]string
	// Parameters are values for the templates' parameters, over their defaults. A
	// parameter whose value CloudFormation reads from SSM gets the value that SSM has.
	Parameters map[string]string
	// Output receives the functions' stdout and stderr in whole lines, never two at once;
	// discarded if nil.
	Output io.Writer
	// Freeze stops processes between invocations: see runtimeapi.Config.
	Freeze bool
	// MaxEnvironments limits the processes of each function: see runtimeapi.Config.
	MaxEnvironments int
	// Log is called once per request when it is finished, never twice at once.
	Log func(Record)
	// Now is the clock of cache expiry, throttling and event times; time.Now if nil.
	Now func() time.Time
	// Region and AccountID are used in place of those of the assembly's environment, or
	// else of us-east-1 and 123456789012.
	Region, AccountID string
}
