package gateway

import (
	"encoding/base64"
	"net"
	"strings"
	"unicode/utf8"
)

// This file makes the event of a Lambda proxy integration, payload format 1.0
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html).

// encodesInvalidUTF8: a body that is not UTF-8 and of no binary media type reaches the
// function as base64, with the flag set. Seen in another emulator, not confirmed on AWS.
const encodesInvalidUTF8 = true

// A proxyEvent is what the function gets. AWS sends every key, null or not, but
// requestContext.authorizer and operationName only where there is one.
type proxyEvent struct {
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
	Identity          callerIdentity `json:"identity"`
	DomainName        string         `json:"domainName"`
	DeploymentID      string         `json:"deploymentId"`
	APIID             string         `json:"apiId"`
}

// callerIdentity is null but for two keys: the others are for IAM and Cognito.
type callerIdentity struct {
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

func newEvent(x *exchange) proxyEvent {
	headers := forwarded(x)
	query := x.queryValues()
	e := proxyEvent{
		Resource:              x.route.resource.path,
		Path:                  x.eventPath,
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
			Identity:          callerIdentity{SourceIP: x.sourceIP()},
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

// lastValues keeps the last of several values. It is nil if there are no names.
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

// forwarded returns the request headers as an integration gets them: without those of the
// connection, and with those that a proxy adds
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html).
func forwarded(x *exchange) map[string][]string {
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
	proxies := append(x.request.Header.Values("X-Forwarded-For"), x.sourceIP())
	headers["X-Forwarded-For"] = []string{strings.Join(proxies, ", ")}
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
