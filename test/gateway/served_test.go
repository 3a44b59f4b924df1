package gateway

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"
)

// A servedAPI is a fixture that is being served.
type servedAPI struct {
	*fixture
	t       *testing.T
	gateway *Gateway
	address string

	mu      sync.Mutex
	sent    int
	records []Record
}

// start serves the fixture.
func (f *fixture) start(t *testing.T) *servedAPI {
	t.Helper()
	f.connect(t)
	return f.serve(t, f.assembly(t))
}

// connect makes the functions ask this test what to do.
func (f *fixture) connect(t testing.TB) {
	f.properties("Authorizer")["Environment"] = cfn{"Variables": cfn{"SCRIPT": f.authorizer.serve(t)}}
	f.properties("Handler")["Environment"] = cfn{"Variables": cfn{"SCRIPT": f.handler.serve(t)}}
}

// serve serves the assembly in dir.
func (f *fixture) serve(t *testing.T, dir string) *servedAPI {
	t.Helper()
	s := &servedAPI{fixture: f, t: t}
	options := f.options
	options.Log = func(r Record) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.records = append(s.records, r)
	}
	g, err := Load(dir, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Close() })
	server := httptest.NewServer(g)
	t.Cleanup(server.Close)
	s.gateway, s.address = g, server.Listener.Addr().String()
	return s
}

// loaded finds a method of the API.
func (s *servedAPI) loaded(verb, path string) *method {
	return s.gateway.api.root.find(segments(path), verb).method
}

const goodToken = "Authorization: Bearer good"

// get sends GET with a token.
func (s *servedAPI) get(path string, lines ...string) *reply {
	s.t.Helper()
	return s.send("GET "+path, append([]string{goodToken}, lines...)...)
}

// send sends one request as written: "GET /prod/profile", header lines, and after an
// empty line the body.
func (s *servedAPI) send(request string, lines ...string) *reply {
	s.t.Helper()
	s.mu.Lock()
	s.sent++
	s.mu.Unlock()
	connection, err := net.Dial("tcp", s.address)
	if err != nil {
		s.t.Fatal(err)
	}
	defer connection.Close()
	connection.SetDeadline(time.Now().Add(time.Minute))
	if _, err := io.WriteString(connection, wireFormat(request, lines)); err != nil {
		s.t.Fatal(err)
	}
	var wire bytes.Buffer
	verb, _, _ := strings.Cut(request, " ")
	reader := bufio.NewReader(io.TeeReader(connection, &wire))
	response, err := http.ReadResponse(reader, &http.Request{Method: verb})
	if err == nil && response.StatusCode == http.StatusContinue {
		response, err = http.ReadResponse(reader, &http.Request{Method: verb})
	}
	if err != nil {
		s.t.Fatalf("%s: %v\n%s", request, err, wire.String())
	}
	content, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	head, _, _ := strings.Cut(wire.String(), "\r\n\r\n")
	return &reply{s.t, response.StatusCode, response.Header, string(content), head}
}

// wireFormat adds what HTTP requires and the test does not care about.
func wireFormat(request string, lines []string) string {
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
	return b.String()
}

// invoked checks how often a function was invoked.
func (s *servedAPI) invoked(function *script, times int) {
	s.t.Helper()
	if n := function.count(); n != times {
		s.t.Errorf("the function was invoked %d times, want %d", n, times)
	}
}

// record is what was logged of the last request. It is logged after the client has its
// answer, so this waits for it.
func (s *servedAPI) record(t *testing.T) Record {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(time.Millisecond) {
		s.mu.Lock()
		n := len(s.records)
		if n == s.sent {
			defer s.mu.Unlock()
			return s.records[n-1]
		}
		s.mu.Unlock()
		if time.Now().After(deadline) {
			t.Fatalf("%d records of %d requests in 30 s", n, s.sent)
		}
	}
}

// A reply is what the client got, read from the wire: net/http hides the spelling of
// header names.
type reply struct {
	t      *testing.T
	status int
	header http.Header
	body   string
	head   string // status line and headers as they were sent
}

// is checks status, x-amzn-ErrorType ("" for none) and body.
func (r *reply) is(status int, errorType, body string) *reply {
	r.t.Helper()
	if r.status != status || r.header.Get("x-amzn-ErrorType") != errorType || r.body != body {
		r.t.Errorf("got %d %s %s\nwant %d %s %s",
			r.status, r.header.Get("x-amzn-ErrorType"), r.body, status, errorType, body)
	}
	return r
}

// begins is is, for a body of which only the beginning is certain.
func (r *reply) begins(status int, errorType, prefix string) *reply {
	r.t.Helper()
	if r.status != status || r.header.Get("x-amzn-ErrorType") != errorType || !strings.HasPrefix(r.body, prefix) {
		r.t.Errorf("got %d %s %s\nwant %d %s %s…",
			r.status, r.header.Get("x-amzn-ErrorType"), r.body, status, errorType, prefix)
	}
	return r
}

// isOK is the answer of the handler of a new fixture.
func (r *reply) isOK() *reply { r.t.Helper(); return r.is(200, "", `{"ok":true}`) }

func (r *reply) isUnauthorized() *reply {
	r.t.Helper()
	return r.is(401, "UnauthorizedException", `{"message":"Unauthorized"}`)
}

func (r *reply) isAccessDenied() *reply {
	r.t.Helper()
	return r.begins(403, "AccessDeniedException", `{"Message":"User is not authorized to access this resource`)
}

func (r *reply) isExplicitDeny() *reply {
	r.t.Helper()
	return r.is(403, "AccessDeniedException", `{"Message":"User is not authorized to access this resource `+
		`with an explicit deny in an identity-based policy"}`)
}

func (r *reply) isImplicitDeny() *reply {
	r.t.Helper()
	return r.is(403, "AccessDeniedException", `{"Message":"User is not authorized to access this resource `+
		`because no identity-based policy allows the execute-api:Invoke action"}`)
}

func (r *reply) isMissingAuthenticationToken() *reply {
	r.t.Helper()
	return r.is(403, "MissingAuthenticationTokenException", `{"message":"Missing Authentication Token"}`)
}

func (r *reply) isBadRequestBody() *reply {
	r.t.Helper()
	return r.is(400, "BadRequestException", `{"message":"Invalid request body"}`)
}

func (r *reply) isTooManyRequests() *reply {
	r.t.Helper()
	return r.is(429, "TooManyRequestsException", `{"message":"Too Many Requests"}`)
}

func (r *reply) isAuthorizerError() *reply {
	r.t.Helper()
	return r.is(500, "AuthorizerConfigurationException", `{"message":null}`)
}

func (r *reply) isServerError() *reply {
	r.t.Helper()
	return r.is(500, "InternalServerErrorException", `{"message":"Internal server error"}`)
}

func (r *reply) isBadGateway() *reply {
	r.t.Helper()
	return r.is(502, "InternalServerErrorException", `{"message":"Internal server error"}`)
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
	if !strings.Contains(r.head+"\r\n", "\r\n"+line+"\r\n") {
		r.t.Errorf("the response has no line %q:\n%s", line, r.head)
	}
	return r
}

// at returns the value under a path of keys in a decoded event.
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

func equal(t *testing.T, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %#v\nwant %#v", got, want)
	}
}

// A clock that a test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 7, 20, 1, 56, 20, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}
