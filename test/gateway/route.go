package gateway

import (
	"net/http"
	"slices"
	"strings"
)

// This file finds the method for a request. API Gateway routes on the path as
// it was sent: nothing is decoded, cleaned or redirected, so http.ServeMux will
// not do.

// Status and text for what no method serves: never 404 or 405
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html).
const (
	// complainsOfSignature: with an Authorization header that is no AWS
	// signature, an unknown route is reported as a malformed signature.
	// Observed by many, documented by nobody.
	complainsOfSignature = true
	// unknownStageStatus is inferred: which stages there are is not told.
	unknownStageStatus = http.StatusForbidden
	// overridesVerb: X-HTTP-Method-Override routes as if it were the verb
	// (https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html).
	overridesVerb = true
)

// A route is a method found for a path, with the path's variables.
type route struct {
	resource  *resource
	method    *method
	variables map[string]string // nil if the resource has none
}

// splitTarget splits the request target into the stage's name, the path below
// it as the event has it, the whole path as requestContext has it, and the query.
// Slashes before the stage and before the path collapse; inner ones stay.
func splitTarget(target string) (stage, path, whole, query string) {
	if !strings.HasPrefix(target, "/") { // http://host/path, or * of OPTIONS
		_, target, _ = strings.Cut(target, "://")
		_, target, _ = strings.Cut(target, "/")
	}
	target, query, _ = strings.Cut(target, "?")
	whole = "/" + strings.TrimLeft(target, "/")
	stage, rest, _ := strings.Cut(whole[1:], "/")
	return stage, "/" + strings.TrimLeft(rest, "/"), whole, query
}

// route is step 2: find the method, or refuse as if the caller had no business here.
func (g *Gateway) route(x *exchange) *failure {
	if x.stage != g.api.stage.name {
		return &failure{kind: unknownStage, reason: "the API has no stage " + x.stage}
	}
	found := g.api.root.find(segments(x.path), x.method)
	if found == nil {
		reason := "no resource has the path " + x.path + " and the method " + x.method
		if authorization := x.header("Authorization"); complainsOfSignature && authorization != "" &&
			!strings.HasPrefix(authorization, "AWS4-") {
			return &failure{kind: incompleteSignature, message: signatureComplaint(authorization), reason: reason}
		}
		return &failure{kind: missingAuthenticationToken, reason: reason}
	}
	x.route = *found
	x.record.Route = found.resource.path
	return nil
}

// segments splits a path for matching, where a slash at the end does not count.
func segments(path string) []string {
	trimmed := strings.Trim(path, "/")
	if trimmed == "" {
		return nil
	}
	return strings.Split(trimmed, "/")
}

// find returns the route for the rest of a path below r: a literal before a
// variable, segment by segment, and back to the variable where the literal
// leads to no resource that has the method.
func (r *resource) find(rest []string, verb string) *route {
	if len(rest) == 0 {
		m := r.methods[verb]
		if m == nil && slices.Contains(verbs, verb) {
			m = r.methods["ANY"]
		}
		if m == nil {
			return nil
		}
		return &route{resource: r, method: m}
	}
	if literal := r.literals[rest[0]]; literal != nil {
		if found := literal.find(rest[1:], verb); found != nil {
			return found
		}
	}
	if r.variable == nil || rest[0] == "" {
		return nil
	}
	value, below := rest[0], rest[1:]
	if isGreedy(r.variable.part) {
		value, below = strings.Join(rest, "/"), nil
	}
	found := r.variable.find(below, verb)
	if found != nil {
		if found.variables == nil {
			found.variables = map[string]string{}
		}
		found.variables[variableName(r.variable.part)] = value
	}
	return found
}
