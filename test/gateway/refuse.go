package gateway

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// This file makes the gateway's own answers: gateway responses
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-gatewayResponse-definition.html).

const stockTemplate = `{"message":$context.error.messageString}`

// refuse is the answer to a failure.
func refuse(x *exchange, f *failure) *response {
	answer := &response{status: f.kind.status, header: http.Header{"Content-Type": {"application/json"}}}
	custom := customised(x.api.responses, f.kind)
	template := stockTemplate
	if f.kind == accessDenied {
		// The one stock body with a capital M, though GetGatewayResponse shows the same
		// template for all types.
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
			if value, ok := x.mapped(m, f); ok {
				answer.header[m.name] = []string{value}
			}
		}
	}
	answer.header["x-amzn-ErrorType"] = []string{f.kind.errorType}
	answer.body = []byte(expand(template, x, f))
	return answer
}

// customised returns the template's response for a kind: that of its own type or, whole
// and unmerged, the default of its class. It is nil if there is neither.
func customised(responses map[responseType]*gatewayResponse, k kind) *gatewayResponse {
	if k.name == "" || k == requestTooLarge {
		return nil
	}
	if own := responses[k.name]; own != nil {
		return own
	}
	if k.status >= 500 {
		return responses[default5XX]
	}
	return responses[default4XX]
}

// chooseTemplate takes the template that Accept asks for, else the one for JSON, else the
// first. The choice is inferred, not documented.
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

var reference = regexp.MustCompile(`\$(?:context|stageVariables|method\.request)(?:\.[A-Za-z0-9_-]+)+`)

// expand replaces $context, $stageVariables and $method.request. Templates of gateway
// responses are not VTL: there are no directives.
func expand(template string, x *exchange, f *failure) string {
	return reference.ReplaceAllStringFunc(template, func(match string) string {
		value, _ := x.variable(match[1:], f) // an unknown variable is empty
		return value
	})
}
