package gateway

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"accountapi/test/gateway/template"
	"accountapi/test/runtimeapi"
)

var invocationURI = regexp.MustCompile(`^arn:[^:]+:apigateway:[^:]+:lambda:path/[^/]+/functions/(.+)/invocations$`)

var stageVariable = regexp.MustCompile(`\$\{stageVariables\.([A-Za-z0-9_]+)\}`)

// loadFunction returns the function that an integration or authorizer URI names, an empty
// target if there is none. It may be in any stack of the assembly.
func loadFunction(l *loader, p template.Values, property string) target {
	if !p.Has(property) {
		p.Fail(property, "the URI of a Lambda function is needed")
		return target{}
	}
	uri := p.String(property)
	if l.stage.name == "" && stageVariable.MatchString(uri) {
		return target{} // why there is no stage is reported
	}
	// The stage that is served gives the variables their values
	// (https://docs.aws.amazon.com/apigateway/latest/developerguide/aws-api-gateway-stage-variables-reference.html).
	uri = stageVariable.ReplaceAllStringFunc(uri, func(match string) string {
		name := stageVariable.FindStringSubmatch(match)[1]
		value, ok := l.stage.variables[name]
		if !ok {
			p.Fail(property, "the stage %s has no variable %s", l.stage.name, name)
		}
		return value
	})
	match := invocationURI.FindStringSubmatch(uri)
	if match == nil {
		p.Fail(property, "%s is not the URI of a Lambda function "+
			"(arn:…:lambda:path/2015-03-31/functions/ARN/invocations)", uri)
		return target{}
	}
	arn, qualifier := l.restAPI.Stack.FunctionARN(match[1])
	f := functionWith(l, arn)
	if f == nil {
		p.Fail(property, "no stack of the assembly has the function %s", arn)
		return target{}
	}
	if qualifier != "" && !hasQualifier(l, arn, qualifier) {
		p.Fail(property, "no stack of the assembly has the version or alias %s of the function %s",
			qualifier, f.logicalID)
	}
	return target{f, qualifier}
}

// functionWith returns the function with the ARN, nil if no stack has one.
func functionWith(l *loader, arn string) *function {
	if f, ok := l.functions.byARN[arn]; ok {
		return f
	}
	var unnamed []error
	for _, r := range l.all("AWS::Lambda::Function") {
		candidate, err := r.Attribute("Arn")
		if err != nil {
			unnamed = append(unnamed, fmt.Errorf("%s: %w", r, err))
		} else if candidate == arn {
			f := startFunction(l, r, arn)
			l.functions.byARN[arn] = f
			return f
		}
	}
	l.problems = append(l.problems, unnamed...) // one of them may be the function
	return nil
}

// hasQualifier reports whether a stack has the version or alias. What an alias leads to
// must be in the template: a version of the function as it is there.
func hasQualifier(l *loader, arn, qualifier string) bool {
	for _, r := range l.all("AWS::Lambda::Version", "AWS::Lambda::Alias") {
		id, err := r.Ref()
		if err != nil || id != arn+":"+qualifier {
			continue
		}
		p := r.Values(&l.problems)
		if r.Type == "AWS::Lambda::Version" {
			return true
		}
		to := p.String("FunctionVersion")
		if to != "$LATEST" && !hasQualifier(l, arn, to) {
			p.Fail("FunctionVersion", "no stack of the assembly has the version %s: what it does is not known here", to)
		}
		if len(p.Object("RoutingConfig").Objects("AdditionalVersionWeights")) > 0 {
			p.Fail("RoutingConfig", "the local gateway does not share requests among versions: "+
				"let the alias lead to one version for local runs")
		}
		return true
	}
	return false
}

// startFunction reads and checks a function. No process runs before its first invocation.
func startFunction(l *loader, r *template.Resource, arn string) *function {
	p := r.Values(&l.problems)
	name, err := r.Name()
	if err != nil {
		l.fail("%v", err)
	}
	logging := p.Object("LoggingConfig")
	f := &function{logicalID: r.LogicalID, arn: arn, reserved: int(p.Number("ReservedConcurrentExecutions", -1))}
	checkFunction(p)
	f.config = runtimeapi.Config{
		Name:            name,
		Bootstrap:       executable(l, p),
		Handler:         p.String("Handler"),
		Env:             environment(l, r, p),
		AWS:             l.options.AWS,
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

// checkFunction refuses what a process of this machine does not have.
func checkFunction(p template.Values) {
	if len(p.Strings("Layers")) > 0 {
		p.Fail("Layers", "the files of layers are not put in /opt here: "+
			"put them in the function's asset, or leave the layers out for local runs")
	}
	if apply := p.Object("SnapStart").String("ApplyOn"); apply != "" && apply != "None" {
		p.Fail("SnapStart", "AWS has no SnapStart for OS-only runtimes: leave it out")
	}
}

// executable finds the bootstrap of the function among the assets, "" if it has none that
// can run.
func executable(l *loader, p template.Values) string {
	key := p.Object("Code").String("S3Key")
	asset, ok := l.assembly.Asset(key)
	switch runtime := p.String("Runtime"); {
	case !strings.HasPrefix(runtime, "provided"):
		p.Fail("Runtime", "%q cannot run here: build the function as an executable named bootstrap for "+
			"provided.al2023, or leave its routes out for local runs", runtime)
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
			p.Fail("Environment.Variables."+name, "%v; -env %s=VALUE "+
				"(make run ENV=%[2]s=VALUE, in Go: Options.Env) sets the variable", err, name)
		} else if ok {
			env[name] = value
		}
	}
	maps.Copy(env, l.options.Env)
	return env
}
