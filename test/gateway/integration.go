package gateway

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"accountapi/test/gateway/internal/exactjson"
	"accountapi/test/runtimeapi"
)

// This file implements the Lambda proxy integration, payload format 1.0
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html).

const (
	maxIntegrationTime = 29 * time.Second
	minIntegrationTime = 50 * time.Millisecond

	// acceptsStatusZero: what AWS makes of "statusCode": 0 is unknown. A Go
	// handler that forgets to set it sends exactly this, so it is refused.
	acceptsStatusZero = false
	// encodesInvalidUTF8: a body that is no text and of no binary media type
	// reaches the function as base64, with the flag set. Seen in another
	// emulator, not confirmed on AWS.
	encodesInvalidUTF8 = true
)

// A proxy is a Lambda proxy integration.
type proxy struct {
	function *function
	timeout  time.Duration
	verb     string // IntegrationHttpMethod: anything but POST fails
	role     bool   // it invokes with a role's credentials, not by the function's permissions
	// mapsIllegal names a header that RequestParameters must not set: every
	// request fails. Other request parameters have no effect on a proxy.
	mapsIllegal string
}

// An event is what the function gets. AWS sends every key, null or not; but
// requestContext.authorizer and operationName only where there is one.
type event struct {
	Resource                        string              `json:"resource"`
	Path                            string              `json:"path"`
	HTTPMethod                      string              `json:"httpMethod"`
	Headers                         map[string]string   `json:"headers"`
	MultiValueHeaders               map[string][]string `json:"multiValueHeaders"`
	QueryStringParameters           map[string]string   `json:"queryStringParameters"`
	MultiValueQueryStringParameters map[string][]string `json:"multiValueQueryStringParameters"`
	PathParameters                  map[string]string   `json:"pathParameters"`
	StageVariables                  map[string]string   `json:"stageVariables"`
	RequestContext                  requestContext      `json:"requestContext"`
	Body                            *string             `json:"body"`
	IsBase64Encoded                 bool                `json:"isBase64Encoded"`
}

type requestContext struct {
	ResourceID        string         `json:"resourceId"`
	Authorizer        map[string]any `json:"authorizer,omitempty"`
	ResourcePath      string         `json:"resourcePath"`
	OperationName     string         `json:"operationName,omitempty"`
	HTTPMethod        string         `json:"httpMethod"`
	ExtendedRequestID string         `json:"extendedRequestId"`
	RequestTime       string         `json:"requestTime"`
	Path              string         `json:"path"`
	AccountID         string         `json:"accountId"`
	Protocol          string         `json:"protocol"`
	Stage             string         `json:"stage"`
	DomainPrefix      string         `json:"domainPrefix"`
	RequestTimeEpoch  int64          `json:"requestTimeEpoch"`
	RequestID         string         `json:"requestId"`
	Identity          identity       `json:"identity"`
	DomainName        string         `json:"domainName"`
	DeploymentID      string         `json:"deploymentId"`
	APIID             string         `json:"apiId"`
}

// identity is null but for two keys: the others belong to IAM and Cognito.
type identity struct {
	CognitoIdentityPoolID         *string `json:"cognitoIdentityPoolId"`
	AccountID                     *string `json:"accountId"`
	CognitoIdentityID             *string `json:"cognitoIdentityId"`
	Caller                        *string `json:"caller"`
	SourceIP                      string  `json:"sourceIp"`
	PrincipalOrgID                *string `json:"principalOrgId"`
	AccessKey                     *string `json:"accessKey"`
	CognitoAuthenticationType     *string `json:"cognitoAuthenticationType"`
	CognitoAuthenticationProvider *string `json:"cognitoAuthenticationProvider"`
	UserARN                       *string `json:"userArn"`
	UserAgent                     *string `json:"userAgent"`
	User                          *string `json:"user"`
}

func (p *proxy) respond(g *Gateway, x *exchange) (*response, *failure) {
	source := x.api.arn(x.method, x.route.resource.path)
	switch {
	case p.verb != http.MethodPost:
		return nil, &failure{kind: integrationFailure, reason: "IntegrationHttpMethod is " + p.verb + ": Lambda functions are invoked with POST"}
	case p.mapsIllegal != "":
		return nil, &failure{kind: notPermitted, reason: "RequestParameters must not set the header " + p.mapsIllegal}
	case !p.role && !p.function.permits(source, x.api.account):
		return nil, &failure{kind: notPermitted, reason: fmt.Sprintf(
			"no AWS::Lambda::Permission lets apigateway.amazonaws.com invoke %s for %s", p.function.logicalID, source)}
	}
	payload, err := json.Marshal(newEvent(x))
	if err != nil {
		return nil, &failure{kind: malformedProxyResponse, reason: err.Error()}
	}
	began := time.Now()
	result, err := g.invoke(x, p.function, p.timeout, payload)
	x.record.IntegrationLatency = time.Since(began)
	broken := func(format string, args ...any) *failure {
		return &failure{kind: malformedProxyResponse, reason: p.function.logicalID + ": " + fmt.Sprintf(format, args...)}
	}
	switch {
	case err != nil && isTimeout(err):
		return nil, &failure{kind: integrationTimeout, reason: fmt.Sprintf("%s: no answer in %v", p.function.logicalID, p.timeout)}
	case errors.Is(err, runtimeapi.ErrPayloadTooLarge):
		return nil, &failure{kind: requestTooLarge, reason: err.Error()}
	case err != nil:
		return nil, broken("%v", err)
	case result.FunctionError != "":
		return nil, broken("%s", errorMessage(result.Payload))
	}
	answer, failed, err := parseProxyResponse(x, result.Payload)
	if err != nil {
		return nil, broken("malformed Lambda proxy response: %v", err)
	}
	if failed != nil {
		return nil, failed
	}
	answer.header["X-Amzn-Trace-Id"] = []string{x.trace.forResponse(p.function.arn)}
	return answer, nil
}

func newEvent(x *exchange) event {
	headers := x.forwarded()
	query := x.queryValues()
	e := event{
		Resource:              x.route.resource.path,
		Path:                  x.path,
		HTTPMethod:            x.method,
		Headers:               lastValues(headers),
		MultiValueHeaders:     headers,
		QueryStringParameters: lastValues(query),
		PathParameters:        x.route.variables,
		StageVariables:        x.api.stage.variables,
		RequestContext: requestContext{
			ResourceID:        x.route.resource.id,
			ResourcePath:      x.route.resource.path,
			OperationName:     x.route.method.operationName,
			HTTPMethod:        x.method,
			ExtendedRequestID: x.extendedID,
			RequestTime:       x.requestTime(),
			Path:              x.wholePath,
			AccountID:         x.api.account,
			Protocol:          x.request.Proto,
			Stage:             x.api.stage.name,
			DomainPrefix:      x.domainPrefix(),
			RequestTimeEpoch:  x.time.UnixMilli(),
			RequestID:         x.requestID,
			Identity:          identity{SourceIP: x.sourceIP()},
			DomainName:        x.domain(),
			DeploymentID:      x.api.stage.deploymentID,
			APIID:             x.api.id,
		},
	}
	if len(query) > 0 {
		e.MultiValueQueryStringParameters = query
	}
	if agent := x.header("User-Agent"); agent != "" {
		e.RequestContext.Identity.UserAgent = &agent
	}
	if x.grant != nil {
		authorizer := map[string]any{}
		for key, value := range x.grant.context {
			authorizer[key] = value
		}
		// The gateway's own keys win over those of the context.
		authorizer["principalId"] = x.grant.principalID
		authorizer["integrationLatency"] = x.authTime.Milliseconds()
		e.RequestContext.Authorizer = authorizer
	}
	if len(x.body) > 0 {
		body := string(x.body)
		if x.api.isBinary(x.header("Content-Type")) || encodesInvalidUTF8 && !utf8.Valid(x.body) {
			body = base64.StdEncoding.EncodeToString(x.body)
			e.IsBase64Encoded = true
		}
		e.Body = &body
	}
	return e
}

// lastValues keeps the last of several values, nil for no names at all.
func lastValues(all map[string][]string) map[string]string {
	if len(all) == 0 {
		return nil
	}
	last := make(map[string]string, len(all))
	for name, values := range all {
		last[name] = values[len(values)-1]
	}
	return last
}

// isBinary matches a media type with BinaryMediaTypes: TYPE/SUBTYPE, TYPE/* or
// */*, which stands for no media type as well
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-payload-encodings.html).
func (a *api) isBinary(mediaType string) bool {
	mediaType, _, _ = strings.Cut(mediaType, ";")
	mediaType = strings.ToLower(strings.TrimSpace(mediaType))
	return slices.ContainsFunc(a.binaryTypes, func(configured string) bool {
		if configured == "*/*" {
			return true
		}
		kind, all := strings.CutSuffix(configured, "/*")
		return mediaType == strings.ToLower(configured) || all && strings.HasPrefix(mediaType, strings.ToLower(kind)+"/")
	})
}

// parseProxyResponse reads a function's answer. An error is one that AWS calls
// a malformed Lambda proxy response.
func parseProxyResponse(x *exchange, payload []byte) (*response, *failure, error) {
	fields, err := exactjson.Object(payload)
	if err != nil {
		return nil, nil, err
	}
	answer := &response{status: http.StatusOK}
	var body *string
	var isBase64 *bool
	var single map[string]json.RawMessage
	var multi map[string][]json.RawMessage
	for key, value := range fields {
		switch key {
		case "statusCode":
			answer.status, err = statusCode(value)
		case "headers":
			err = json.Unmarshal(value, &single)
		case "multiValueHeaders":
			err = json.Unmarshal(value, &multi)
		case "body":
			err = json.Unmarshal(value, &body)
		case "isBase64Encoded":
			err = json.Unmarshal(value, &isBase64)
		default:
			err = errors.New("unknown key")
		}
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", key, err)
		}
	}
	if answer.header, err = responseHeaders(single, multi); err != nil {
		return nil, nil, err
	}
	if body != nil {
		answer.body = []byte(*body)
	}
	// The client's Accept decides, of which only the first media type counts;
	// the response's Content-Type does not matter.
	accept, _, _ := strings.Cut(x.header("Accept"), ",")
	if isBase64 != nil && *isBase64 && x.api.isBinary(accept) {
		if answer.body, err = base64.StdEncoding.DecodeString(string(answer.body)); err != nil {
			return nil, &failure{kind: apiConfigurationError, reason: "the body is not base64: " + err.Error()}, nil
		}
	}
	return answer, nil, nil
}

// statusCode accepts a number and a text with one in it.
func statusCode(raw json.RawMessage) (int, error) {
	if exactjson.IsNull(raw) {
		return http.StatusOK, nil
	}
	text, err := exactjson.Scalar(raw)
	if err != nil {
		return 0, err
	}
	status, err := strconv.Atoi(text)
	if err != nil {
		return 0, fmt.Errorf("%q is not a status", text)
	}
	if status == 0 && acceptsStatusZero {
		return http.StatusOK, nil
	}
	if status < 200 || status > 599 {
		return 0, fmt.Errorf("%d is not a status of a response", status)
	}
	return status, nil
}

// responseHeaders merges the two maps, the lists first, and treats the names
// as API Gateway does. The spelling of a name is the first one met.
func responseHeaders(single map[string]json.RawMessage, multi map[string][]json.RawMessage) (http.Header, error) {
	header := http.Header{"Content-Type": {"application/json"}}
	spelling := map[string]string{}
	add := func(name string, raw json.RawMessage) error {
		if exactjson.IsNull(raw) {
			return nil
		}
		value, err := exactjson.Scalar(raw)
		if err != nil {
			return fmt.Errorf("header %s: %w", name, err)
		}
		canonical := http.CanonicalHeaderKey(name)
		first, met := spelling[canonical]
		if !met {
			switch {
			case droppedFromResponse[canonical]:
				return nil
			case remapped[canonical]:
				first = "x-amzn-Remapped-" + name
			case canonical == "Content-Type":
				first = canonical // net/http must see that it is there
				delete(header, first)
			default:
				first = name
			}
			spelling[canonical] = first
		}
		if !slices.Contains(header[first], value) {
			header[first] = append(header[first], value)
		}
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(multi)) {
		for _, raw := range multi[name] {
			if err := add(name, raw); err != nil {
				return nil, err
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(single)) {
		if err := add(name, single[name]); err != nil {
			return nil, err
		}
	}
	return header, nil
}

// What becomes of a function's headers: those that would speak for the
// connection or the gateway are renamed or dropped
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html).
// The names are in the canonical form of net/http.
var (
	remapped = map[string]bool{
		"Authorization":    true,
		"Connection":       true,
		"Content-Length":   true,
		"Content-Md5":      true,
		"Date":             true,
		"Max-Forwards":     true,
		"Server":           true,
		"User-Agent":       true,
		"Www-Authenticate": true,
	}
	droppedFromResponse = map[string]bool{
		"Expect":             true,
		"Host":               true,
		"Proxy-Authenticate": true,
		"Te":                 true,
		"Trailer":            true,
		"Transfer-Encoding":  true,
		"Upgrade":            true,
		"Via":                true,
		// The gateway's own.
		"X-Amz-Apigw-Id":   true,
		"X-Amzn-Requestid": true,
		"X-Amzn-Trace-Id":  true,
	}
	// illegalMappings may not be set by RequestParameters of a Lambda proxy.
	illegalMappings = map[string]bool{
		"Authorization":      true,
		"Connection":         true,
		"Content-Length":     true,
		"Expect":             true,
		"Proxy-Authenticate": true,
		"Te":                 true,
		"Transfer-Encoding":  true,
	}
)

func (l *loader) loadProxy(p properties) *proxy {
	i := &proxy{
		verb:    p.text("IntegrationHttpMethod"),
		timeout: time.Duration(p.number("TimeoutInMillis", float64(maxIntegrationTime.Milliseconds()))) * time.Millisecond,
		role:    p.text("Credentials") != "",
	}
	if i.timeout < minIntegrationTime {
		p.fail("TimeoutInMillis", "%v is out of range: API Gateway allows %v or more", i.timeout, minIntegrationTime)
	}
	for key := range p.textMap("RequestParameters") {
		header, ok := strings.CutPrefix(key, "integration.request.header.")
		if ok && illegalMappings[http.CanonicalHeaderKey(header)] {
			i.mapsIllegal = header
		}
	}
	i.function = l.function(p, "Uri")
	return i
}
