package gateway

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// An exchange is one request on its way through the gateway, with what each
// step has found out.
type exchange struct {
	request *http.Request
	api     *api
	began   time.Time // for latencies
	time    time.Time // for the event, from Options.Now
	record  Record

	requestID  string
	extendedID string
	trace      trace

	method    string // the verb to route
	stage     string // as in the URL
	path      string // below the stage, as sent
	wholePath string // with the stage
	query     string
	body      []byte
	route     route
	grant     *grant // what the authorizer said, nil without one
	authTime  time.Duration
}

func (g *Gateway) begin(r *http.Request) *exchange {
	x := &exchange{
		request:    r,
		api:        g.api,
		began:      time.Now(),
		time:       g.now().UTC(),
		requestID:  uuid.NewString(),
		extendedID: newExtendedID(),
		trace:      newTrace(lastValue(r.Header, "X-Amzn-Trace-Id")),
		method:     r.Method,
	}
	target := r.RequestURI
	if target == "" { // a request that no server read
		target = r.URL.RequestURI()
	}
	x.stage, x.path, x.wholePath, x.query = splitTarget(target)
	if verb := lastValue(r.Header, "X-HTTP-Method-Override"); overridesVerb && verb != "" {
		x.method = verb
	}
	x.record = Record{Time: x.time, RequestID: x.requestID, Method: x.method, Path: x.wholePath, Authorizer: AuthorizerNone}
	return x
}

// header returns the last value of a request header: what single-value maps
// of the event hold.
func (x *exchange) header(name string) string {
	if strings.EqualFold(name, "Host") {
		return x.request.Host
	}
	return lastValue(x.request.Header, name)
}

func lastValue(h http.Header, name string) string {
	values := h.Values(name)
	if len(values) == 0 {
		return ""
	}
	return values[len(values)-1]
}

// forwarded returns the request headers as an integration gets them: what
// belongs to the connection is gone, what a proxy adds is there
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html).
func (x *exchange) forwarded() map[string][]string {
	headers := make(map[string][]string, len(x.request.Header)+5)
	for name, values := range x.request.Header {
		if !droppedFromRequest[name] {
			headers[name] = values
		}
	}
	port := "80"
	if _, p, err := net.SplitHostPort(x.request.Host); err == nil {
		port = p
	}
	headers["Host"] = []string{x.request.Host}
	headers["X-Amzn-Trace-Id"] = []string{x.trace.forEvent()}
	headers["X-Forwarded-For"] = []string{strings.Join(append(x.request.Header.Values("X-Forwarded-For"), x.sourceIP()), ", ")}
	headers["X-Forwarded-Port"] = []string{port}
	headers["X-Forwarded-Proto"] = []string{"http"}
	return headers
}

// droppedFromRequest is in the canonical form of net/http.
var droppedFromRequest = map[string]bool{
	"Connection":         true,
	"Content-Length":     true,
	"Content-Md5":        true,
	"Expect":             true,
	"Max-Forwards":       true,
	"Proxy-Authenticate": true,
	"Server":             true,
	"Te":                 true,
	"Trailer":            true,
	"Transfer-Encoding":  true,
	"Upgrade":            true,
	"Www-Authenticate":   true,
}

func (x *exchange) sourceIP() string {
	host, _, err := net.SplitHostPort(x.request.RemoteAddr)
	if err != nil {
		return x.request.RemoteAddr
	}
	return host
}

// domain is the host without a port, which execute-api endpoints never have.
func (x *exchange) domain() string {
	if host, _, err := net.SplitHostPort(x.request.Host); err == nil {
		return host
	}
	return x.request.Host
}

func (x *exchange) domainPrefix() string {
	prefix, _, _ := strings.Cut(x.domain(), ".")
	return prefix
}

func (x *exchange) requestTime() string { return x.time.Format("02/Jan/2006:15:04:05 -0700") }

// queryValues decodes the query as a form, once.
func (x *exchange) queryValues() url.Values {
	values := url.Values{}
	for pair := range strings.SplitSeq(x.query, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, value = unescape(name), unescape(value)
		values[name] = append(values[name], value)
	}
	return values
}

// unescape leaves alone what is not properly encoded.
func unescape(s string) string {
	if u, err := url.QueryUnescape(s); err == nil {
		return u
	}
	return s
}

// methodARN is what policies are evaluated against: the actual verb and path.
func (x *exchange) methodARN() string { return x.api.arn(x.method, x.path) }

// variable evaluates the expressions of mappings and templates: context.*,
// stageVariables.* and method.request.*
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html).
// f is what is being reported, nil where nothing is.
func (x *exchange) variable(expression string, f *failure) (value string, ok bool) {
	space, name, _ := strings.Cut(expression, ".")
	switch space {
	case "stageVariables":
		value, ok = x.api.stage.variables[name]
		return value, ok
	case "method":
		return x.requestParameter(strings.TrimPrefix(name, "request."))
	case "context":
		return x.contextVariable(name, f)
	}
	return "", false
}

// requestParameter evaluates header.NAME, path.NAME, querystring.NAME and the
// forms for several values.
func (x *exchange) requestParameter(parameter string) (value string, ok bool) {
	place, name, _ := strings.Cut(parameter, ".")
	switch place {
	case "header":
		value = x.header(name)
		return value, value != ""
	case "path":
		value, ok = x.route.variables[name]
		return value, ok
	case "querystring":
		return lastOf(x.queryValues()[name])
	case "multivalueheader":
		values := x.request.Header.Values(name)
		return strings.Join(values, ","), len(values) > 0
	case "multivaluequerystring":
		values := x.queryValues()[name]
		return strings.Join(values, ","), len(values) > 0
	}
	return "", false
}

func lastOf(values []string) (string, bool) {
	if len(values) == 0 {
		return "", false
	}
	return values[len(values)-1], true
}

func (x *exchange) contextVariable(name string, f *failure) (value string, ok bool) {
	if key, isAuthorizer := strings.CutPrefix(name, "authorizer."); isAuthorizer {
		if x.grant == nil {
			return "", false
		}
		switch key {
		case "principalId":
			return x.grant.principalID, true
		case "integrationLatency":
			return strconv.FormatInt(x.authTime.Milliseconds(), 10), true
		}
		value, ok = x.grant.context[key]
		return value, ok
	}
	if f != nil {
		switch name {
		case "error.message":
			return f.text(), true
		case "error.messageString":
			return f.quoted(), true
		case "error.responseType":
			return string(f.kind.name), true
		case "error.validationErrorString":
			return f.detail, f.detail != ""
		}
	}
	switch name {
	case "accountId":
		return x.api.account, true
	case "apiId":
		return x.api.id, true
	case "deploymentId":
		return x.api.stage.deploymentID, true
	case "domainName":
		return x.domain(), true
	case "domainPrefix":
		return x.domainPrefix(), true
	case "extendedRequestId":
		return x.extendedID, true
	case "httpMethod":
		return x.method, true
	case "identity.sourceIp":
		return x.sourceIP(), true
	case "identity.userAgent":
		return x.header("User-Agent"), true
	case "path":
		return x.wholePath, true
	case "protocol":
		return x.request.Proto, true
	case "requestId":
		return x.requestID, true
	case "requestTime":
		return x.requestTime(), true
	case "requestTimeEpoch":
		return strconv.FormatInt(x.time.UnixMilli(), 10), true
	case "resourceId":
		if x.route.resource != nil {
			return x.route.resource.id, true
		}
	case "resourcePath":
		if x.route.resource != nil {
			return x.route.resource.path, true
		}
	case "stage":
		return x.stage, true
	case "xrayTraceId":
		return x.trace.root, true
	}
	return "", false
}

// redact takes the caller's credentials out of a text that a function wrote.
func (x *exchange) redact(text string) string {
	for _, value := range x.request.Header.Values("Authorization") {
		for _, secret := range append(strings.Fields(value), value) {
			// A scheme or a short word is no secret, and would mangle the text.
			if len(secret) > 8 {
				text = strings.ReplaceAll(text, secret, "[redacted]")
			}
		}
	}
	return text
}

// newExtendedID looks like AyD6uGZKvHcEILw=.
func newExtendedID() string {
	var id [11]byte
	rand.Read(id[:])
	return base64.URLEncoding.EncodeToString(id[:])
}

// A trace is the X-Ray header of a request
// (https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader).
type trace struct {
	incoming string // as the client sent it, "" if it sent none that has a root
	root     string
	parent   string
	sampled  string
}

func newTrace(incoming string) trace {
	t := trace{sampled: "0"}
	for field := range strings.SplitSeq(incoming, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(field), "=")
		switch name {
		case "Root":
			t.root, t.incoming = value, incoming
		case "Parent":
			t.parent = value
		case "Sampled":
			t.sampled = value
		}
	}
	if t.root == "" {
		t.root = fmt.Sprintf("1-%08x-%s", time.Now().Unix(), randomHex(12))
		t.parent = ""
	}
	if t.parent == "" {
		t.parent = randomHex(8)
	}
	return t
}

// forEvent is what the integration's request header holds.
func (t trace) forEvent() string {
	if t.incoming != "" {
		return t.incoming
	}
	return "Root=" + t.root
}

// forFunction is what the Runtime API hands out.
func (t trace) forFunction() string {
	return fmt.Sprintf("Root=%s;Parent=%s;Sampled=%s", t.root, t.parent, t.sampled)
}

// forResponse is what the client gets back. The lineage was observed on AWS in
// 2026: a hash of the function, and how often the trace went through it.
func (t trace) forResponse(functionARN string) string {
	return fmt.Sprintf("%s;Lineage=1:%s:0", t.forFunction(), madeUp(hexadecimal, 8, functionARN))
}

func randomHex(bytes int) string {
	b := make([]byte, bytes)
	rand.Read(b)
	return hex.EncodeToString(b)
}

// quote writes a text as a JSON string without escaping <, > and &.
func quote(text string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.Encode(text)
	return strings.TrimSuffix(b.String(), "\n")
}
