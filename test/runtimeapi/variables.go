package runtimeapi

import (
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
)

// version is the only version of a function that runs here.
const version = "$LATEST"

// reserved names cannot be configured: Lambda sets them, or their presence changes how a
// runtime client works
// (https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime).
// AWS refuses them at deployment.
var reserved = map[string]bool{
	"_HANDLER":                        true,
	"_X_AMZN_TRACE_ID":                true,
	"AWS_DEFAULT_REGION":              true,
	"AWS_REGION":                      true,
	"AWS_EXECUTION_ENV":               true,
	"AWS_LAMBDA_FUNCTION_NAME":        true,
	"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": true,
	"AWS_LAMBDA_FUNCTION_VERSION":     true,
	"AWS_LAMBDA_INITIALIZATION_TYPE":  true,
	"AWS_LAMBDA_LOG_FORMAT":           true,
	"AWS_LAMBDA_LOG_GROUP_NAME":       true,
	"AWS_LAMBDA_LOG_LEVEL":            true,
	"AWS_LAMBDA_LOG_STREAM_NAME":      true,
	"AWS_LAMBDA_MAX_CONCURRENCY":      true,
	"AWS_LAMBDA_METADATA_API":         true,
	"AWS_LAMBDA_METADATA_TOKEN":       true,
	"AWS_LAMBDA_RUNTIME_API":          true,
	"AWS_ACCESS_KEY":                  true,
	"AWS_ACCESS_KEY_ID":               true,
	"AWS_SECRET_ACCESS_KEY":           true,
	"AWS_SESSION_TOKEN":               true,
	"LAMBDA_TASK_ROOT":                true,
	"LAMBDA_RUNTIME_DIR":              true,
}

var variableName = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_]+$`)

func checkVariables(env map[string]string) (problems []error) {
	size := 0
	for _, name := range slices.Sorted(maps.Keys(env)) {
		size += len(name) + len(env[name])
		switch {
		case reserved[name]:
			problems = append(problems, fmt.Errorf("variable %s is reserved by Lambda: choose another name", name))
		case !variableName.MatchString(name):
			problems = append(problems, fmt.Errorf("variable name %q is not allowed: "+
				"it must start with a letter and have at least two characters, "+
				"all of them letters, digits or underscores", name))
		}
	}
	if size > MaxVariables {
		problems = append(problems,
			fmt.Errorf("the variables have %d bytes, Lambda allows %d (4 KB)", size, MaxVariables))
	}
	return problems
}

// variables builds the environment that all processes of a function share. It starts from
// nothing, not from the current process's environment: a variable that the template does
// not declare must be missing here too.
func variables(cfg Config) []string {
	root := filepath.Dir(cfg.Bootstrap)
	env := map[string]string{
		// What the function may override.
		"LANG":                     "en_US.UTF-8",
		"LD_LIBRARY_PATH":          "/lib64:/usr/lib64:" + root + ":" + root + "/lib:/opt/lib",
		"PATH":                     "/usr/local/bin:/usr/bin:/bin:/opt/bin",
		"TZ":                       ":UTC",
		"AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
		"AWS_XRAY_DAEMON_ADDRESS":  "127.0.0.1:2000",
	}
	maps.Copy(env, cfg.Env)
	maps.Copy(env, map[string]string{
		"_HANDLER":                        cfg.Handler,
		"AWS_ACCESS_KEY_ID":               "local",
		"AWS_SECRET_ACCESS_KEY":           "local",
		"AWS_SESSION_TOKEN":               "local",
		"AWS_REGION":                      cfg.Region,
		"AWS_DEFAULT_REGION":              cfg.Region,
		"AWS_LAMBDA_FUNCTION_NAME":        cfg.Name,
		"AWS_LAMBDA_FUNCTION_VERSION":     version,
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": strconv.Itoa(cfg.MemorySize),
		"AWS_LAMBDA_INITIALIZATION_TYPE":  "on-demand",
		"AWS_LAMBDA_LOG_GROUP_NAME":       cfg.LogGroup,
		"AWS_LAMBDA_LOG_FORMAT":           cfg.LogFormat,
		"LAMBDA_TASK_ROOT":                root,
		"LAMBDA_RUNTIME_DIR":              "/var/runtime",
	})
	if cfg.LogLevel != "" {
		env["AWS_LAMBDA_LOG_LEVEL"] = cfg.LogLevel
	}
	list := make([]string, 0, len(env))
	for _, name := range slices.Sorted(maps.Keys(env)) {
		list = append(list, name+"="+env[name])
	}
	return list
}
