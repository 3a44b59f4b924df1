package gateway

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"accountapi/test/runtimeapi"
)

// respondProxy invokes the function of a Lambda proxy integration and returns its answer.
func respondProxy(x *exchange, p *proxy) (*response, *failure) {
	source := x.api.arn(x.method, x.route.resource.path)
	switch {
	case p.verb != http.MethodPost:
		return nil, &failure{kind: integrationFailure,
			reason: "IntegrationHttpMethod is " + p.verb + ": Lambda functions are invoked with POST"}
	case p.mapsIllegal != "":
		return nil, &failure{kind: notPermitted, reason: "RequestParameters must not set the header " + p.mapsIllegal}
	case !p.role && !p.function.permits(source, x.api.account):
		return nil, &failure{kind: notPermitted, reason: fmt.Sprintf(
			"no AWS::Lambda::Permission lets apigateway.amazonaws.com invoke %s for %s", p.function, source)}
	}
	payload, err := json.Marshal(newEvent(x))
	if err != nil {
		return nil, &failure{kind: malformedProxyResponse, reason: err.Error()}
	}
	began := time.Now()
	result, err := p.function.invoke(x.request.Context(), x.trace, p.timeout, payload)
	x.record.IntegrationLatency = time.Since(began)
	broken := func(format string, args ...any) *failure {
		return &failure{kind: malformedProxyResponse,
			reason: p.function.String() + ": " + fmt.Sprintf(format, args...)}
	}
	switch {
	case err != nil && isTimeout(err):
		return nil, &failure{kind: integrationTimeout,
			reason: fmt.Sprintf("%s: no answer in %v", p.function, p.timeout)}
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
