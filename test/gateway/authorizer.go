package gateway

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"accountapi/test/gateway/iam"
	"accountapi/test/gateway/internal/exactjson"
)

// This file implements TOKEN authorizers
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html).

const (
	defaultResultTTL = 300 * time.Second
	maxResultTTL     = 3600 * time.Second

	// authorizerLimit caps an authorizer whose function may run longer: the
	// integration's own timeout does not apply to it. Inferred.
	authorizerLimit = maxIntegrationTime

	// requiresPrincipalID: the documentation calls principalId required; one
	// observer was served without. An empty one is accepted either way.
	requiresPrincipalID = true

	// What a request without permission is told. The wording changed around
	// 2025 without notice: only its beginning can be relied on.
	explicitDenyMessage = "User is not authorized to access this resource with an explicit deny in an identity-based policy"
	implicitDenyMessage = "User is not authorized to access this resource because no identity-based policy allows the execute-api:Invoke action"
)

// An authorizer is a TOKEN authorizer with its result cache.
type authorizer struct {
	id         string
	header     string         // of the identity source
	validation *regexp.Regexp // nil: every token
	ttl        time.Duration  // 0: no cache
	function   *function
	role       bool // it invokes with a role's credentials, not by the function's permissions

	mu     sync.Mutex
	cache  map[string]cachedGrant // by token
	sweeps time.Time              // when to drop what has expired
}

// A grant is what an authorizer's valid answer says of a caller.
type grant struct {
	principalID string
	context     map[string]string
	policy      *iam.Policy
}

type cachedGrant struct {
	*grant
	expires time.Time
}

// authorize is steps 4 to 6: identity source, cache or function, policy.
func (g *Gateway) authorize(x *exchange) *failure {
	a := x.route.method.authorizer
	if a == nil {
		return nil
	}
	token := a.token(x)
	x.record.Authorizer = AuthorizerRefused
	switch {
	case token == "":
		return &failure{kind: unauthorized, reason: "the header " + a.header + " is missing or empty"}
	case a.validation != nil && !a.validation.MatchString(token):
		return &failure{kind: unauthorized, reason: "the header " + a.header + " does not match the identity validation expression"}
	}
	methodARN := x.methodARN()
	if len(methodARN) > maxARNBytes {
		return &failure{kind: uriTooLong, reason: "the method ARN is too long"}
	}

	caller, hit := a.cached(token, g.now())
	if !hit {
		var failed *failure
		began := time.Now()
		caller, failed = g.ask(x, a, token, methodARN)
		x.authTime = time.Since(began)
		x.record.AuthorizerLatency = x.authTime
		if failed != nil {
			if failed.kind != unauthorized {
				x.record.Authorizer = AuthorizerFailed
			}
			return failed
		}
		a.store(token, caller, g.now())
	}
	x.grant = caller
	if caller.policy.Warning() != "" {
		x.record.Warning = caller.policy.Warning()
	}

	// The cached policy is one for the whole API: evaluated anew, it may well
	// refuse another method than the one it was made for.
	decision := caller.policy.Decide(methodARN, x.conditionKey)
	if decision == iam.Allow {
		x.record.Authorizer = AuthorizerMiss
		if hit {
			x.record.Authorizer = AuthorizerHit
		}
		return nil
	}
	failed := &failure{kind: accessDenied, message: implicitDenyMessage, reason: "no statement of the policy allows " + methodARN}
	if decision == iam.ExplicitDeny {
		failed.message = explicitDenyMessage
		failed.reason = "a statement of the policy denies " + methodARN
	}
	if hit {
		failed.reason += " (cached policy)"
	}
	return failed
}

// token is the identity source's value. Of several headers the last counts, as
// in every single-value map of API Gateway: undocumented for authorizers.
func (a *authorizer) token(x *exchange) string {
	if n := len(x.request.Header.Values(a.header)); n > 1 {
		x.record.Warning = fmt.Sprintf("the request has %d headers %s; the last one counts", n, a.header)
	}
	return x.header(a.header)
}

func (a *authorizer) cached(token string, now time.Time) (*grant, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	c, ok := a.cache[token]
	if !ok || !now.Before(c.expires) {
		return nil, false
	}
	return c.grant, true
}

// store keeps a valid answer, whatever its policy says. The expiry is fixed by
// the first answer; requests at the same time may each ask.
func (a *authorizer) store(token string, g *grant, now time.Time) {
	if a.ttl == 0 {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if now.After(a.sweeps) {
		for t, c := range a.cache {
			if !now.Before(c.expires) {
				delete(a.cache, t)
			}
		}
		a.sweeps = now.Add(a.ttl)
	}
	if c, ok := a.cache[token]; ok && now.Before(c.expires) {
		return
	}
	a.cache[token] = cachedGrant{g, now.Add(a.ttl)}
}

// tokenEvent is a TOKEN authorizer's event: these three keys and no more.
type tokenEvent struct {
	Type               string `json:"type"`
	MethodARN          string `json:"methodArn"`
	AuthorizationToken string `json:"authorizationToken"`
}

// ask invokes the function. Only an error whose whole text is Unauthorized is
// the caller's fault; everything else is a misconfigured authorizer.
func (g *Gateway) ask(x *exchange, a *authorizer, token, methodARN string) (*grant, *failure) {
	broken := func(format string, args ...any) *failure {
		return &failure{kind: authorizerConfigurationError, reason: "authorizer: " + fmt.Sprintf(format, args...)}
	}
	if source := x.api.executeAPI("authorizers/" + a.id); !a.role && !a.function.permits(source, x.api.account) {
		return nil, broken("no AWS::Lambda::Permission lets apigateway.amazonaws.com invoke %s for %s", a.function.logicalID, source)
	}
	event, err := json.Marshal(tokenEvent{"TOKEN", methodARN, token})
	if err != nil {
		return nil, broken("%v", err)
	}
	result, err := g.invoke(x, a.function, authorizerLimit, event)
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

func errorMessage(payload []byte) string {
	var e struct {
		Message string `json:"errorMessage"`
	}
	json.Unmarshal(payload, &e) // what is no error payload has no message
	return e.Message
}

// parseGrant reads an authorizer's answer as strictly as API Gateway does: one
// unknown key spoils it
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-output.html).
func parseGrant(payload []byte) (*grant, error) {
	answer, err := exactjson.Object(payload)
	if err != nil {
		return nil, err
	}
	g := &grant{}
	for key, value := range answer {
		switch key {
		case "principalId":
			if err := json.Unmarshal(value, &g.principalID); err != nil || exactjson.IsNull(value) {
				return nil, errors.New("principalId is not a string")
			}
		case "policyDocument":
			if g.policy, err = iam.Parse(value); err != nil {
				return nil, fmt.Errorf("policyDocument: %w", err)
			}
		case "context":
			if g.context, err = parseContext(value); err != nil {
				return nil, fmt.Errorf("context: %w", err)
			}
		case "usageIdentifierKey": // for API keys, which methods here do not require
		default:
			return nil, fmt.Errorf("unknown key %q", key)
		}
	}
	if _, ok := answer["principalId"]; !ok && requiresPrincipalID {
		return nil, errors.New("principalId is missing")
	}
	if g.policy == nil {
		return nil, errors.New("policyDocument is missing")
	}
	return g, nil
}

// parseContext turns every value into text; there are no nested ones.
func parseContext(raw json.RawMessage) (map[string]string, error) {
	if exactjson.IsNull(raw) {
		return nil, nil
	}
	values, err := exactjson.Object(raw)
	if err != nil {
		return nil, err
	}
	context := make(map[string]string, len(values))
	for key, value := range values {
		if context[key], err = exactjson.Scalar(value); err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
	}
	return context, nil
}

// conditionKey gives the request's values of the condition keys that API
// Gateway knows; the name is in lower case
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-resource-policies-aws-condition-keys.html).
func (x *exchange) conditionKey(name string) (string, bool) {
	switch name {
	case "aws:currenttime":
		return x.time.Format(time.RFC3339), true
	case "aws:epochtime":
		return strconv.FormatInt(x.time.Unix(), 10), true
	case "aws:sourceip":
		return x.sourceIP(), true
	case "aws:securetransport":
		return "true", true // execute-api answers on TLS only
	case "aws:useragent":
		return x.header("User-Agent"), x.header("User-Agent") != ""
	case "aws:referer":
		return x.header("Referer"), x.header("Referer") != ""
	}
	return "", false
}

func (l *loader) loadAuthorizer(id string, p properties) {
	a := &authorizer{id: l.idOf(id), cache: map[string]cachedGrant{}, role: p.text("AuthorizerCredentials") != ""}
	l.authorizers[a.id] = a // also if something is wrong, so that its methods are not blamed
	if typ := p.text("Type"); typ != "TOKEN" {
		p.fail("Type", "%s is not supported by the local gateway: use a TOKEN authorizer", typ)
		return
	}
	header, ok := strings.CutPrefix(p.text("IdentitySource"), "method.request.header.")
	if !ok || header == "" || strings.Contains(header, ",") {
		p.fail("IdentitySource", "%q must be method.request.header.NAME, one header", p.text("IdentitySource"))
	}
	a.header = header
	if expression := p.text("IdentityValidationExpression"); expression != "" {
		validation, err := wholeMatch(expression)
		if err != nil {
			p.fail("IdentityValidationExpression", "%v", err)
		}
		a.validation = validation
	}
	a.ttl = time.Duration(p.number("AuthorizerResultTtlInSeconds", defaultResultTTL.Seconds()) * float64(time.Second))
	if a.ttl < 0 || a.ttl > maxResultTTL {
		p.fail("AuthorizerResultTtlInSeconds", "%v is out of range: API Gateway allows 0 to %v", a.ttl.Seconds(), maxResultTTL.Seconds())
	}
	a.function = l.function(p, "AuthorizerUri")
}

// wholeMatch compiles an expression that AWS matches against the whole text,
// as Java's String.matches does.
func wholeMatch(expression string) (*regexp.Regexp, error) {
	r, err := regexp.Compile(`\A(?:` + expression + `)\z`)
	if err != nil {
		return nil, fmt.Errorf("%w: the local gateway knows RE2 expressions only, without look-around and back-references", err)
	}
	return r, nil
}
