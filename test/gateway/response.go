package gateway

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// This file is about what the client gets: responses, and the gateway responses
// with which the gateway itself answers
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html).

// A response is what goes to the client, apart from the headers that every
// response has.
type response struct {
	status int
	header http.Header // names as they are to be written
	body   []byte
}

func (r *response) write(w http.ResponseWriter, x *exchange) {
	h := w.Header()
	for name, values := range r.header {
		h[name] = values // not Set: the spelling stays
	}
	h["x-amzn-RequestId"] = []string{x.requestID}
	h["x-amz-apigw-id"] = []string{x.extendedID}
	if bodyAllowed(r.status) {
		h.Set("Content-Length", strconv.Itoa(len(r.body)))
	}
	w.WriteHeader(r.status)
	w.Write(r.body) // nothing can be done about a client that is gone
}

func bodyAllowed(status int) bool {
	return status >= 200 && status != http.StatusNoContent && status != http.StatusNotModified
}

// responseType is a type of gateway response, as in GatewayResponse.ResponseType.
type responseType string

const (
	default4XX responseType = "DEFAULT_4XX"
	default5XX responseType = "DEFAULT_5XX"
)

// A kind is one way in which the gateway itself answers.
type kind struct {
	name      responseType
	status    int
	errorType string // of the header x-amzn-ErrorType
	message   string // "" for null
	fixed     bool   // gateway responses do not apply
}

// The kinds that the gateway uses.
var (
	accessDenied                 = kind{"ACCESS_DENIED", 403, "AccessDeniedException", "User is not authorized to access this resource", false}
	apiConfigurationError        = kind{"API_CONFIGURATION_ERROR", 500, "ApiConfigurationException", "Internal server error", false}
	authorizerConfigurationError = kind{"AUTHORIZER_CONFIGURATION_ERROR", 500, "AuthorizerConfigurationException", "", false}
	badRequestBody               = kind{"BAD_REQUEST_BODY", 400, "BadRequestException", "Invalid request body", false}
	badRequestParameters         = kind{"BAD_REQUEST_PARAMETERS", 400, "BadRequestException", "Missing required request parameters", false}
	integrationTimeout           = kind{"INTEGRATION_TIMEOUT", 504, "InternalServerErrorException", "Endpoint request timed out", false}
	missingAuthenticationToken   = kind{"MISSING_AUTHENTICATION_TOKEN", 403, "MissingAuthenticationTokenException", "Missing Authentication Token", false}
	throttled                    = kind{"THROTTLED", 429, "TooManyRequestsException", "Too Many Requests", false}
	unauthorized                 = kind{"UNAUTHORIZED", 401, "UnauthorizedException", "Unauthorized", false}
	unsupportedMediaType         = kind{"UNSUPPORTED_MEDIA_TYPE", 415, "BadRequestException", "Unsupported Media Type", false}

	// AWS lists INTEGRATION_FAILURE with 504, but a Lambda integration that
	// cannot be called answers 500, customised or not.
	integrationFailure = kind{"INTEGRATION_FAILURE", 500, "InternalServerErrorException", "Internal server error", false}
	// What a function got wrong is no type of its own: DEFAULT_5XX applies.
	malformedProxyResponse = kind{default5XX, 502, "InternalServerErrorException", "Internal server error", false}
	notPermitted           = kind{default5XX, 500, "InternalServerErrorException", "Internal server error", false}
	mockFailure            = kind{default5XX, 500, "InternalServerErrorException", "Internal server error", false}
	// Observed, documented nowhere; which type customises it is a guess.
	incompleteSignature = kind{"INVALID_SIGNATURE", 403, "IncompleteSignatureException", "", false}
	unknownStage        = kind{"", unknownStageStatus, "ForbiddenException", "Forbidden", true}

	// The limits apply before the API is known, so its gateway responses do not.
	requestTooLarge = kind{"REQUEST_TOO_LARGE", 413, "RequestTooLargeException", "HTTP content length exceeded 10485760 bytes", true}
	uriTooLong      = kind{"", 414, "RequestUriTooLongException", "Request URI too long", true}
	headerTooLarge  = kind{"", 431, "RequestHeaderFieldsTooLargeException", "Request header is larger than 10240 bytes", true}
)

// defaultStatus is the status that each type has by default: it decides whether
// DEFAULT_4XX or DEFAULT_5XX stands in, and is what a GatewayResponse without a
// StatusCode has.
var defaultStatus = map[responseType]int{
	"ACCESS_DENIED":                  403,
	"API_CONFIGURATION_ERROR":        500,
	"AUTHORIZER_CONFIGURATION_ERROR": 500,
	"AUTHORIZER_FAILURE":             500,
	"BAD_REQUEST_BODY":               400,
	"BAD_REQUEST_PARAMETERS":         400,
	default4XX:                       0,
	default5XX:                       0,
	"EXPIRED_TOKEN":                  403,
	"INTEGRATION_FAILURE":            504,
	"INTEGRATION_TIMEOUT":            504,
	"INVALID_API_KEY":                403,
	"INVALID_SIGNATURE":              403,
	"MISSING_AUTHENTICATION_TOKEN":   403,
	"QUOTA_EXCEEDED":                 429,
	"REQUEST_TOO_LARGE":              413,
	"RESOURCE_NOT_FOUND":             404,
	"THROTTLED":                      429,
	"UNAUTHORIZED":                   401,
	"UNSUPPORTED_MEDIA_TYPE":         415,
	"WAF_FILTERED":                   403,
}

// A failure is the gateway's own answer to one request.
type failure struct {
	kind    kind
	message string // in place of the kind's
	detail  string // $context.error.validationErrorString
	reason  string // for the log only
}

func (f *failure) text() string {
	if f.message != "" {
		return f.message
	}
	return f.kind.message
}

// quoted is $context.error.messageString: a JSON string, or null.
func (f *failure) quoted() string {
	if f.text() == "" {
		return "null"
	}
	return quote(f.text())
}

// A gatewayResponse is what the template says of one type.
type gatewayResponse struct {
	status    int // 0: the type's own
	headers   []headerMapping
	templates map[string]string // by media type
}

// A headerMapping gives a header a literal or the value of an expression.
type headerMapping struct {
	name       string
	literal    string
	expression string // "" for a literal
}

const stockTemplate = `{"message":$context.error.messageString}`

// refuse is the gateway's answer to a failure.
func (g *Gateway) refuse(x *exchange, f *failure) *response {
	answer := &response{status: f.kind.status, header: http.Header{"Content-Type": {"application/json"}}}
	custom := g.api.customised(f.kind)
	template := stockTemplate
	if f.kind == accessDenied {
		// The one stock body with a capital M, though GetGatewayResponse shows
		// the same template for all types.
		template = `{"Message":$context.error.messageString}`
	}
	if custom != nil {
		if custom.status != 0 {
			answer.status = custom.status
		}
		if len(custom.templates) > 0 {
			var mediaType string
			mediaType, template = chooseTemplate(custom.templates, x.header("Accept"))
			answer.header["Content-Type"] = []string{mediaType}
		}
		for _, m := range custom.headers {
			if value, ok := m.value(x, f); ok {
				answer.header[m.name] = []string{value}
			}
		}
	}
	answer.header["x-amzn-ErrorType"] = []string{f.kind.errorType}
	answer.body = []byte(x.expand(template, f))
	return answer
}

// customised returns the template's response for a kind: its own type's or,
// whole and unmerged, the default of its class. Nil if there is neither.
func (a *api) customised(k kind) *gatewayResponse {
	if k.fixed {
		return nil
	}
	if own := a.responses[k.name]; own != nil {
		return own
	}
	if k.status >= 500 {
		return a.responses[default5XX]
	}
	return a.responses[default4XX]
}

func (m headerMapping) value(x *exchange, f *failure) (string, bool) {
	if m.expression == "" {
		return m.literal, true
	}
	return x.variable(m.expression, f)
}

var reference = regexp.MustCompile(`\$(?:context|stageVariables|method\.request)(?:\.[A-Za-z0-9_-]+)+`)

// expand replaces $context and its like. Templates of gateway responses are no
// VTL: there are no directives.
func (x *exchange) expand(template string, f *failure) string {
	return reference.ReplaceAllStringFunc(template, func(match string) string {
		value, _ := x.variable(match[1:], f) // what is not known renders empty
		return value
	})
}

// chooseTemplate takes the template that Accept asks for, else the one for
// JSON, else the first. The choice is inferred, not documented.
func chooseTemplate(templates map[string]string, accept string) (mediaType, template string) {
	for asked := range strings.SplitSeq(accept, ",") {
		asked, _, _ = strings.Cut(asked, ";")
		if t, ok := templates[strings.TrimSpace(asked)]; ok {
			return strings.TrimSpace(asked), t
		}
	}
	if t, ok := templates["application/json"]; ok {
		return "application/json", t
	}
	var names []string
	for name := range templates {
		names = append(names, name)
	}
	first := slices.Min(names)
	return first, templates[first]
}

func (l *loader) loadGatewayResponse(_ string, p properties) {
	name := responseType(p.text("ResponseType"))
	if _, ok := defaultStatus[name]; !ok {
		p.fail("ResponseType", "%s is no type of gateway response", name)
		return
	}
	if l.responses[name] != nil {
		p.fail("ResponseType", "another gateway response has the type %s too", name)
	}
	r := &gatewayResponse{
		status:    int(p.number("StatusCode", 0)),
		templates: p.textMap("ResponseTemplates"),
	}
	if r.status == 0 && name != "INTEGRATION_FAILURE" {
		// One that is customised at all takes nothing from DEFAULT_4XX or
		// DEFAULT_5XX. INTEGRATION_FAILURE is listed with 504 and answers 500.
		r.status = defaultStatus[name]
	}
	if r.status != 0 && (r.status < 200 || r.status > 599) {
		p.fail("StatusCode", "%d is no status of a response", r.status)
	}
	for key, value := range p.textMap("ResponseParameters") {
		header, ok := strings.CutPrefix(key, "gatewayresponse.header.")
		if !ok {
			p.fail("ResponseParameters", "%s does not start with gatewayresponse.header.", key)
			continue
		}
		if strings.EqualFold(header, "Content-Type") {
			header = "Content-Type" // written by the gateway too
		}
		m, err := parseMapping(header, value, "method.request.", "context.", "stageVariables.")
		if err != "" {
			p.fail("ResponseParameters."+key, "%s", err)
		}
		r.headers = append(r.headers, m)
	}
	l.responses[name] = r
}

// parseMapping reads a mapping value: 'literal' or one of the expressions.
func parseMapping(header, value string, expressions ...string) (m headerMapping, problem string) {
	if len(value) >= 2 && strings.HasPrefix(value, "'") && strings.HasSuffix(value, "'") {
		return headerMapping{name: header, literal: value[1 : len(value)-1]}, ""
	}
	if slices.ContainsFunc(expressions, func(e string) bool { return strings.HasPrefix(value, e) }) {
		return headerMapping{name: header, expression: value}, ""
	}
	return headerMapping{}, "invalid mapping expression " + quote(value) +
		": a literal stands in single quotes inside the text ('…'), an expression starts with " + strings.Join(expressions, " or ")
}

// signatureComplaint is what API Gateway says of an Authorization header that
// is no AWS signature.
func signatureComplaint(authorization string) string {
	sum := sha256.Sum256([]byte(authorization))
	return "Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded with Base64): '" +
		base64.StdEncoding.EncodeToString(sum[:]) + "'."
}
