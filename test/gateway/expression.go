package gateway

import (
	"strconv"
	"strings"
)

// This file evaluates the expressions of mappings and templates: context.*,
// stageVariables.* and method.request.*
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html).

// mapped is the value of a header. f is the failure that is being answered, nil if an
// integration answers. It is not ok if the expression has no value.
func (x *exchange) mapped(m headerMapping, f *failure) (value string, ok bool) {
	if m.expression == "" {
		return m.literal, true
	}
	return x.variable(m.expression, f)
}

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

// requestParameter evaluates header.NAME, path.NAME, querystring.NAME and the forms for
// several values.
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
		values := x.queryValues()[name]
		if len(values) == 0 {
			return "", false
		}
		return values[len(values)-1], true
	case "multivalueheader":
		values := x.request.Header.Values(name)
		return strings.Join(values, ","), len(values) > 0
	case "multivaluequerystring":
		values := x.queryValues()[name]
		return strings.Join(values, ","), len(values) > 0
	}
	return "", false
}

func (x *exchange) contextVariable(name string, f *failure) (value string, ok bool) {
	if key, isAuthorizer := strings.CutPrefix(name, "authorizer."); isAuthorizer {
		return x.authorizerVariable(key)
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

func (x *exchange) authorizerVariable(key string) (value string, ok bool) {
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
