package gateway

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"accountapi/test/gateway/iam"
	"accountapi/test/runtimeapi"
)

// This file finds the Lambda functions of an API, and who may invoke them.

// A function is a Lambda function and who may invoke it.
type function struct {
	logicalID   string
	arn         string
	config      runtimeapi.Config
	permissions []permission
	*runtimeapi.Function
}

// A permission is a statement of a function's resource-based policy.
type permission struct {
	sourceARN     string // "" for any
	sourceAccount string // "" for any
}

// permits reports whether API Gateway may invoke the function for source.
func (f *function) permits(source, account string) bool {
	return slices.ContainsFunc(f.permissions, func(p permission) bool {
		return (p.sourceARN == "" || iam.Match(p.sourceARN, source)) && (p.sourceAccount == "" || p.sourceAccount == account)
	})
}

var invocationURI = regexp.MustCompile(`^arn:[^:]+:apigateway:[^:]+:lambda:path/[^/]+/functions/(.+)/invocations$`)

// function returns the function that an integration or authorizer URI names.
func (l *loader) function(p properties, property string) *function {
	uri := p.text(property)
	match := invocationURI.FindStringSubmatch(uri)
	if match == nil {
		p.fail(property, "%s is not the URI of a Lambda function (arn:…:lambda:path/2015-03-31/functions/ARN/invocations)", uri)
		return nil
	}
	arn := l.stack.functionARN(match[1])
	if f, ok := l.functions[arn]; ok {
		return f
	}
	for _, s := range l.stack.assembly.stacks {
		for _, id := range slices.Sorted(maps.Keys(s.Resources)) {
			if d := s.Resources[id]; d.Type == "AWS::Lambda::Function" {
				if candidate, err := s.attribute(id, "Arn"); err == nil && candidate == arn {
					f := l.loadFunction(s, id, d)
					l.functions[arn] = f
					return f
				}
			}
		}
	}
	p.fail(property, "no stack of the assembly has the function %s", arn)
	return nil
}

// loadFunction reads a Lambda function. Of its properties only those matter
// that a process on this machine can observe.
func (l *loader) loadFunction(s *stack, id string, d declaration) *function {
	values := map[string]any{}
	p := properties{id + " (" + d.Type + ")", values, &l.problems}
	for _, name := range []string{"Code", "FunctionName", "Handler", "LoggingConfig", "MemorySize", "Runtime", "Timeout"} {
		if v, ok := d.Properties[name]; ok {
			r, err := s.resolve(v)
			if err != nil {
				p.fail(name, "%v", err)
			} else if r != (any)(noValue{}) {
				values[name] = r
			}
		}
	}
	name, err := s.physicalName(id, d)
	if err != nil {
		l.fail("%v", err)
	}
	f := &function{logicalID: id, arn: s.arn("lambda", "function:"+name)}
	logging := properties{p.where + ": LoggingConfig", nil, p.problems}
	logging.values, _ = values["LoggingConfig"].(map[string]any)
	f.config = runtimeapi.Config{
		Name:            name,
		Bootstrap:       l.bootstrap(p),
		Handler:         p.text("Handler"),
		Env:             l.environment(s, p, d),
		Timeout:         time.Duration(p.number("Timeout", 0)) * time.Second,
		MemorySize:      int(p.number("MemorySize", 0)),
		MaxEnvironments: l.options.MaxEnvironments,
		Freeze:          l.options.Freeze,
		Region:          s.region,
		AccountID:       s.account,
		LogFormat:       logging.text("LogFormat"),
		LogLevel:        logging.text("ApplicationLogLevel"),
		LogGroup:        logging.text("LogGroup"),
		Output:          l.options.Output,
	}
	if f.config.Bootstrap != "" { // what keeps it from being found is reported already
		if f.Function, err = runtimeapi.Start(f.config); err != nil {
			l.fail("%s: %w", id, err)
		}
	}
	return f
}

// bootstrap finds the function's executable among the assets.
func (l *loader) bootstrap(p properties) string {
	code, _ := p.values["Code"].(map[string]any)
	key, _ := code["S3Key"].(string)
	asset, ok := l.stack.assembly.assets[key]
	switch runtime := p.text("Runtime"); {
	case !strings.HasPrefix(runtime, "provided"):
		p.fail("Runtime", "%q cannot run here: only functions for an OS-only runtime (provided.al2023) whose asset has a bootstrap can", runtime)
	case key == "":
		p.fail("Code", "inline code and container images cannot run here: give the folder with the compiled bootstrap as an asset")
	case !ok:
		p.fail("Code", "the assembly has no asset %s: run cdk synth again", key)
	default:
		if l.unpacked == "" && asset.packaging == "file" {
			dir, err := os.MkdirTemp("", "gateway")
			if err != nil {
				p.fail("Code", "%v", err)
				return ""
			}
			l.unpacked = dir
		}
		folder, err := asset.folder(l.unpacked)
		if err != nil {
			p.fail("Code", "%v", err)
			return ""
		}
		return filepath.Join(folder, "bootstrap")
	}
	return ""
}

// environment resolves the variables that are not overridden: what the caller
// sets may stand in for an expression that has no value here.
func (l *loader) environment(s *stack, p properties, d declaration) map[string]string {
	env := map[string]string{}
	outer, _ := d.Properties["Environment"].(map[string]any)
	variables, _ := outer["Variables"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		if _, ok := l.options.Env[name]; ok {
			continue
		}
		v, err := s.resolve(variables[name])
		if err == nil && v == (any)(noValue{}) {
			continue
		}
		if err == nil {
			env[name], err = scalar(v)
		}
		if err != nil {
			p.fail("Environment.Variables."+name, "%v", err)
		}
	}
	maps.Copy(env, l.options.Env)
	return env
}

// loadPermissions reads who may invoke the functions, in every stack.
func (l *loader) loadPermissions() {
	for _, s := range l.stack.assembly.stacks {
		for _, id := range slices.Sorted(maps.Keys(s.Resources)) {
			d := s.Resources[id]
			if d.Type != "AWS::Lambda::Permission" || !l.exists(d) {
				continue
			}
			name, err := s.text(d.Properties["FunctionName"])
			f := l.functions[s.functionARN(name)]
			if err != nil || f == nil {
				continue // of a function that this API does not invoke
			}
			p := properties{id + " (" + d.Type + ")", map[string]any{}, &l.problems}
			for _, property := range []string{"Action", "Principal", "SourceArn", "SourceAccount"} {
				if v, ok := d.Properties[property]; ok {
					if p.values[property], err = s.resolve(v); err != nil {
						p.fail(property, "%v", err)
					}
				}
			}
			if iam.MatchAction(p.text("Action"), "lambda:InvokeFunction") &&
				slices.Contains([]string{"apigateway.amazonaws.com", "*"}, p.text("Principal")) {
				f.permissions = append(f.permissions, permission{p.text("SourceArn"), p.text("SourceAccount")})
			}
		}
	}
}
