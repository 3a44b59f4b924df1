// Package gateway serves the REST API of a CDK app on this machine, as Amazon API Gateway
// would: it reads the cloud assembly that `cdk synth` writes, runs the Lambda functions
// as real processes (package runtimeapi), and is an http.Handler.
//
//	g, err := gateway.Load("cdk.out", gateway.Options{Output: os.Stderr})
//	if err != nil { … }
//	defer g.Close()
//	http.ListenAndServe("127.0.0.1:3000", g) // http://127.0.0.1:3000/STAGE/…
//
// It is for development and tests, not for production: it has no TLS, keeps no secrets,
// and trusts the template.
//
// # What it implements
//
// REST APIs with a regional endpoint: routing, TOKEN authorizers with their result cache,
// IAM policies, request validators, Lambda proxy integrations (payload format 1.0), MOCK
// integrations as CDK's CORS support makes them, gateway responses, stage variables,
// custom domains, throttling by the stage, the limits on sizes and time. The API may be
// in one stack, nested stacks and other stacks of the assembly.
//
// A feature in the template that it does not implement is an error of Load, never
// silently ignored; the tables are in template/support.go. What AWS would refuse to
// deploy is an error too, with AWS's reason.
//
// The function serve is the order of operations. Where AWS does not document a behaviour,
// a named constant has the one that was chosen.
//
// # Deviations from AWS
//
//   - Header names reach a function in canonical form (Test-Header), because net/http
//     does not keep the spelling of the client. Functions must look names up without
//     regard to case in any case: HTTP/2 clients send lower case.
//   - One instance serves all requests: throttling is exact, caches are never split or
//     evicted early, a new template takes effect at once.
//   - The account's own throttling (10,000 requests a second) does not apply.
//   - X-Forwarded-Port and X-Forwarded-Proto name the local port and http; the policy key
//     aws:SecureTransport is true, as it is on AWS.
//   - requestContext.domainName is the host that the client asked for.
//   - An EDGE endpoint is served like a REGIONAL one, without CloudFront's headers,
//     limits and error pages.
//   - Validation expressions and selection patterns are RE2, not Java: what RE2 cannot
//     express (look-around, back-references) is an error of Load.
//   - Details of failed body validation are those of another JSON Schema library. The
//     response body does not depend on them.
//   - A Lambda function beyond Options.MaxEnvironments waits; reserved concurrency is
//     enforced. Versions and aliases of a function run the function itself; each has
//     permissions of its own, as on AWS.
//   - Functions reach what this machine reaches, whatever their VPC and role are.
//   - Custom domains are served to requests with their name in Host, without TLS and
//     client certificates. Private ones are not served.
package gateway

import (
	"cmp"
	"io"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Gateway is a REST API that is being served. Its methods may be called from many
// goroutines.
type Gateway struct {
	api     *api
	now     func() time.Time
	log     func(Record)
	logging sync.Mutex
}

// Load reads the cloud assembly in the folder assemblyDir and prepares its REST API.
// Functions are checked (an executable for another machine is an error) but no process
// runs before the first request that needs it. The error names everything because of
// which the API cannot be served as it would be on AWS.
func Load(assemblyDir string, options Options) (*Gateway, error) {
	if options.Output != nil {
		options.Output = &sharedWriter{w: options.Output}
	}
	a, err := load(assemblyDir, options)
	if err != nil {
		return nil, err
	}
	g := &Gateway{api: a, now: options.Now, log: options.Log}
	if g.now == nil {
		g.now = time.Now
	}
	return g, nil
}

// Close ends every process of the functions and waits until all are gone. Requests under
// way are answered with an error.
func (g *Gateway) Close() error { return g.api.functions.close() }

// Stage returns the name of the stage: the first segment of every path.
func (g *Gateway) Stage() string { return g.api.stage.name }

// Notes are sentences about parts of the template that are accepted, and that let the API
// on AWS be called in other ways or behave differently.
func (g *Gateway) Notes() []string { return slices.Clone(g.api.notes) }

// A Function is a Lambda function that the API invokes.
type Function struct {
	LogicalID string            // in the template
	Name      string            // in AWS_LAMBDA_FUNCTION_NAME
	Bootstrap string            // the executable
	Env       map[string]string // its own variables, Options.Env included
}

// Functions returns the functions that the API invokes, in the order of their logical
// ids.
func (g *Gateway) Functions() []Function {
	var all []Function
	for _, f := range slices.SortedFunc(maps.Values(g.api.functions.byARN), func(a, b *function) int {
		return cmp.Compare(a.logicalID, b.logicalID)
	}) {
		all = append(all, Function{f.logicalID, f.config.Name, f.config.Bootstrap, maps.Clone(f.config.Env)})
	}
	return all
}

// ServeHTTP answers one request.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := begin(g.api, g.now, r)
	answer, failed := serve(x, w)
	if failed != nil {
		answer = refuse(x, failed)
	}
	answer.write(w, x.requestID, x.extendedID)
	g.finish(x, answer, failed)
}

// serve is the order of operations. AWS documents neither where throttling by the stage
// is in it (here it protects the authorizer too) nor the order of steps that fail alike.
func serve(x *exchange, w http.ResponseWriter) (answer *response, failed *failure) {
	if x.body, failed = readBody(w, x.request); failed != nil {
		return nil, failed
	}
	if x.route, failed = x.api.route(x.stage, x.path, x.method, x.header("Authorization")); failed != nil {
		return nil, failed
	}
	x.record.Route = x.route.resource.path
	if failed = x.route.throttle(x.now()); failed != nil {
		return nil, failed
	}
	if failed = authorize(x); failed != nil {
		return nil, failed
	}
	if failed = validate(x); failed != nil {
		return nil, failed
	}
	if m := x.route.method.mock; m != nil {
		return respondMock(x, m)
	}
	return respondProxy(x, x.route.method.proxy)
}

func (g *Gateway) finish(x *exchange, answer *response, failed *failure) {
	if g.log == nil {
		return
	}
	x.record.Status = answer.status
	x.record.Latency = time.Since(x.began)
	if failed != nil {
		x.record.ResponseType = string(failed.kind.name)
		x.record.Reason = redact(failed.reason, x.request.Header)
	}
	g.logging.Lock()
	defer g.logging.Unlock()
	g.log(x.record)
}

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
