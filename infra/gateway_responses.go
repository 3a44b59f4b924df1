package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/jsii-runtime-go"
)

// gatewayResponse is what API Gateway itself answers when a request does not
// reach a function. A type customised here takes nothing over from DEFAULT_4XX
// and DEFAULT_5XX, so every row carries all that it needs.
type gatewayResponse struct {
	id      string
	kind    awsapigateway.ResponseType
	status  string            // "" keeps the type's own
	headers map[string]string // without the CORS headers, which all rows get
	body    string            // JSON; $context.error.messageString is API Gateway's own text, quoted
}

// addGatewayResponses gives every error of the gateway one JSON shape and the
// CORS headers without which a browser hides the answer from the page.
func addGatewayResponses(api awsapigateway.RestApi, cfg Config) {
	// Retry-After in seconds. The authorizer waits 1 to 30 s between attempts
	// to fetch keys; API Gateway refills its token bucket within a second.
	unavailable := map[string]string{"Retry-After": "5"}
	const couldNotCheck = `{"message":"Service Unavailable","info":"the token could not be checked, try again later"}`
	challenge, denied := insufficientScope(cfg.RequiredScopes)

	for _, r := range []gatewayResponse{
		{
			// RFC 6750 section 3.1: no error code. Whether the token was absent,
			// malformed or refused is in the log and nobody else's business.
			id: "Unauthorized", kind: awsapigateway.ResponseType_UNAUTHORIZED(), status: "401",
			headers: map[string]string{"WWW-Authenticate": "Bearer"},
			body:    `{"message":"Unauthorized"}`,
		},
		{
			id: "AccessDenied", kind: awsapigateway.ResponseType_ACCESS_DENIED(), status: "403",
			headers: map[string]string{"WWW-Authenticate": challenge},
			body:    denied,
		},
		// Both mean that there is no verdict on the token: the keys could not be
		// had, or the authorizer failed. The caller may come back with the same token.
		{
			id: "AuthorizerFailure", kind: awsapigateway.ResponseType_AUTHORIZER_FAILURE(), status: "503",
			headers: unavailable, body: couldNotCheck,
		},
		{
			id: "AuthorizerConfigurationError", kind: awsapigateway.ResponseType_AUTHORIZER_CONFIGURATION_ERROR(), status: "503",
			headers: unavailable, body: couldNotCheck,
		},
		{
			id: "Throttled", kind: awsapigateway.ResponseType_THROTTLED(), status: "429",
			headers: map[string]string{"Retry-After": "1"},
			body:    `{"message":"Too Many Requests"}`,
		},
		// Without a status: a wrong path stays 403, an oversized body 413.
		{id: "Default4xx", kind: awsapigateway.ResponseType_DEFAULT_4XX(), body: `{"message":$context.error.messageString}`},
		{id: "Default5xx", kind: awsapigateway.ResponseType_DEFAULT_5XX(), body: `{"message":$context.error.messageString}`},
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
		if len(exposed) > 0 { // a script sees other than a few harmless headers only by name
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

// corsHeaders says who may read a gateway error. These headers are fixed text,
// so with several origins they cannot name the one that asks, and naming the
// first would hide the answer from the others. "*" then is right and safe: the
// bodies are the same for everybody, no cookie takes part, and the preflight,
// which does choose, keeps foreign pages from sending a token in the first place.
func corsHeaders(origins []string) map[string]string {
	if len(origins) == 1 && origins[0] != "*" {
		return map[string]string{"Access-Control-Allow-Origin": origins[0], "Vary": "Origin"}
	}
	return map[string]string{"Access-Control-Allow-Origin": "*"}
}

// insufficientScope returns the challenge of RFC 6750 section 3 and the body
// for a genuine token that lacks what the whole API demands.
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
