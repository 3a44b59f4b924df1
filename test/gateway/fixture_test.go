package gateway

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"accountapi/test/internal/compiled"

	"go.uber.org/goleak"
)

// bootstrap is testdata/function, compiled once for all tests.
var bootstrap string

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(compiled.Tests{M: m, Source: "./testdata/function", Program: &bootstrap})
}

// cfn is a piece of a CloudFormation template.
type cfn = map[string]any

// A fixture is a template in the making, in the shape that CDK synthesizes:
// one API "Api" with the stage prod, the TOKEN authorizer "TokenAuthorizer" on
// the function "Authorizer", and the function "Handler" behind the methods.
type fixture struct {
	resources cfn
	options   Options
	// What the functions do; the zero value allows all, and answers 200 OK.
	authorizer, handler script
}

// A script is one function's side of a test: what it does with an event, and
// the events it got.
type script struct {
	do func(event []byte) does

	mu     sync.Mutex
	events [][]byte
}

// does is what a function is told to do.
type does struct {
	Answer string
	Error  *string
	Panic  string
	Exit   bool
	Hang   bool
}

func answers(payload string) func([]byte) does {
	return func([]byte) does { return does{Answer: payload} }
}

func fails(message string) func([]byte) does {
	return func([]byte) does { return does{Error: &message} }
}

// policyFor is an authorizer's answer: one statement on the whole of each resource.
func policyFor(effect string, resources ...string) string {
	list, _ := json.Marshal(resources)
	return `{"principalId":"user","policyDocument":{"Version":"2012-10-17","Statement":[{"Action":"execute-api:Invoke","Effect":"` +
		effect + `","Resource":` + string(list) + `}]}}`
}

// allowing answers with a policy that allows the method ARN of the event with
// everything from the stage on replaced by suffix.
func allowing(suffix string) func([]byte) does {
	return func(event []byte) does { return does{Answer: policyFor("Allow", apiOf(event)+suffix)} }
}

// apiOf is the method ARN of an authorizer's event up to the API's id: arn:…:id/
func apiOf(event []byte) string {
	var e struct{ MethodArn string }
	json.Unmarshal(event, &e)
	before, _, _ := strings.Cut(e.MethodArn, "/")
	return before + "/"
}

func (s *script) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.events)
}

// last is the last event, decoded.
func (s *script) last(t *testing.T) map[string]any {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.events) == 0 {
		t.Fatal("the function was not invoked")
	}
	var event map[string]any
	if err := json.Unmarshal(s.events[len(s.events)-1], &event); err != nil {
		t.Fatal(err)
	}
	return event
}

func (s *script) serve(t testing.TB) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		event, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		s.events = append(s.events, event)
		s.mu.Unlock()
		json.NewEncoder(w).Encode(s.do(event))
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func ref(id string) any { return cfn{"Ref": id} }

func getAtt(id, attribute string) any { return cfn{"Fn::GetAtt": []any{id, attribute}} }

func join(parts ...any) any { return cfn{"Fn::Join": []any{"", parts}} }

// invocationOf is the URI of a function's integration.
func invocationOf(function string) any {
	return join("arn:", ref("AWS::Partition"), ":apigateway:", ref("AWS::Region"), ":lambda:path/2015-03-31/functions/",
		getAtt(function, "Arn"), "/invocations")
}

func executeAPI(rest ...any) any {
	return join(append([]any{"arn:", ref("AWS::Partition"), ":execute-api:", ref("AWS::Region"), ":", ref("AWS::AccountId"), ":",
		ref("Api"), "/"}, rest...)...)
}

// newFixture has GET /profile behind the authorizer, and its preflight.
func newFixture() *fixture {
	f := emptyFixture()
	f.method("GET", "/profile")
	f.preflight("/profile")
	return f
}

func emptyFixture() *fixture {
	f := &fixture{resources: cfn{}}
	f.authorizer.do = answers(policyFor("Allow", "*"))
	f.handler.do = answers(`{"statusCode":200,"body":"{\"ok\":true}"}`)
	f.add("Api", "AWS::ApiGateway::RestApi", cfn{"Name": "fixture", "EndpointConfiguration": cfn{"Types": []any{"REGIONAL"}}})
	f.add("Deployment", "AWS::ApiGateway::Deployment", cfn{"RestApiId": ref("Api")})
	f.add("Stage", "AWS::ApiGateway::Stage", cfn{"RestApiId": ref("Api"), "DeploymentId": ref("Deployment"), "StageName": "prod"})
	for _, name := range []string{"Authorizer", "Handler"} {
		f.add(name, "AWS::Lambda::Function", cfn{
			"Runtime": "provided.al2023", "Handler": "bootstrap", "Timeout": 60.0,
			"Code":        cfn{"S3Bucket": cfn{"Fn::Sub": "cdk-assets-${AWS::AccountId}-${AWS::Region}"}, "S3Key": "asset.zip"},
			"Environment": cfn{"Variables": cfn{}},
		})
	}
	f.permission("AuthorizerPermission", "Authorizer", executeAPI("authorizers/", ref("TokenAuthorizer")))
	f.permission("HandlerPermission", "Handler", executeAPI("*/*/*"))
	f.add("TokenAuthorizer", "AWS::ApiGateway::Authorizer", cfn{
		"Name": "token", "RestApiId": ref("Api"), "Type": "TOKEN",
		"IdentitySource": "method.request.header.Authorization", "AuthorizerUri": invocationOf("Authorizer"),
	})
	return f
}

func (f *fixture) add(id, typ string, p cfn) cfn {
	f.resources[id] = cfn{"Type": typ, "Properties": p}
	return p
}

// properties of a resource, to change them.
func (f *fixture) properties(id string) cfn {
	return f.resources[id].(cfn)["Properties"].(cfn)
}

func (f *fixture) permission(id, function string, source any) {
	f.add(id, "AWS::Lambda::Permission", cfn{
		"Action": "lambda:InvokeFunction", "FunctionName": getAtt(function, "Arn"), "Principal": "apigateway.amazonaws.com", "SourceArn": source,
	})
}

var notAlphanumeric = regexp.MustCompile(`[^A-Za-z0-9]`)

// resource adds a path and what it lies below, and returns how to refer to it.
func (f *fixture) resource(path string) any {
	if path == "/" {
		return getAtt("Api", "RootResourceId")
	}
	id := "Api" + notAlphanumeric.ReplaceAllStringFunc(path, func(s string) string { return fmt.Sprintf("%X", s) })
	if f.resources[id] == nil {
		cut := strings.LastIndex(path, "/")
		f.add(id, "AWS::ApiGateway::Resource", cfn{
			"RestApiId": ref("Api"), "ParentId": f.resource("/" + strings.TrimPrefix(path[:cut], "/")), "PathPart": path[cut+1:],
		})
	}
	return ref(id)
}

func (f *fixture) methodID(verb, path string) string {
	return verb + notAlphanumeric.ReplaceAllStringFunc(path, func(s string) string { return fmt.Sprintf("%X", s) })
}

// method adds a method behind the authorizer, with the handler as its backend.
func (f *fixture) method(verb, path string) cfn {
	return f.add(f.methodID(verb, path), "AWS::ApiGateway::Method", cfn{
		"RestApiId": ref("Api"), "ResourceId": f.resource(path), "HttpMethod": verb,
		"AuthorizationType": "CUSTOM", "AuthorizerId": ref("TokenAuthorizer"),
		"Integration": cfn{"Type": "AWS_PROXY", "IntegrationHttpMethod": "POST", "Uri": invocationOf("Handler")},
	})
}

// open adds a method that everybody may call.
func (f *fixture) open(verb, path string) cfn {
	p := f.method(verb, path)
	p["AuthorizationType"] = "NONE"
	delete(p, "AuthorizerId")
	return p
}

// preflight adds OPTIONS as CDK's CORS support does.
func (f *fixture) preflight(path string) cfn {
	headers := cfn{
		"method.response.header.Access-Control-Allow-Headers": "'Content-Type,X-Amz-Date,Authorization,X-Api-Key,X-Amz-Security-Token,X-Amz-User-Agent'",
		"method.response.header.Access-Control-Allow-Origin":  "'*'",
		"method.response.header.Access-Control-Allow-Methods": "'OPTIONS,GET,PUT,POST,DELETE,PATCH,HEAD'",
	}
	declared := cfn{}
	for name := range headers {
		declared[name] = true
	}
	return f.add(f.methodID("OPTIONS", path), "AWS::ApiGateway::Method", cfn{
		"RestApiId": ref("Api"), "ResourceId": f.resource(path), "HttpMethod": "OPTIONS", "AuthorizationType": "NONE", "ApiKeyRequired": false,
		"Integration": cfn{
			"Type": "MOCK", "RequestTemplates": cfn{"application/json": "{ statusCode: 200 }"},
			"IntegrationResponses": []any{cfn{"StatusCode": "204", "ResponseParameters": headers}},
		},
		"MethodResponses": []any{cfn{"StatusCode": "204", "ResponseParameters": declared}},
	})
}

func (f *fixture) gatewayResponse(typ string, p cfn) {
	p["RestApiId"], p["ResponseType"] = ref("Api"), typ
	f.add("Response"+typ, "AWS::ApiGateway::GatewayResponse", p)
}

// assembly writes what cdk synth would.
func (f *fixture) assembly(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	write := func(name string, v any) {
		content, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("manifest.json", cfn{"version": "48.0.0", "artifacts": cfn{
		"Fixture.assets": cfn{"type": "cdk:asset-manifest", "properties": cfn{"file": "Fixture.assets.json"}},
		"Fixture": cfn{"type": "aws:cloudformation:stack", "environment": "aws://unknown-account/unknown-region",
			"properties": cfn{"templateFile": "Fixture.template.json"}},
		"Tree": cfn{"type": "cdk:tree", "properties": cfn{"file": "tree.json"}},
	}})
	write("Fixture.assets.json", cfn{"files": cfn{"asset": cfn{
		"source":       cfn{"path": "asset.folder", "packaging": "zip"},
		"destinations": cfn{"current": cfn{"bucketName": "assets", "objectKey": "asset.zip"}},
	}}})
	write("Fixture.template.json", cfn{"Resources": f.resources})
	if err := os.Mkdir(filepath.Join(dir, "asset.folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(bootstrap, filepath.Join(dir, "asset.folder", "bootstrap")); err != nil {
		t.Fatal(err)
	}
	return dir
}

// A world is a fixture that is being served.
type world struct {
	*fixture
	t       *testing.T
	gateway *Gateway
	address string

	mu      sync.Mutex
	sent    int
	records []Record
}

// start serves the fixture.
func (f *fixture) start(t *testing.T) *world {
	t.Helper()
	f.connect(t)
	return f.serve(t, f.assembly(t))
}

// connect makes the functions ask this test what to do.
func (f *fixture) connect(t testing.TB) {
	f.properties("Authorizer")["Environment"] = cfn{"Variables": cfn{"SCRIPT": f.authorizer.serve(t)}}
	f.properties("Handler")["Environment"] = cfn{"Variables": cfn{"SCRIPT": f.handler.serve(t)}}
}

// serve serves what assembly wrote.
func (f *fixture) serve(t *testing.T, dir string) *world {
	t.Helper()
	w := &world{fixture: f, t: t}
	options := f.options
	options.Log = func(r Record) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.records = append(w.records, r)
	}
	g, err := Load(dir, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Close() })
	server := httptest.NewServer(g)
	t.Cleanup(server.Close)
	w.gateway, w.address = g, server.Listener.Addr().String()
	return w
}

// A reply is what came back, read from the wire: net/http would hide the
// spelling of header names.
type reply struct {
	t      *testing.T
	status int
	header http.Header
	body   string
	wire   string // the head
}

// send sends one request as written: "GET /prod/profile", header lines, and
// after an empty line the body.
func (w *world) send(request string, lines ...string) *reply {
	w.t.Helper()
	body := ""
	for i, line := range lines {
		if line == "" {
			body = strings.Join(lines[i+1:], "\n")
			lines = lines[:i]
			break
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s HTTP/1.1\r\n", request)
	head := strings.ToLower(strings.Join(lines, "\n"))
	if !strings.Contains(head, "host:") {
		fmt.Fprintf(&b, "Host: abc123.execute-api.us-east-1.amazonaws.com\r\n")
	}
	if !strings.Contains(head, "connection:") {
		fmt.Fprintf(&b, "Connection: close\r\n")
	}
	if body != "" {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(body))
	}
	for _, line := range lines {
		fmt.Fprintf(&b, "%s\r\n", line)
	}
	b.WriteString("\r\n" + body)

	w.mu.Lock()
	w.sent++
	w.mu.Unlock()
	connection, err := net.Dial("tcp", w.address)
	if err != nil {
		w.t.Fatal(err)
	}
	defer connection.Close()
	connection.SetDeadline(time.Now().Add(time.Minute))
	if _, err := io.WriteString(connection, b.String()); err != nil {
		w.t.Fatal(err)
	}
	var wire bytes.Buffer
	verb, _, _ := strings.Cut(request, " ")
	reader := bufio.NewReader(io.TeeReader(connection, &wire))
	response, err := http.ReadResponse(reader, &http.Request{Method: verb})
	if err == nil && response.StatusCode == http.StatusContinue {
		response, err = http.ReadResponse(reader, &http.Request{Method: verb})
	}
	if err != nil {
		w.t.Fatalf("%s: %v\n%s", request, err, wire.String())
	}
	content, err := io.ReadAll(response.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	line, _, _ := strings.Cut(wire.String(), "\r\n\r\n")
	return &reply{w.t, response.StatusCode, response.Header, string(content), line}
}

const goodToken = "Authorization: Bearer good"

// get sends GET with a token.
func (w *world) get(path string, lines ...string) *reply {
	w.t.Helper()
	return w.send("GET "+path, append([]string{goodToken}, lines...)...)
}

// is checks status, x-amzn-ErrorType ("" for none) and body.
func (r *reply) is(status int, errorType, body string) *reply {
	r.t.Helper()
	if r.status != status || r.header.Get("x-amzn-ErrorType") != errorType || r.body != body {
		r.t.Errorf("got %d %s %s\nwant %d %s %s", r.status, r.header.Get("x-amzn-ErrorType"), r.body, status, errorType, body)
	}
	return r
}

// begins is is, for a body of which only the beginning is certain.
func (r *reply) begins(status int, errorType, prefix string) *reply {
	r.t.Helper()
	if r.status != status || r.header.Get("x-amzn-ErrorType") != errorType || !strings.HasPrefix(r.body, prefix) {
		r.t.Errorf("got %d %s %s\nwant %d %s %s…", r.status, r.header.Get("x-amzn-ErrorType"), r.body, status, errorType, prefix)
	}
	return r
}

// The answers that the conformance table abbreviates.
func (r *reply) is200() *reply { r.t.Helper(); return r.is(200, "", `{"ok":true}`) }
func (r *reply) is401U() *reply {
	r.t.Helper()
	return r.is(401, "UnauthorizedException", `{"message":"Unauthorized"}`)
}
func (r *reply) is500C() *reply {
	r.t.Helper()
	return r.is(500, "AuthorizerConfigurationException", `{"message":null}`)
}
func (r *reply) is502() *reply {
	r.t.Helper()
	return r.is(502, "InternalServerErrorException", `{"message":"Internal server error"}`)
}
func (r *reply) is403D() *reply {
	r.t.Helper()
	return r.begins(403, "AccessDeniedException", `{"Message":"User is not authorized to access this resource`)
}
func (r *reply) is403M() *reply {
	r.t.Helper()
	return r.is(403, "MissingAuthenticationTokenException", `{"message":"Missing Authentication Token"}`)
}

// has checks one response header, "" for none.
func (r *reply) has(name, value string) *reply {
	r.t.Helper()
	if got := strings.Join(r.header.Values(name), ", "); got != value {
		r.t.Errorf("header %s is %q, want %q", name, got, value)
	}
	return r
}

// onWire checks a header line as it was written.
func (r *reply) onWire(line string) *reply {
	r.t.Helper()
	if !strings.Contains(r.wire+"\r\n", "\r\n"+line+"\r\n") {
		r.t.Errorf("the response has no line %q:\n%s", line, r.wire)
	}
	return r
}

// invoked checks how often a function was invoked.
func (w *world) invoked(s *script, times int) {
	w.t.Helper()
	if n := s.count(); n != times {
		w.t.Errorf("the function was invoked %d times, want %d", n, times)
	}
}

// record is what was logged of the last request. It is logged after the client
// has its answer, so this waits for it.
func (w *world) record(t *testing.T) Record {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(time.Millisecond) {
		w.mu.Lock()
		n := len(w.records)
		if n == w.sent {
			defer w.mu.Unlock()
			return w.records[n-1]
		}
		w.mu.Unlock()
		if time.Now().After(deadline) {
			t.Fatalf("%d records of %d requests in 30 s", n, w.sent)
		}
	}
}

// at returns what is at a path of keys in a decoded event.
func at(t *testing.T, event map[string]any, path ...string) any {
	t.Helper()
	var v any = event
	for _, key := range path {
		m, ok := v.(map[string]any)
		if !ok {
			t.Fatalf("nothing is at %v in %v", path, event)
		}
		v = m[key]
	}
	return v
}
