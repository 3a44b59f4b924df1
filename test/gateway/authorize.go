package gateway

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"accountapi/test/gateway/iam"
)

const (
	// authorizerLimit is the time limit of an authorizer whose function may run longer:
	// the integration's timeout does not apply to it. Inferred.
	authorizerLimit = 29 * time.Second

	maxARNBytes = 1600 // of methods with an authorizer

	// The messages to a client whose request the policy does not allow. AWS changed them
	// around 2025 without notice: only their beginning can be relied on.
	explicitDenyMessage = "User is not authorized to access this resource " +
		"with an explicit deny in an identity-based policy"
	implicitDenyMessage = "User is not authorized to access this resource " +
		"because no identity-based policy allows the execute-api:Invoke action"
)

// authorize checks the identity source, gets the authorizer's answer from the cache or
// from its function, and evaluates the policy.
func authorize(x *exchange) *failure {
	a := x.route.method.authorizer
	if a == nil {
		return nil
	}
	// The last of several headers counts, as in every single-value map of API Gateway.
	// AWS does not document it for authorizers.
	if n := len(x.request.Header.Values(a.header)); n > 1 {
		x.record.Warning = fmt.Sprintf("the request has %d headers %s; the last one counts", n, a.header)
	}
	token := x.header(a.header)
	x.record.Authorizer = AuthorizerRefused
	switch {
	case token == "":
		return &failure{kind: unauthorized, reason: "the header " + a.header + " is missing or empty"}
	case a.validation != nil && !a.validation.MatchString(token):
		return &failure{kind: unauthorized,
			reason: "the header " + a.header + " does not match the identity validation expression"}
	}
	methodARN := x.methodARN()
	if len(methodARN) > maxARNBytes {
		return &failure{kind: uriTooLong, reason: "the method ARN is too long"}
	}

	caller, hit := a.results.get(token, x.now())
	if !hit {
		var failed *failure
		began := time.Now()
		caller, failed = ask(x, a, token, methodARN)
		x.authTime = time.Since(began)
		x.record.AuthorizerLatency = x.authTime
		if failed != nil {
			if failed.kind != unauthorized {
				x.record.Authorizer = AuthorizerFailed
			}
			return failed
		}
		a.results.put(token, caller, x.now())
	}
	x.grant = caller
	if warning := caller.policy.Warning(); warning != "" {
		x.record.Warning = warning
	}

	// A cached policy may have been made for a request to another method: it is evaluated
	// again for each request.
	decision := caller.policy.Decide(methodARN, x.conditionKey)
	if decision == iam.Allow {
		x.record.Authorizer = AuthorizerMiss
		if hit {
			x.record.Authorizer = AuthorizerHit
		}
		return nil
	}
	failed := &failure{kind: accessDenied, message: implicitDenyMessage,
		reason: "no statement of the policy allows " + methodARN}
	if decision == iam.ExplicitDeny {
		failed.message = explicitDenyMessage
		failed.reason = "a statement of the policy denies " + methodARN
	}
	if hit {
		failed.reason += " (cached policy)"
	}
	return failed
}

// tokenEvent is a TOKEN authorizer's event: these three keys and no more
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-input.html).
type tokenEvent struct {
	Type               string `json:"type"`
	MethodARN          string `json:"methodArn"`
	AuthorizationToken string `json:"authorizationToken"`
}

// ask invokes the function. An error whose whole message is Unauthorized means that the
// caller is refused; every other error is one of the authorizer.
func ask(x *exchange, a *authorizer, token, methodARN string) (*grant, *failure) {
	broken := func(format string, args ...any) *failure {
		return &failure{kind: authorizerConfigurationError, reason: "authorizer: " + fmt.Sprintf(format, args...)}
	}
	if source := x.api.executeAPI("authorizers/" + a.id); !a.role && !a.function.permits(source, x.api.account) {
		return nil, broken("no AWS::Lambda::Permission lets apigateway.amazonaws.com invoke %s for %s",
			a.function, source)
	}
	event, err := json.Marshal(tokenEvent{"TOKEN", methodARN, token})
	if err != nil {
		return nil, broken("%v", err)
	}
	result, err := a.function.invoke(x.request.Context(), x.trace, authorizerLimit, event)
	switch {
	case err != nil && isTimeout(err):
		return nil, broken("no answer in %v", authorizerLimit)
	case err != nil:
		return nil, broken("%v", err)
	case result.FunctionError != "":
		message := errorMessage(result.Payload)
		if message == "Unauthorized" {
			return nil, &failure{kind: unauthorized, reason: "the authorizer refused the token"}
		}
		return nil, broken("%s", message)
	}
	caller, err := parseGrant(result.Payload)
	if err != nil {
		return nil, broken("its answer cannot be used: %v", err)
	}
	return caller, nil
}

// conditionKey returns the request's value of a condition key that API Gateway knows
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-resource-policies-aws-condition-keys.html).
func (x *exchange) conditionKey(name string) (value string, ok bool) {
	switch name {
	case "aws:currenttime":
		return x.time.Format(time.RFC3339), true
	case "aws:epochtime":
		return strconv.FormatInt(x.time.Unix(), 10), true
	case "aws:sourceip":
		return x.sourceIP(), true
	case "aws:securetransport":
		return "true", true // on AWS execute-api accepts TLS only
	case "aws:useragent":
		return x.header("User-Agent"), x.header("User-Agent") != ""
	case "aws:referer":
		return x.header("Referer"), x.header("Referer") != ""
	}
	return "", false
}
