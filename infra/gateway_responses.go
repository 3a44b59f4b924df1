package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/jsii-runtime-go"
)

// gatewayResponse is the answer of API Gateway itself to a request that does not reach a
// function. A customised type inherits nothing from DEFAULT_4XX and DEFAULT_5XX, so every
// row is complete.
type gatewayResponse struct {
	id      string
	kind    awsapigateway.ResponseType
	status  string            // "" keeps the default of the type
	headers map[string]string // besides the CORS headers, which all rows get
	body    string            // JSON
}

// addGatewayResponses gives every error of the gateway the same JSON format, and the CORS
// headers without which a browser does not let a page read the answer.
func addGatewayResponses(api awsapigateway.RestApi, cfg Config) {
	// Retry-After is in seconds. The authorizer waits 1 to 30 s between attempts to fetch
	// keys; API Gateway refills its token bucket within a second.
	unavailable := map[string]string{"Retry-After": "5"}
	const (
		couldNotCheck = `{"message":"Service Unavailable","info":"the token could not be checked, try again later"}`
		message       = `{"message":$context.error.messageString}` // API Gateway's own message, quoted
	)
	challenge, denied := insufficientScope(cfg.RequiredScopes)

	for _, r := range []gatewayResponse{
		{
			// RFC 6750 section 3.1: no error code. Whether the token was missing,
			// malformed or refused is logged, but not sent to the client.
			id: "Unauthorized", kind: awsapigateway.ResponseType_UNAUTHORIZED(), status: "401",
			headers: map[string]string{"WWW-Authenticate": "Bearer"},
			body:    `{"message":"Unauthorized"}`,
		},
		{
			id: "AccessDenied", kind: awsapigateway.ResponseType_ACCESS_DENIED(), status: "403",
			headers: map[string]string{"WWW-Authenticate": challenge},
			body:    denied,
		},
		// Both mean that the token could not be checked: the keys could not be fetched,
		// or the authorizer failed. The caller may try again with the same token.
		{
			id: "AuthorizerFailure", kind: awsapigateway.ResponseType_AUTHORIZER_FAILURE(),
			status: "503", headers: unavailable, body: couldNotCheck,
		},
		{
			id: "AuthorizerConfigurationError", kind: awsapigateway.ResponseType_AUTHORIZER_CONFIGURATION_ERROR(),
			status: "503", headers: unavailable, body: couldNotCheck,
		},
		{
			id: "Throttled", kind: awsapigateway.ResponseType_THROTTLED(), status: "429",
			headers: map[string]string{"Retry-After": "1"},
			body:    `{"message":"Too Many Requests"}`,
		},
		// Without a status: a wrong path remains a 403, an oversized body a 413.
		{id: "Default4xx", kind: awsapigateway.ResponseType_DEFAULT_4XX(), body: message},
		{id: "Default5xx", kind: awsapigateway.ResponseType_DEFAULT_5XX(), body: message},
	} {
		headers := map[string]*string{}
		for name, value := range corsHeaders(cfg.CORSOrigins) {
			headers[name] = jsii.String("'" + value + "'")
		}
		var exposed []string
		for name, value := range r.headers {
			headers[name] = jsii.String("'" + value + "'")
			exposed = append(exposed, name)
		}
		if len(exposed) > 0 { // a script can read other headers than the safelisted ones only if they are listed
			headers["Access-Control-Expose-Headers"] = jsii.String("'" + strings.Join(exposed, ",") + "'")
		}
		options := &awsapigateway.GatewayResponseOptions{
			Type:            r.kind,
			ResponseHeaders: &headers,
			Templates:       &map[string]*string{"application/json": jsii.String(r.body)},
		}
		if r.status != "" {
			options.StatusCode = jsii.String(r.status)
		}
		api.AddGatewayResponse(jsii.String(r.id), options)
	}
}

// corsHeaders returns the headers that decide which pages may read a gateway error. They
// are constants: with several origins they cannot contain that of the request, and with
// the first origin the pages of the others could not read the answer. "*" is safe: the
// bodies are the same for everybody, no cookies are used, and the preflight, which does
// compare the origin, prevents other pages from sending a token.
func corsHeaders(origins []string) map[string]string {
	if len(origins) == 1 && origins[0] != "*" {
		return map[string]string{"Access-Control-Allow-Origin": origins[0], "Vary": "Origin"}
	}
	return map[string]string{"Access-Control-Allow-Origin": "*"}
}

// insufficientScope returns the challenge of RFC 6750 section 3 and the body for a
// genuine token without a scope that the whole API requires.
func insufficientScope(required []string) (challenge, body string) {
	challenge = `Bearer error="insufficient_scope"`
	info := "the token does not permit this request"
	if scope := strings.Join(required, " "); scope != "" {
		challenge += fmt.Sprintf(", scope=%q", scope)
		info = fmt.Sprintf("scope %q is required", scope)
	}
	quoted, _ := json.Marshal(info) // a string always marshals
	return challenge, `{"message":"Forbidden","info":` + string(quoted) + `}`
}
