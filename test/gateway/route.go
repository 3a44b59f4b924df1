package gateway

import (
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strings"
)

// This file finds the method for a request. API Gateway routes on the path as it was
// sent: nothing is decoded, cleaned or redirected, so http.ServeMux cannot be used.

// complainsOfSignature: a request to an unknown route that has an Authorization header
// which is no AWS signature is answered as one with a malformed signature. Observed by
// many, not documented.
const complainsOfSignature = true

// verbs are those that ANY includes.
var verbs = []string{"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"}

// A route is a method found for a path, with the path's variables. It is empty until the
// method is found.
type route struct {
	resource  *resource
	method    *method
	variables map[string]string // nil if the resource has none
}

// splitTarget splits the request target into the stage's name, the path below it as the
// event has it, the whole path as requestContext has it, and the query. Slashes before
// the stage and before the path collapse; those further on stay.
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

// route finds the method for a request. A request that no method serves is refused with
// 403, never with 404 or 405
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html).
func (a *api) route(stage, path, verb, authorization string) (route, *failure) {
	if stage != a.stage.name {
		return route{}, &failure{kind: unknownStage, reason: "the API has no stage " + stage}
	}
	if found := a.root.find(segments(path), verb); found != nil {
		return *found, nil
	}
	reason := "no resource has the path " + path + " and the method " + verb
	if complainsOfSignature && authorization != "" && !strings.HasPrefix(authorization, "AWS4-") {
		return route{}, &failure{kind: incompleteSignature, message: signatureComplaint(authorization), reason: reason}
	}
	return route{}, &failure{kind: missingAuthenticationToken, reason: reason}
}

// segments splits a path for matching. A slash at its end does not count.
func segments(path string) []string {
	trimmed := strings.Trim(path, "/")
	if trimmed == "" {
		return nil
	}
	return strings.Split(trimmed, "/")
}

// find returns the route for the rest of a path below r, nil if there is none. In each
// segment a literal is tried before a variable; the variable is tried as well if the
// literal leads to no resource that has the method.
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
	if r.variable.isGreedy() {
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

// variableName is the id of {id} and of {id+}.
func variableName(part string) string {
	return strings.TrimSuffix(strings.Trim(part, "{}"), "+")
}

// signatureComplaint is the message for an Authorization header that is no AWS signature.
func signatureComplaint(authorization string) string {
	sum := sha256.Sum256([]byte(authorization))
	return "Invalid key=value pair (missing equal-sign) in Authorization header " +
		"(hashed with SHA-256 and encoded with Base64): '" +
		base64.StdEncoding.EncodeToString(sum[:]) + "'."
}
