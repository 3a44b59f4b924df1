// Package iam reads and evaluates the IAM policy in the answer of a Lambda authorizer:
// the part of the policy language that has a meaning for the action execute-api:Invoke
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-control-access-policy-language-overview.html).
//
// It does not read HTTP requests. The caller gives the ARN of the method and, as a
// function, the values of the condition keys.
package iam

import (
	"slices"
	"strings"
)

const (
	invokeAction = "execute-api:Invoke"
	// maxResourceLength is in characters
	// (https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html).
	maxResourceLength = 512
)

// A Policy is a valid policy document. [Parse] makes it; the zero value allows nothing.
type Policy struct {
	statements []statement
	warning    string
}

// Warning says which element of the document is accepted and has no meaning in the policy
// of an authorizer, "" if there is none.
func (p *Policy) Warning() string { return p.warning }

// A statement has exactly one of actions and notActions, and of resources and
// notResources; the other one is nil.
type statement struct {
	allow                   bool
	actions, notActions     []string
	resources, notResources []string
	conditions              []condition
	principal               bool // it names one, which is ignored
}

// A Decision is the result of evaluating a policy.
type Decision int

// The decisions. Only Allow allows.
const (
	ImplicitDeny Decision = iota // no statement allows the request
	Allow                        // a statement allows it, none denies it
	ExplicitDeny                 // a statement denies it
)

// Decide evaluates the policy for one request to the method. A Deny that matches wins
// over any Allow, and without an Allow nothing is allowed
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html).
// The keys may be nil if no statement has a condition.
func (p *Policy) Decide(methodARN string, keys Keys) Decision {
	result := ImplicitDeny
	for _, s := range p.statements {
		if !s.matches(methodARN, keys) {
			continue
		}
		if !s.allow {
			return ExplicitDeny
		}
		result = Allow
	}
	return result
}

func (s statement) matches(methodARN string, keys Keys) bool {
	isInvoke := func(pattern string) bool { return MatchAction(pattern, invokeAction) }
	isMethod := func(pattern string) bool { return matchesResource(pattern, methodARN) }
	if s.actions != nil && !slices.ContainsFunc(s.actions, isInvoke) ||
		slices.ContainsFunc(s.notActions, isInvoke) {
		return false
	}
	if s.resources != nil && !slices.ContainsFunc(s.resources, isMethod) ||
		slices.ContainsFunc(s.notResources, isMethod) {
		return false
	}
	for _, c := range s.conditions {
		if !c.holds(keys) {
			return false
		}
	}
	return true
}

// matchesResource compares a policy's resource with a method ARN. Case counts, and the
// service must be spelled out.
func matchesResource(pattern, arn string) bool {
	if pattern == "*" {
		return true
	}
	parts := strings.SplitN(pattern, ":", 4)
	return len(parts) == 4 && parts[0] == "arn" && parts[2] == "execute-api" && Match(pattern, arn)
}
