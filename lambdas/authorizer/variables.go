package main

import (
	"fmt"
	"strings"
)

// problems collects the mistakes in the configuration.
type problems []error

func (p *problems) add(format string, args ...any) { *p = append(*p, fmt.Errorf(format, args...)) }

// list returns the values of a variable, which are separated by spaces or commas.
func list(value string) []string {
	return strings.FieldsFunc(value, func(r rune) bool { return r == ' ' || r == ',' })
}
