package gateway

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// This file evaluates the policy of an authorizer's answer: the part of the IAM
// policy language that means something for execute-api:Invoke
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html,
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-control-access-policy-language-overview.html).

const (
	invokeAction = "execute-api:Invoke"
	// maxResourceLength of a policy's resource, in characters.
	maxResourceLength = 512
)

// A policy is a valid policy document.
type policy struct {
	statements []statement
	warning    string // of what has no meaning in the policy of an authorizer
}

// A statement has exactly one of actions and notActions, and of resources and
// notResources; the other one is nil.
type statement struct {
	allow                   bool
	actions, notActions     []string
	resources, notResources []string
	conditions              []condition
	principal               bool // it names one, which is ignored
}

// A condition compares one key with a list of values.
type condition struct {
	operator string // without IfExists
	ifExists bool
	key      string
	values   []string
}

type decision int

const (
	implicitDeny decision = iota
	allow
	explicitDeny
)

// decide evaluates the policy for one request: a Deny that matches wins over
// any Allow, and without an Allow nothing is allowed. key gives the request's
// values of condition keys.
func (p *policy) decide(methodARN string, key func(string) (string, bool)) decision {
	result := implicitDeny
	for _, s := range p.statements {
		if !s.matches(methodARN, key) {
			continue
		}
		if !s.allow {
			return explicitDeny
		}
		result = allow
	}
	return result
}

func (s statement) matches(methodARN string, key func(string) (string, bool)) bool {
	isInvoke := func(pattern string) bool { return wildcardFold(pattern, invokeAction) }
	isMethod := func(pattern string) bool { return matchesResource(pattern, methodARN) }
	if s.actions != nil && !slices.ContainsFunc(s.actions, isInvoke) || slices.ContainsFunc(s.notActions, isInvoke) {
		return false
	}
	if s.resources != nil && !slices.ContainsFunc(s.resources, isMethod) || slices.ContainsFunc(s.notResources, isMethod) {
		return false
	}
	for _, c := range s.conditions {
		if !c.holds(key) {
			return false
		}
	}
	return true
}

// matchesResource compares a policy's resource with a method ARN. Wildcards
// cross slashes and, at the end, colons; case counts; the service must be
// spelled out.
func matchesResource(pattern, arn string) bool {
	if pattern == "*" {
		return true
	}
	parts := strings.SplitN(pattern, ":", 4)
	return len(parts) == 4 && parts[0] == "arn" && parts[2] == "execute-api" && wildcard(pattern, arn)
}

// wildcard matches the whole text: * is any run of characters, ? is any one.
func wildcard(pattern, text string) bool {
	p, t := 0, 0
	star, resume := -1, 0 // the last *, and where it ends for now
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, resume = p, t
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == text[t]):
			p++
			t++
		case star >= 0:
			resume++
			p, t = star+1, resume
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

func wildcardFold(pattern, text string) bool {
	return wildcard(strings.ToLower(pattern), strings.ToLower(text))
}

// parsePolicy reads a policy document. What it does not understand is an
// error: a condition that was skipped would allow too much.
func parsePolicy(raw json.RawMessage) (*policy, error) {
	document, err := object(raw)
	if err != nil {
		return nil, err
	}
	p := &policy{}
	for key, value := range document {
		switch key {
		case "Version", "Id":
			var text string
			if err := json.Unmarshal(value, &text); err != nil {
				return nil, fmt.Errorf("%s is not a text", key)
			}
			if key == "Version" && text != "2012-10-17" && text != "2008-10-17" {
				return nil, fmt.Errorf("there is no policy version %q", text)
			}
		case "Statement":
			list := []json.RawMessage{value}
			if value[0] == '[' {
				if err := json.Unmarshal(value, &list); err != nil {
					return nil, err
				}
			}
			for i, item := range list {
				s, err := parseStatement(item)
				if err != nil {
					return nil, fmt.Errorf("statement %d: %w", i+1, err)
				}
				if s.principal {
					p.warning = fmt.Sprintf("the Principal of statement %d has no meaning in an authorizer's policy", i+1)
				}
				p.statements = append(p.statements, s)
			}
		default:
			return nil, fmt.Errorf("unknown key %q", key)
		}
	}
	if _, ok := document["Statement"]; !ok {
		return nil, errors.New("no Statement")
	}
	return p, nil
}

func parseStatement(raw json.RawMessage) (s statement, err error) {
	fields, err := object(raw)
	if err != nil {
		return s, err
	}
	var effect string
	for key, value := range fields {
		switch key {
		case "Sid":
		case "Principal": // the caller is the one who presented the token
			s.principal = true
		case "Effect":
			err = json.Unmarshal(value, &effect)
		case "Action":
			s.actions, err = textOrTexts(value)
		case "NotAction":
			s.notActions, err = textOrTexts(value)
		case "Resource":
			s.resources, err = textOrTexts(value)
		case "NotResource":
			s.notResources, err = textOrTexts(value)
		case "Condition":
			s.conditions, err = parseConditions(value)
		default:
			err = errors.New("unknown key")
		}
		if err != nil {
			return s, fmt.Errorf("%s: %w", key, err)
		}
	}
	switch {
	case effect != "Allow" && effect != "Deny":
		return s, fmt.Errorf("the effect %q is neither Allow nor Deny", effect)
	case (s.actions == nil) == (s.notActions == nil):
		return s, errors.New("one of Action and NotAction is needed")
	case (s.resources == nil) == (s.notResources == nil):
		return s, errors.New("one of Resource and NotResource is needed")
	}
	for _, resource := range slices.Concat(s.resources, s.notResources) {
		if len(resource) > maxResourceLength {
			return s, fmt.Errorf("a resource has %d characters, API Gateway allows %d", len(resource), maxResourceLength)
		}
	}
	s.allow = effect == "Allow"
	return s, nil
}

// textOrTexts never returns nil without an error.
func textOrTexts(raw json.RawMessage) ([]string, error) {
	var text *string
	if err := json.Unmarshal(raw, &text); err == nil && text != nil {
		return []string{*text}, nil
	}
	var texts []*string
	if err := json.Unmarshal(raw, &texts); err != nil || texts == nil || slices.Contains(texts, nil) {
		return nil, errors.New("a text or a list of texts is needed")
	}
	list := make([]string, len(texts))
	for i, t := range texts {
		list[i] = *t
	}
	return list, nil
}

func parseConditions(raw json.RawMessage) (conditions []condition, err error) {
	operators, err := object(raw)
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(operators)) {
		operator, ifExists := strings.CutSuffix(name, "IfExists")
		if comparisons[operator] == nil && operator != "Null" {
			return nil, fmt.Errorf("the local gateway does not know the operator %s", name)
		}
		keys, err := object(operators[name])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		for _, key := range slices.Sorted(maps.Keys(keys)) {
			values, err := conditionValues(keys[key])
			if err != nil {
				return nil, fmt.Errorf("%s: %s: %w", name, key, err)
			}
			conditions = append(conditions, condition{operator, ifExists, strings.ToLower(key), values})
		}
	}
	return conditions, nil
}

func conditionValues(raw json.RawMessage) ([]string, error) {
	list := []json.RawMessage{raw}
	if raw[0] == '[' {
		if err := json.Unmarshal(raw, &list); err != nil {
			return nil, err
		}
	}
	var values []string
	for _, item := range list {
		text, err := scalarText(item)
		if err != nil {
			return nil, err
		}
		values = append(values, text)
	}
	return values, nil
}

// holds evaluates the condition: it is enough that one value matches or, with
// a negated operator, needed that none does.
func (c condition) holds(key func(string) (string, bool)) bool {
	actual, present := key(c.key)
	if c.operator == "Null" {
		return slices.Contains(c.values, strconv.FormatBool(!present))
	}
	negated := strings.Contains(c.operator, "Not")
	if !present {
		return c.ifExists || negated
	}
	matches := slices.ContainsFunc(c.values, func(value string) bool { return comparisons[c.operator](actual, value) })
	return matches != negated
}

// comparisons are the condition operators. A negated one (Not) has the
// comparison of its opposite: holds turns the result around.
var comparisons = map[string]func(actual, value string) bool{
	"StringEquals":              func(a, v string) bool { return a == v },
	"StringNotEquals":           func(a, v string) bool { return a == v },
	"StringEqualsIgnoreCase":    strings.EqualFold,
	"StringNotEqualsIgnoreCase": strings.EqualFold,
	"StringLike":                func(a, v string) bool { return wildcard(v, a) },
	"StringNotLike":             func(a, v string) bool { return wildcard(v, a) },
	"ArnEquals":                 func(a, v string) bool { return wildcard(v, a) },
	"ArnNotEquals":              func(a, v string) bool { return wildcard(v, a) },
	"ArnLike":                   func(a, v string) bool { return wildcard(v, a) },
	"ArnNotLike":                func(a, v string) bool { return wildcard(v, a) },
	"Bool":                      strings.EqualFold,
	"NumericEquals":             numeric(func(order int) bool { return order == 0 }),
	"NumericNotEquals":          numeric(func(order int) bool { return order == 0 }),
	"NumericLessThan":           numeric(func(order int) bool { return order < 0 }),
	"NumericLessThanEquals":     numeric(func(order int) bool { return order <= 0 }),
	"NumericGreaterThan":        numeric(func(order int) bool { return order > 0 }),
	"NumericGreaterThanEquals":  numeric(func(order int) bool { return order >= 0 }),
	"DateEquals":                date(func(order int) bool { return order == 0 }),
	"DateNotEquals":             date(func(order int) bool { return order == 0 }),
	"DateLessThan":              date(func(order int) bool { return order < 0 }),
	"DateLessThanEquals":        date(func(order int) bool { return order <= 0 }),
	"DateGreaterThan":           date(func(order int) bool { return order > 0 }),
	"DateGreaterThanEquals":     date(func(order int) bool { return order >= 0 }),
	"IpAddress":                 inRange,
	"NotIpAddress":              inRange,
}

func numeric(is func(order int) bool) func(actual, value string) bool {
	return func(actual, value string) bool {
		a, errA := strconv.ParseFloat(actual, 64)
		v, errV := strconv.ParseFloat(value, 64)
		order := 0
		if a < v {
			order = -1
		} else if a > v {
			order = 1
		}
		return errA == nil && errV == nil && is(order)
	}
}

func date(is func(order int) bool) func(actual, value string) bool {
	return func(actual, value string) bool {
		a, errA := parseDate(actual)
		v, errV := parseDate(value)
		return errA == nil && errV == nil && is(a.Compare(v))
	}
}

// parseDate reads an ISO 8601 date, or seconds since 1970.
func parseDate(text string) (time.Time, error) {
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil {
		return time.Unix(seconds, 0), nil
	}
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return day, nil
	}
	return time.Parse(time.RFC3339, text)
}

// inRange compares an address with another one or with a CIDR range.
func inRange(actual, value string) bool {
	address, err := netip.ParseAddr(actual)
	if err != nil {
		return false
	}
	if prefix, err := netip.ParsePrefix(value); err == nil {
		return prefix.Contains(address.Unmap())
	}
	other, err := netip.ParseAddr(value)
	return err == nil && other == address.Unmap()
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
