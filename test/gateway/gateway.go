// Package gateway serves the REST API of a CDK app on this machine, as Amazon
// API Gateway would: it reads the cloud assembly that `cdk synth` writes, runs
// the Lambda functions as real processes (package runtimeapi), and is an
// http.Handler.
//
//	g, err := gateway.Load("cdk.out", gateway.Options{Output: os.Stderr})
//	if err != nil { … }
//	defer g.Close()
//	http.ListenAndServe("127.0.0.1:3000", g) // http://127.0.0.1:3000/STAGE/…
//
// It is for development and tests, not for production: it has no TLS, keeps no
// secrets, and trusts the template.
//
// # What it implements
//
// REST APIs with a regional endpoint: routing, TOKEN authorizers with their
// result cache, IAM policies, request validators, Lambda proxy integrations
// (payload format 1.0), MOCK integrations as CDK's CORS support makes them,
// gateway responses, stage variables, throttling by the stage, the limits on
// sizes and time. A feature in the template that it does not implement is an
// error of Load, never silently ignored; support.go is the list.
//
// ServeHTTP is the order of operations. Where AWS documents nothing, a named
// constant says what was chosen.
//
// # Deviations from AWS
//
//   - Header names reach a function in canonical form (Test-Header), because
//     net/http does not keep the spelling of the client. Functions must look
//     names up without regard to case anyway: HTTP/2 clients send lower case.
//   - One instance serves all requests: throttling is exact, caches are never
//     split or evicted early, a new template takes effect at once.
//   - The account's own throttling (10,000 requests a second) does not apply.
//   - X-Forwarded-Port and X-Forwarded-Proto name the local port and http;
//     the policy key aws:SecureTransport is true all the same, as it is on AWS.
//   - requestContext.domainName is the host that the client asked for.
//   - An EDGE endpoint is served like a REGIONAL one, without CloudFront's
//     headers, limits and error pages.
//   - Validation expressions, selection patterns and the like are RE2, not
//     Java: what RE2 cannot express (look-around, back-references) is an error
//     of Load.
//   - Detail texts of failed body validation are those of another JSON Schema
//     library. The text of the response body does not depend on it.
//   - A Lambda function beyond its concurrency waits; AWS would throttle it.
//     Versions and aliases of a function are the function itself.
package gateway

import (
	"cmp"
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"accountapi/test/runtimeapi"
)

// Options say how to serve an assembly. The zero value serves its only API.
type Options struct {
	// API chooses a REST API by LOGICALID or STACK/LOGICALID, where the
	// assembly has more than one.
	API string
	// Stage chooses a stage by name, where the API has more than one.
	Stage string
	// Env is set in every function, over the values of the template.
	Env map[string]string
	// Parameters are values for the templates' parameters, over their defaults.
	Parameters map[string]string
	// Output receives the functions' stdout and stderr in whole lines, never
	// two at once; discarded if nil.
	Output io.Writer
	// Freeze stops processes between invocations: see runtimeapi.Config.
	Freeze bool
	// MaxEnvironments limits the processes of each function: see runtimeapi.Config.
	MaxEnvironments int
	// Log is called once per request when it is finished, never twice at once.
	Log func(Record)
	// Now is the clock of cache expiry, throttling and event times; time.Now if nil.
	Now func() time.Time
	// Region and AccountID stand in for those of the assembly's environment,
	// or else for us-east-1 and 123456789012.
	Region, AccountID string
}

// A Record tells what happened to one request. It never holds a token, a query
// or a body.
type Record struct {
	Time      time.Time
	RequestID string
	Method    string
	Path      string // with the stage, without the query
	Route     string // the resource path, "" if no method was found
	Status    int
	// ResponseType is the type of the gateway response (UNAUTHORIZED, …), ""
	// if an integration answered.
	ResponseType string
	Authorizer   AuthorizerOutcome
	// Reason says why the gateway itself answered: what the client is not told.
	Reason string
	// Warning says what the gateway accepted and a careful client would not send.
	Warning string
	// AuthorizerLatency, IntegrationLatency and Latency (of the whole request)
	// are the same quantities as in API Gateway's access log.
	AuthorizerLatency, IntegrationLatency, Latency time.Duration
}

// AuthorizerOutcome is what the authorizer did for a request.
type AuthorizerOutcome string

// The outcomes of an authorizer.
const (
	AuthorizerNone    AuthorizerOutcome = "none"    // the method has none, or the request did not get there
	AuthorizerMiss    AuthorizerOutcome = "miss"    // invoked, and the policy allows the request
	AuthorizerHit     AuthorizerOutcome = "hit"     // the cached policy allows the request
	AuthorizerRefused AuthorizerOutcome = "refused" // 401 or 403
	AuthorizerFailed  AuthorizerOutcome = "failed"  // it gave no answer that can be used
)

// A Function is a Lambda function that the API invokes.
type Function struct {
	LogicalID string            // in the template
	Name      string            // in AWS_LAMBDA_FUNCTION_NAME
	Bootstrap string            // the executable
	Env       map[string]string // its own variables, Options.Env included
}

// Gateway is a REST API that is being served. Its methods may be called from
// many goroutines.
type Gateway struct {
	api     *api
	now     func() time.Time
	log     func(Record)
	logging sync.Mutex
	loader  *loader
}

// Load reads the cloud assembly in the folder assemblyDir and prepares its REST
// API. Functions are checked (an executable for another machine is an error)
// but no process runs before the first request that needs it. The error names
// everything that keeps the API from being served as it would be on AWS.
func Load(assemblyDir string, options Options) (*Gateway, error) {
	if options.Output != nil {
		options.Output = &sharedWriter{w: options.Output}
	}
	l, err := load(assemblyDir, options)
	if err != nil {
		return nil, err
	}
	g := &Gateway{api: l.api, now: options.Now, log: options.Log, loader: l}
	if g.now == nil {
		g.now = time.Now
	}
	return g, nil
}

// Close ends every process of the functions and waits until all are gone.
// Requests under way are answered with an error.
func (g *Gateway) Close() error { return g.loader.close() }

// Stage returns the name of the stage: the first segment of every path.
func (g *Gateway) Stage() string { return g.api.stage.name }

// Functions returns the functions that the API invokes, in the order of their
// logical ids.
func (g *Gateway) Functions() []Function {
	var all []Function
	for _, f := range slices.SortedFunc(maps.Values(g.api.functions), func(a, b *function) int {
		return cmp.Compare(a.logicalID, b.logicalID)
	}) {
		all = append(all, Function{f.logicalID, f.config.Name, f.config.Bootstrap, maps.Clone(f.config.Env)})
	}
	return all
}

// ServeHTTP answers one request.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := g.begin(r)
	answer, failed := g.serve(x, w)
	if failed != nil {
		answer = g.refuse(x, failed)
	}
	answer.write(w, x)
	g.finish(x, answer, failed)
}

// serve is the order of operations. AWS documents neither where throttling by
// the stage stands (here it guards the authorizer too) nor that of the steps
// that fail alike.
func (g *Gateway) serve(x *exchange, w http.ResponseWriter) (*response, *failure) {
	if f := g.checkSize(x, w); f != nil {
		return nil, f
	}
	if f := g.route(x); f != nil {
		return nil, f
	}
	if f := g.throttle(x); f != nil {
		return nil, f
	}
	if f := g.authorize(x); f != nil {
		return nil, f
	}
	if f := g.validate(x); f != nil {
		return nil, f
	}
	return x.route.method.integration.respond(g, x)
}

func (g *Gateway) finish(x *exchange, answer *response, failed *failure) {
	if g.log == nil {
		return
	}
	x.record.Status = answer.status
	x.record.Latency = time.Since(x.began)
	if failed != nil {
		x.record.ResponseType = string(failed.kind.name)
		x.record.Reason = x.redact(failed.reason)
	}
	g.logging.Lock()
	defer g.logging.Unlock()
	g.log(x.record)
}

// invoke runs f with the time limit of the integration or authorizer. A client
// that goes away does not stop it: AWS would not notice.
func (g *Gateway) invoke(x *exchange, f *function, limit time.Duration, event []byte) (runtimeapi.Result, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(x.request.Context()), limit)
	defer cancel()
	return f.Invoke(runtimeapi.WithTraceID(ctx, x.trace.forFunction()), event)
}

func isTimeout(err error) bool { return errors.Is(err, context.DeadlineExceeded) }

// sharedWriter lets the functions' processes write to one writer in turn.
type sharedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (s *sharedWriter) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.w.Write(p)
}
