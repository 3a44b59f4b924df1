package iam

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Keys returns the value that a request has for a condition key, and whether it has one.
// The name is in lower case: the names of condition keys have no case
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html).
type Keys func(name string) (value string, ok bool)

// A condition compares one key with a list of values
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html).
type condition struct {
	operator string // without IfExists
	ifExists bool
	key      string // in lower case
	values   []string
}

// holds evaluates the condition. One value that matches is enough; with a negated
// operator none may match.
func (c condition) holds(keys Keys) bool {
	actual, present := keys(c.key)
	if c.operator == "Null" {
		return slices.Contains(c.values, strconv.FormatBool(!present))
	}
	negated := strings.Contains(c.operator, "Not")
	if !present {
		return c.ifExists || negated
	}
	matches := slices.ContainsFunc(c.values, func(value string) bool { return comparisons[c.operator](actual, value) })
	return matches != negated
}

func isOperator(name string) bool { return name == "Null" || comparisons[name] != nil }

// comparisons are the condition operators. A negated one (Not) has the comparison of its
// opposite: condition.holds inverts the result.
var comparisons = map[string]func(actual, value string) bool{
	"StringEquals":              func(a, v string) bool { return a == v },
	"StringNotEquals":           func(a, v string) bool { return a == v },
	"StringEqualsIgnoreCase":    strings.EqualFold,
	"StringNotEqualsIgnoreCase": strings.EqualFold,
	"StringLike":                func(a, v string) bool { return Match(v, a) },
	"StringNotLike":             func(a, v string) bool { return Match(v, a) },
	"ArnEquals":                 func(a, v string) bool { return Match(v, a) },
	"ArnNotEquals":              func(a, v string) bool { return Match(v, a) },
	"ArnLike":                   func(a, v string) bool { return Match(v, a) },
	"ArnNotLike":                func(a, v string) bool { return Match(v, a) },
	"Bool":                      strings.EqualFold,
	"NumericEquals":             numeric(func(order int) bool { return order == 0 }),
	"NumericNotEquals":          numeric(func(order int) bool { return order == 0 }),
	"NumericLessThan":           numeric(func(order int) bool { return order < 0 }),
	"NumericLessThanEquals":     numeric(func(order int) bool { return order <= 0 }),
	"NumericGreaterThan":        numeric(func(order int) bool { return order > 0 }),
	"NumericGreaterThanEquals":  numeric(func(order int) bool { return order >= 0 }),
	"DateEquals":                date(func(order int) bool { return order == 0 }),
	"DateNotEquals":             date(func(order int) bool { return order == 0 }),
	"DateLessThan":              date(func(order int) bool { return order < 0 }),
	"DateLessThanEquals":        date(func(order int) bool { return order <= 0 }),
	"DateGreaterThan":           date(func(order int) bool { return order > 0 }),
	"DateGreaterThanEquals":     date(func(order int) bool { return order >= 0 }),
	"IpAddress":                 inRange,
	"NotIpAddress":              inRange,
}

func numeric(is func(order int) bool) func(actual, value string) bool {
	return func(actual, value string) bool {
		a, errA := strconv.ParseFloat(actual, 64)
		v, errV := strconv.ParseFloat(value, 64)
		order := 0
		if a < v {
			order = -1
		} else if a > v {
			order = 1
		}
		return errA == nil && errV == nil && is(order)
	}
}

func date(is func(order int) bool) func(actual, value string) bool {
	return func(actual, value string) bool {
		a, errA := parseDate(actual)
		v, errV := parseDate(value)
		return errA == nil && errV == nil && is(a.Compare(v))
	}
}

// parseDate reads an ISO 8601 date, or seconds since 1970.
func parseDate(s string) (time.Time, error) {
	if seconds, err := strconv.ParseInt(s, 10, 64); err == nil {
		return time.Unix(seconds, 0), nil
	}
	if day, err := time.Parse(time.DateOnly, s); err == nil {
		return day, nil
	}
	return time.Parse(time.RFC3339, s)
}

// inRange compares an address with another one or with a CIDR range.
func inRange(actual, value string) bool {
	address, err := netip.ParseAddr(actual)
	if err != nil {
		return false
	}
	if prefix, err := netip.ParsePrefix(value); err == nil {
		return prefix.Contains(address.Unmap())
	}
	other, err := netip.ParseAddr(value)
	return err == nil && other == address.Unmap()
}
