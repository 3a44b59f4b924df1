package jwt

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"accountapi/lambdas/internal/strictjson"
)

// condition is about one claim: its value is one of these strings, or an array with one
// of them as an element.
type condition struct {
	claim  string
	values []string
}

// conditions returns the conditions of a setting.
func conditions(setting map[string][]string) (list []condition) {
	for _, claim := range slices.Sorted(maps.Keys(setting)) {
		list = append(list, condition{claim, setting[claim]})
	}
	return list
}

// conditionsOf returns the conditions in a row of the table of providers.
func conditionsOf(row string) (list []condition) {
	for _, pair := range strings.Fields(row) {
		claim, value, _ := strings.Cut(pair, "=")
		list = append(list, condition{claim, strings.Split(value, "|")})
	}
	return list
}

// holds tells whether the condition is met.
func (c condition) holds(claims strictjson.Object) bool {
	listed := func(value []byte) bool {
		one, ok := strictjson.StringBytes(value)
		return ok && slices.Contains(c.values, string(one))
	}
	value := find(claims, c.claim)
	if value == nil {
		return false
	}
	elements, _ := strictjson.Elements(value)
	return listed(value) || slices.ContainsFunc(elements, listed)
}

// find returns the value of the claim that a setting names, nil without one. A name that
// begins with a slash is a JSON Pointer (RFC 6901), any other a whole name.
func find(claims strictjson.Object, name string) []byte {
	pointer, ok := strings.CutPrefix(name, "/")
	if !ok {
		return claims.Get(name)
	}
	first, rest, more := strings.Cut(pointer, "/")
	value := claims.Get(unescape(first))
	for more {
		first, rest, more = strings.Cut(rest, "/")
		value = below(value, unescape(first))
	}
	return value
}

// below returns a member of an object or an element of an array, nil without one.
func below(value []byte, step string) []byte {
	if object, ok := strictjson.ParseObject(value, nil); ok {
		return object.Get(step)
	}
	elements, _ := strictjson.Elements(value)
	i, _ := strconv.Atoi(step)
	if i < 0 || i >= len(elements) || strconv.Itoa(i) != step { // 0, not 00, +0 or x
		return nil
	}
	return elements[i]
}

// unescape decodes one step of a JSON Pointer (RFC 6901 section 4).
func unescape(step string) string {
	return strings.ReplaceAll(strings.ReplaceAll(step, "~1", "/"), "~0", "~")
}
