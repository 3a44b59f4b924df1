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
	"accountapi/test/gateway/template"
	"accountapi/test/runtimeapi"
)

var invocationURI = regexp.MustCompile(`^arn:[^:]+:apigateway:[^:]+:lambda:path/[^/]+/functions/(.+)/invocations$`)

// loadFunction returns the function that an integration or authorizer URI names, nil if
// there is none. It may be in any stack of the assembly.
func loadFunction(l *loader, p template.Values, property string) *function {
	uri := p.String(property)
	match := invocationURI.FindStringSubmatch(uri)
	if match == nil {
		p.Fail(property, "%s is not the URI of a Lambda function "+
			"(arn:…:lambda:path/2015-03-31/functions/ARN/invocations)", uri)
		return nil
	}
	arn := l.restAPI.Stack.FunctionARN(match[1])
	if f, ok := l.functions.byARN[arn]; ok {
		return f
	}
	for _, s := range l.assembly.Stacks {
		for _, r := range s.Resources {
			if r.Type != "AWS::Lambda::Function" {
				continue
			}
			if candidate, err := r.Attribute("Arn"); err == nil && candidate == arn {
				f := startFunction(l, r, arn)
				l.functions.byARN[arn] = f
				return f
			}
		}
	}
	p.Fail(property, "no stack of the assembly has the function %s", arn)
	return nil
}

// startFunction reads and checks a function. No process runs before its first invocation.
func startFunction(l *loader, r *template.Resource, arn string) *function {
	p := r.Values(&l.problems)
	name, err := r.Name()
	if err != nil {
		l.fail("%v", err)
	}
	logging := p.Object("LoggingConfig")
	f := &function{logicalID: r.LogicalID, arn: arn}
	f.config = runtimeapi.Config{
		Name:            name,
		Bootstrap:       executable(l, p),
		Handler:         p.String("Handler"),
		Env:             environment(l, r, p),
		Timeout:         time.Duration(p.Number("Timeout", 0)) * time.Second,
		MemorySize:      int(p.Number("MemorySize", 0)),
		MaxEnvironments: l.options.MaxEnvironments,
		Freeze:          l.options.Freeze,
		Region:          r.Stack.Region,
		AccountID:       r.Stack.AccountID,
		LogFormat:       logging.String("LogFormat"),
		LogLevel:        logging.String("ApplicationLogLevel"),
		LogGroup:        logging.String("LogGroup"),
		Output:          l.options.Output,
	}
	if f.config.Bootstrap != "" { // the reason why there is none is reported already
		if f.Function, err = runtimeapi.Start(f.config); err != nil {
			l.fail("%s: %w", r.LogicalID, err)
		}
	}
	return f
}

// executable finds the bootstrap of the function among the assets, "" if it has none that
// can run.
func executable(l *loader, p template.Values) string {
	key := p.Object("Code").String("S3Key")
	asset, ok := l.assembly.Asset(key)
	switch runtime := p.String("Runtime"); {
	case !strings.HasPrefix(runtime, "provided"):
		p.Fail("Runtime", "%q cannot run here: "+
			"only functions for an OS-only runtime (provided.al2023) whose asset has a bootstrap can", runtime)
		return ""
	case key == "":
		p.Fail("Code", "inline code and container images cannot run here: "+
			"give the folder with the compiled bootstrap as an asset")
		return ""
	case !ok:
		p.Fail("Code", "the assembly has no asset %s: run cdk synth again", key)
		return ""
	}
	if l.functions.unpacked == "" && asset.IsFile() {
		dir, err := os.MkdirTemp("", "gateway")
		if err != nil {
			p.Fail("Code", "%v", err)
			return ""
		}
		l.functions.unpacked = dir
	}
	folder, err := asset.Folder(l.functions.unpacked)
	if err != nil {
		p.Fail("Code", "%v", err)
		return ""
	}
	return filepath.Join(folder, "bootstrap")
}

// environment evaluates the variables that the options do not set: an expression that has
// no value here can be replaced by an option.
func environment(l *loader, r *template.Resource, p template.Values) map[string]string {
	env := map[string]string{}
	outer, _ := r.Properties["Environment"].(map[string]any)
	variables, _ := outer["Variables"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		if _, ok := l.options.Env[name]; ok {
			continue
		}
		value, ok, err := r.Stack.Evaluate(variables[name])
		if err != nil {
			p.Fail("Environment.Variables."+name, "%v", err)
		} else if ok {
			env[name] = value
		}
	}
	maps.Copy(env, l.options.Env)
	return env
}

// loadPermissions reads who may invoke the functions, in every stack.
func loadPermissions(l *loader) {
	for _, s := range l.assembly.Stacks {
		for _, r := range s.Resources {
			if r.Type != "AWS::Lambda::Permission" || !l.exists(r) {
				continue
			}
			name, _, err := s.Evaluate(r.Properties["FunctionName"])
			f := l.functions.byARN[s.FunctionARN(name)]
			if err != nil || f == nil {
				continue // of a function that this API does not invoke
			}
			p := r.Values(&l.problems)
			if iam.MatchAction(p.String("Action"), "lambda:InvokeFunction") &&
				slices.Contains([]string{"apigateway.amazonaws.com", "*"}, p.String("Principal")) {
				f.permissions = append(f.permissions, permission{p.String("SourceArn"), p.String("SourceAccount")})
			}
		}
	}
}
