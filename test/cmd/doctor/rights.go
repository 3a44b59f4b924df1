package main

import (
	"maps"
	"slices"
	"strconv"
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
		if _, found := d.token.find(claim); found {
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

// find returns the value of a claim, which is a name or a JSON Pointer (RFC 6901). A claim
// that is null is found, as the authorizer finds it.
func (t token) find(claim string) (value any, found bool) {
	if !strings.HasPrefix(claim, "/") {
		value, found = t.claims[claim]
		return value, found
	}
	value = t.claims
	for part := range strings.SplitSeq(claim[1:], "/") {
		switch inner := value.(type) {
		case map[string]any:
			value, found = inner[strings.NewReplacer("~1", "/", "~0", "~").Replace(part)]
		case []any:
			i, _ := strconv.Atoi(part)
			if found = i >= 0 && i < len(inner) && strconv.Itoa(i) == part; found { // 0, not 00, +0 or x
				value = inner[i]
			}
		default:
			found = false
		}
		if !found {
			return nil, false
		}
	}
	return value, true
}

// shown formats the value of a claim, "none" if there is none.
func (t token) shown(claim string) string {
	value, found := t.find(claim)
	if found && value == nil {
		return "null"
	}
	return quoted(value)
}

// scopesOf returns the scopes in a claim: separated by spaces, or the strings of an
// array.
func scopesOf(value any) []string {
	if text, ok := value.(string); ok {
		return strings.Fields(text)
	}
	return stringsOf(value)
}

// areStrings reports whether a value is a string or an array of strings.
func areStrings(value any) bool {
	if items, ok := value.([]any); ok {
		return len(stringsOf(items)) == len(items)
	}
	_, ok := value.(string)
	return ok
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
