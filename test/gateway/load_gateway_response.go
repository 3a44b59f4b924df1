package gateway

import (
	"strings"

	"accountapi/test/gateway/template"
)

// defaultStatus is the status of each type of gateway response. A GatewayResponse without
// a StatusCode has it
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html).
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

func loadGatewayResponses(l *loader) map[responseType]*gatewayResponse {
	all := map[responseType]*gatewayResponse{}
	for _, r := range l.of("AWS::ApiGateway::GatewayResponse") {
		p := r.Values(&l.problems)
		name := responseType(p.String("ResponseType"))
		if _, ok := defaultStatus[name]; !ok {
			p.Fail("ResponseType", "%s is no type of gateway response", name)
			continue
		}
		if all[name] != nil {
			p.Fail("ResponseType", "another gateway response has the type %s too", name)
		}
		all[name] = loadGatewayResponse(name, p)
	}
	return all
}

func loadGatewayResponse(name responseType, p template.Values) *gatewayResponse {
	r := &gatewayResponse{
		status:    int(p.Number("StatusCode", 0)),
		templates: p.StringMap("ResponseTemplates"),
	}
	if r.status == 0 && name != "INTEGRATION_FAILURE" {
		// A type that is customised at all takes nothing from DEFAULT_4XX or DEFAULT_5XX.
		// INTEGRATION_FAILURE is listed with 504 and answers 500.
		r.status = defaultStatus[name]
	}
	if r.status != 0 && (r.status < 200 || r.status > 599) {
		p.Fail("StatusCode", "%d is no status of a response", r.status)
	}
	for key, value := range p.StringMap("ResponseParameters") {
		header, ok := strings.CutPrefix(key, "gatewayresponse.header.")
		if !ok {
			p.Fail("ResponseParameters", "%s does not start with gatewayresponse.header.", key)
			continue
		}
		if strings.EqualFold(header, "Content-Type") {
			header = "Content-Type" // the gateway writes this header too
		}
		m, problem := parseMapping(header, value, "method.request.", "context.", "stageVariables.")
		if problem != "" {
			p.Fail("ResponseParameters."+key, "%s", problem)
		}
		r.headers = append(r.headers, m)
	}
	return r
}
