package gateway

import (
	"crypto/rand"
	"encoding/base64"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"
)

// overridesVerb: a request with X-HTTP-Method-Override is routed as if it had that method
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html).
const overridesVerb = true

// An exchange is one request that is being answered, with what each step has found out.
type exchange struct {
	request *http.Request
	api     *api
	now     func() time.Time
	began   time.Time // for latencies
	time    time.Time // for the event, from Options.Now
	record  Record

	requestID  string
	extendedID string
	trace      trace

	method    string // the verb to route
	stage     string // as in the URL
	path      string // below the stage, as sent
	eventPath string // path, at a custom domain wholePath
	wholePath string // with the stage or, at a custom domain, as sent
	query     string

	body     []byte
	route    route
	grant    *grant // the authorizer's answer, nil without one
	authTime time.Duration
}

func begin(a *api, now func() time.Time, r *http.Request) *exchange {
	x := &exchange{
		request:    r,
		api:        a,
		now:        now,
		began:      time.Now(),
		time:       now().UTC(),
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
	x.eventPath = x.path
	if a.isDomain(x.domain()) {
		x.stage, x.path = a.atDomain(x.domain(), x.wholePath)
		x.eventPath = x.wholePath
	}
	if verb := lastValue(r.Header, "X-HTTP-Method-Override"); overridesVerb && verb != "" {
		x.method = verb
	}
	x.record = Record{
		Time: x.time, RequestID: x.requestID, Method: x.method, Path: x.wholePath, Authorizer: AuthorizerNone,
	}
	return x
}

// header returns the last value of a request header, which is the one in the single-value
// maps of the event.
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

// mediaType is that of the body, application/json if the request has none.
func (x *exchange) mediaType() string {
	mediaType, _, _ := strings.Cut(x.header("Content-Type"), ";")
	if mediaType = strings.TrimSpace(mediaType); mediaType == "" {
		return "application/json"
	}
	return mediaType
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

// queryValues decodes the query as a form, once. A semicolon separates parameters as &
// does
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html).
func (x *exchange) queryValues() url.Values {
	values := url.Values{}
	for pair := range strings.FieldsFuncSeq(x.query, isSeparator) {
		name, value, _ := strings.Cut(pair, "=")
		name, value = unescape(name), unescape(value)
		values[name] = append(values[name], value)
	}
	return values
}

func isSeparator(r rune) bool { return r == '&' || r == ';' }

// unescape returns what is not properly encoded as it is.
func unescape(s string) string {
	if u, err := url.QueryUnescape(s); err == nil {
		return u
	}
	return s
}

// methodARN is what policies are evaluated for: it has the verb and path of the request.
func (x *exchange) methodARN() string { return x.api.arn(x.method, x.path) }

// newExtendedID looks like AyD6uGZKvHcEILw=.
func newExtendedID() string {
	var id [11]byte
	rand.Read(id[:])
	return base64.URLEncoding.EncodeToString(id[:])
}
