package gateway

import (
	"slices"
	"strings"
)

// A headerMapping gives a response header a literal or the value of an expression
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/rest-api-data-transformations.html).
type headerMapping struct {
	name       string
	literal    string
	expression string // "" for a literal
}

// parseMapping reads the value of a mapping: 'literal', or an expression that starts with
// one of the prefixes. It returns "" or what is wrong with the value.
func parseMapping(header, value string, prefixes ...string) (m headerMapping, problem string) {
	if len(value) >= 2 && strings.HasPrefix(value, "'") && strings.HasSuffix(value, "'") {
		return headerMapping{name: header, literal: value[1 : len(value)-1]}, ""
	}
	if slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(value, prefix) }) {
		return headerMapping{name: header, expression: value}, ""
	}
	return headerMapping{}, "invalid mapping expression " + quote(value) +
		": a literal is in single quotes inside the string ('…'), an expression starts with " +
		strings.Join(prefixes, " or ")
}
