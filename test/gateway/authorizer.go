package gateway

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"sync"
	"time"

	"accountapi/test/gateway/iam"
	"accountapi/test/gateway/internal/exactjson"
)

// requiresPrincipalID: AWS documents principalId as required; one report says that an
// answer without it was accepted. An empty one is accepted in any case.
const requiresPrincipalID = true

// An authorizer is a TOKEN authorizer with its result cache
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html).
type authorizer struct {
	id         string
	logicalID  string
	header     string         // of the identity source
	validation *regexp.Regexp // nil: every token
	function   target
	role       bool // it invokes with a role's credentials, not by the function's permissions
	results    resultCache
}

// A grant is what the valid answer of an authorizer says of a caller.
type grant struct {
	principalID string
	context     map[string]string
	policy      *iam.Policy
}

// A resultCache keeps the grants of one authorizer by token.
type resultCache struct {
	ttl time.Duration // 0: nothing is kept

	mu      sync.Mutex
	entries map[string]cachedGrant
	sweep   time.Time // when to drop the expired entries
}

type cachedGrant struct {
	*grant
	expires time.Time
}

func (c *resultCache) get(token string, now time.Time) (*grant, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.entries[token]
	if !ok || !now.Before(e.expires) {
		return nil, false
	}
	return e.grant, true
}

// put keeps a grant, even one whose policy denies. The first of several answers to the
// same token fixes the expiry: requests at the same time may each invoke the function.
func (c *resultCache) put(token string, g *grant, now time.Time) {
	if c.ttl == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if now.After(c.sweep) {
		for t, e := range c.entries {
			if !now.Before(e.expires) {
				delete(c.entries, t)
			}
		}
		c.sweep = now.Add(c.ttl)
	}
	if e, ok := c.entries[token]; ok && now.Before(e.expires) {
		return
	}
	if c.entries == nil {
		c.entries = map[string]cachedGrant{}
	}
	c.entries[token] = cachedGrant{g, now.Add(c.ttl)}
}

// parseGrant reads an authorizer's answer as strictly as API Gateway does: an unknown key
// is an error
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
		case "usageIdentifierKey": // for API keys, which no method here may require
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

// parseContext makes every value a string; objects and lists are not allowed.
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
