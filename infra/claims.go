package main

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// claims returns names of claims: separated by spaces or commas, or a JSON list, in which
// they may contain these characters.
func (s *settings) claims(key string) (names []string) {
	items, isList := s.values[key].([]any)
	if !isList {
		names = s.list(key)
	}
	for _, item := range items {
		name, ok := item.(string)
		if !ok {
			s.problem(key, "%v must be the name of a claim, as a string", item)
			continue
		}
		names = append(names, name)
	}
	for _, name := range names {
		if problem := claimProblem(name); problem != "" {
			s.problem(key, "%s", problem)
		}
	}
	return names
}

// claimValues returns an object whose members are claims with one or several values.
func (s *settings) claimValues(key string) map[string][]string {
	if s.values[key] == nil || s.values[key] == "" {
		return nil
	}
	object, ok := s.values[key].(map[string]any)
	if !ok {
		s.problem(key, `must be an object of claims and their values, for example {"sub": ["auth0|1", "auth0|2"]}`)
		return nil
	}
	all := map[string][]string{}
	for _, claim := range slices.Sorted(maps.Keys(object)) {
		if problem := claimProblem(claim); problem != "" {
			s.problem(key, "%s", problem)
		}
		items, isList := object[claim].([]any)
		if !isList {
			items = []any{object[claim]}
		}
		for _, item := range items {
			value, ok := item.(string)
			if !ok || value == "" {
				s.problem(key+"."+claim, "must be a string, or a list of strings, that are not empty")
				break
			}
			all[claim] = append(all[claim], value)
		}
		if len(items) == 0 {
			s.problem(key+"."+claim, "has no values: add one, or remove the claim")
		}
	}
	if len(all) == 0 {
		return nil
	}
	return all
}

// claimProblem returns what is wrong with the name of a claim, or with a JSON Pointer in
// its place, whose tilde must be followed by 0 or 1 (RFC 6901 section 3).
func claimProblem(name string) string {
	if name == "" {
		return "the name of a claim is empty"
	}
	if strings.HasPrefix(name, "/") && regexp.MustCompile(`~([^01]|$)`).MatchString(name) {
		return fmt.Sprintf("%q is not a JSON Pointer: write ~0 for ~, and ~1 for / in a name", name)
	}
	return ""
}

// contextName is what a name in the authorizer's context may consist of: printable ASCII
// but space, comma, equals sign, quotation mark and backslash.
var contextName = regexp.MustCompile(`^[!#-+\--<>-\[\]-~]+$`)

// reservedNames are the names of what the authorizer and API Gateway put into the
// context.
var reservedNames = []string{
	"sub", "client_id", "scope", "iss", "exp", "until", "principalId", "integrationLatency",
}

// contextClaims returns the claims for the functions behind the routes, each as NAME or
// NAME=CLAIM.
func (s *settings) contextClaims() []string {
	const key = "contextClaims"
	items := s.list(key)
	seen := map[string]bool{}
	for _, item := range items {
		name, claim, named := strings.Cut(item, "=")
		if !named {
			claim = name
		}
		problem := claimProblem(claim)
		switch {
		case strings.Contains(item, ","):
			problem = fmt.Sprintf("%q contains a comma, which separates claims", item)
		case problem != "":
		case !named && strings.HasPrefix(name, "/"):
			short := name[strings.LastIndexByte(name, '/')+1:]
			if !contextName.MatchString(short) || slices.Contains(reservedNames, short) {
				short = "NAME"
			}
			problem = fmt.Sprintf("%q is a JSON Pointer, which needs a name in the context: write %s=%s", name, short, name)
		case !contextName.MatchString(name), strings.HasPrefix(name, "/"):
			problem = fmt.Sprintf("%q cannot be a name in the context, "+
				`which is printable ASCII without , = " and \ and does not begin with /: write NAME=%s`, name, claim)
		case slices.Contains(reservedNames, name):
			problem = fmt.Sprintf("%q is in the context already: leave it out, or write NAME=%s", name, claim)
		case seen[name]:
			problem = fmt.Sprintf("the name %q is there twice: write another name for one of them, NAME=%s", name, claim)
		}
		seen[name] = true
		if problem != "" {
			s.problem(key, "%s", problem)
		}
	}
	return items
}
