package iam

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"accountapi/test/gateway/internal/exactjson"
)

// Parse reads a policy document
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html).
// What it does not understand is an error that names the statement and the element: a
// condition that was skipped would allow too much.
func Parse(document []byte) (*Policy, error) {
	fields, err := exactjson.Object(document)
	if err != nil {
		return nil, err
	}
	p := &Policy{}
	for key, value := range fields {
		switch key {
		case "Version", "Id":
			var s string
			if err := json.Unmarshal(value, &s); err != nil {
				return nil, fmt.Errorf("%s is not a string", key)
			}
			if key == "Version" && s != "2012-10-17" && s != "2008-10-17" {
				return nil, fmt.Errorf("there is no policy version %q", s)
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
					p.warning = fmt.Sprintf(
						"the Principal of statement %d has no meaning in an authorizer's policy", i+1)
				}
				p.statements = append(p.statements, s)
			}
		default:
			return nil, fmt.Errorf("unknown key %q", key)
		}
	}
	if _, ok := fields["Statement"]; !ok {
		return nil, errors.New("no Statement")
	}
	return p, nil
}

func parseStatement(raw json.RawMessage) (s statement, err error) {
	fields, err := exactjson.Object(raw)
	if err != nil {
		return s, err
	}
	var effect string
	for key, value := range fields {
		switch key {
		case "Sid":
		case "Principal": // the principal is always the caller that presented the token
			s.principal = true
		case "Effect":
			err = json.Unmarshal(value, &effect)
		case "Action":
			s.actions, err = oneOrMore(value)
		case "NotAction":
			s.notActions, err = oneOrMore(value)
		case "Resource":
			s.resources, err = oneOrMore(value)
		case "NotResource":
			s.notResources, err = oneOrMore(value)
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
			return s, fmt.Errorf("a resource has %d characters, API Gateway allows %d",
				len(resource), maxResourceLength)
		}
	}
	s.allow = effect == "Allow"
	return s, nil
}

// oneOrMore reads a string or a list of strings. It never returns nil without an error.
func oneOrMore(raw json.RawMessage) ([]string, error) {
	var one *string
	if err := json.Unmarshal(raw, &one); err == nil && one != nil {
		return []string{*one}, nil
	}
	var more []*string
	if err := json.Unmarshal(raw, &more); err != nil || more == nil || slices.Contains(more, nil) {
		return nil, errors.New("a string or a list of strings is needed")
	}
	list := make([]string, len(more))
	for i, s := range more {
		list[i] = *s
	}
	return list, nil
}

func parseConditions(raw json.RawMessage) (conditions []condition, err error) {
	operators, err := exactjson.Object(raw)
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(operators)) {
		operator, ifExists := strings.CutSuffix(name, "IfExists")
		if !isOperator(operator) {
			return nil, fmt.Errorf("the local gateway does not know the operator %s", name)
		}
		keys, err := exactjson.Object(operators[name])
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

// conditionValues reads a value or a list of values; numbers and booleans become strings.
func conditionValues(raw json.RawMessage) ([]string, error) {
	list := []json.RawMessage{raw}
	if raw[0] == '[' {
		if err := json.Unmarshal(raw, &list); err != nil {
			return nil, err
		}
	}
	var values []string
	for _, item := range list {
		value, err := exactjson.Scalar(item)
		if err != nil {
			return nil, err
		}
		values = append(values, value)
	}
	return values, nil
}
