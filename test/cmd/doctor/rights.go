package main

import (
	"maps"
	"slices"
	"strings"
)

// scopeClaims are the claims in which the authorizer looks for scopes; the first that the
// token has counts.
func (d *doctor) scopeClaims() []string {
	if len(d.use.ScopeClaims) > 0 {
		return d.use.ScopeClaims
	}
	return d.preset().scopes
}

// readClaim returns the one in which it finds them; "" if the token has none.
func (d *doctor) readClaim() string {
	for _, claim := range d.scopeClaims() {
		if d.token.at(claim) != nil {
			return claim
		}
	}
	return ""
}

// claimWith returns the first claim besides the one that is read with all of these scopes:
// its name, or its JSON Pointer if it is inside another claim; "" if there is none.
func (t token) claimWith(scopes []string, read string) string {
	candidates := map[string]any{}
	collect(candidates, "", t.claims)
	for _, claim := range slices.SortedFunc(maps.Keys(candidates), func(a, b string) int {
		return strings.Compare(rank(a), rank(b))
	}) {
		has := scopesOf(candidates[claim])
		if claim != read && len(scopes) > 0 &&
			!slices.ContainsFunc(scopes, func(s string) bool { return !slices.Contains(has, s) }) {
			return claim
		}
	}
	return ""
}

// rank sorts the claims of a token before those inside another claim.
func rank(claim string) string {
	if strings.HasPrefix(claim, "/") {
		return "b" + claim
	}
	return "a" + claim
}

// collect adds the claims below a value, by name or by JSON Pointer.
func collect(found map[string]any, pointer string, members map[string]any) {
	for name, value := range members {
		path := name
		escaped := strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
		if pointer != "" || strings.HasPrefix(name, "/") {
			path = pointer + "/" + escaped
		}
		found[path] = value
		if inner, ok := value.(map[string]any); ok && strings.Count(pointer, "/") < 3 {
			collect(found, pointer+"/"+escaped, inner)
		}
	}
}

// at returns the value of a claim, which is a name or a JSON Pointer (RFC 6901); nil if
// there is none.
func (t token) at(claim string) any {
	if !strings.HasPrefix(claim, "/") {
		return t.claims[claim]
	}
	var value any = t.claims
	for part := range strings.SplitSeq(claim[1:], "/") {
		members, _ := value.(map[string]any)
		value = members[strings.NewReplacer("~1", "/", "~0", "~").Replace(part)]
	}
	return value
}

// scopesOf returns the scopes in a claim: separated by spaces, or the strings of an
// array.
func scopesOf(value any) []string {
	if text, ok := value.(string); ok {
		return strings.Fields(text)
	}
	return stringsOf(value)
}

// stringsOf returns a string, or the strings of an array.
func stringsOf(value any) (values []string) {
	switch value := value.(type) {
	case string:
		return []string{value}
	case []any:
		for _, item := range value {
			if text, ok := item.(string); ok {
				values = append(values, text)
			}
		}
	}
	return values
}
