package jwt

import (
	"strings"

	"accountapi/lambdas/internal/principal"
	"accountapi/lambdas/internal/strictjson"
)

// maxContext is the longest JSON text of the claims in the context, all together, in
// bytes.
const maxContext = 4096

// firstOf returns the value of the first of these claims that the token has, else the
// empty string.
func firstOf(claims strictjson.Object, names []string) []byte {
	for _, name := range names {
		if value := find(claims, name); value != nil {
			return value
		}
	}
	return []byte(`""`)
}

// scopesIn reads scopes from a string, in which spaces and nothing else separate them
// (RFC 8693 section 4.2), or from an array with one in each string. What cannot be a scope
// is left out: scopes are joined by spaces for the functions, and one with a space inside
// would become two.
func scopesIn(value []byte) (scopes, leftOut []string, ok bool) {
	all, ok := strictjson.Strings(value)
	if one, isString := strictjson.String(value); isString {
		all = principal.Scopes(one)
	}
	scopes = all[:0]
	for _, scope := range all {
		if isScopeToken(scope) {
			scopes = append(scopes, scope)
		} else {
			leftOut = append(leftOut, scope)
		}
	}
	return scopes, leftOut, ok
}

// isScopeToken tells whether s is a scope-token of RFC 6749 section 3.3:
// 1*( %x21 / %x23-5B / %x5D-7E ).
func isScopeToken(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return r < '!' || r > '~' || r == '"' || r == '\\'
	})
}

// contextOf returns the claims for the context as they are in the token. They are never
// cut: a function must not decide by a part of a list of groups.
func (r *rules) contextOf(claims strictjson.Object) (map[string]string, error) {
	if len(r.context) == 0 {
		return nil, nil
	}
	values := make(map[string]string, len(r.context))
	size := 0
	for _, c := range r.context {
		if value := find(claims, c.Claim); value != nil {
			values[c.Name] = string(value)
			size += len(value)
		}
	}
	if size > maxContext {
		return nil, ErrContextSize
	}
	return values, nil
}
