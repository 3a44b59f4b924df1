package template

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// ofSSM is the beginning of the types whose value CloudFormation reads from the SSM
// parameter that the template or the caller names.
const ofSSM = "AWS::SSM::Parameter::Value<"

// parameter is the value that the caller or the parent stack gives the parameter, or its
// default.
func (s *Stack) parameter(id string, p parameter) (any, error) {
	value := p.Default
	fromSSM := strings.HasPrefix(p.Type, ofSSM)
	if s.Parent != nil {
		given, err := s.givenByParent(id)
		if err != nil {
			return nil, err
		}
		if given != nil {
			value = given
		}
	} else if given, ok := s.parameters[id]; ok {
		value, fromSSM = given, false // it is what SSM would have
	}
	switch {
	case fromSSM:
		return nil, fmt.Errorf("the value of the SSM parameter %v is not known here: "+
			"give the parameter %s the value that SSM has, %s", value, id, parameterAdvice(id))
	case value == nil:
		return nil, fmt.Errorf("the parameter %s has no default: give it a value, %s", id, parameterAdvice(id))
	}
	if list, ok := value.([]any); ok { // the parent gives a list
		return list, nil
	}
	text, err := scalar(value)
	if err != nil {
		return nil, fmt.Errorf("the parameter %s: %w", id, err)
	}
	if takesList(p) {
		var items []any
		for item := range strings.SplitSeq(text, ",") {
			item = strings.TrimSpace(item)
			if err := check(p, item); err != nil {
				return nil, fmt.Errorf("the parameter %s: %w", id, err)
			}
			items = append(items, item)
		}
		return items, nil
	}
	if err := check(p, text); err != nil {
		return nil, fmt.Errorf("the parameter %s: %w", id, err)
	}
	return text, nil
}

func parameterAdvice(id string) string {
	return fmt.Sprintf("-parameter %s=VALUE (in Go: Options.Parameters)", id)
}

func takesList(p parameter) bool {
	of := strings.TrimPrefix(p.Type, ofSSM)
	return strings.HasPrefix(of, "CommaDelimitedList") || strings.HasPrefix(of, "List<")
}

// check returns what CloudFormation would refuse about a value.
func check(p parameter, value string) error {
	if len(p.AllowedValues) > 0 {
		allowed, _ := scalars(p.AllowedValues)
		if !slices.Contains(allowed, value) {
			return fmt.Errorf("%q is not one of its AllowedValues: %s", value, strings.Join(allowed, ", "))
		}
	}
	// An expression that is not RE2 is not checked.
	if pattern, err := regexp.Compile(`\A(?:` + p.AllowedPattern + `)\z`); p.AllowedPattern != "" && err == nil &&
		!pattern.MatchString(value) {
		return fmt.Errorf("%q does not match its AllowedPattern %s", value, p.AllowedPattern)
	}
	length := float64(utf8.RuneCountInString(value))
	number, err := strconv.ParseFloat(value, 64)
	if p.Type == "Number" && err != nil {
		return fmt.Errorf("%q is not a number", value)
	}
	for _, limit := range []struct {
		name  string
		limit any
		value float64
		least bool
	}{
		{"MinLength", p.MinLength, length, true}, {"MaxLength", p.MaxLength, length, false},
		{"MinValue", p.MinValue, number, true}, {"MaxValue", p.MaxValue, number, false},
	} {
		text, err := scalar(limit.limit)
		if limit.limit == nil || err != nil {
			continue
		}
		bound, err := strconv.ParseFloat(text, 64)
		if err == nil && (limit.least && limit.value < bound || !limit.least && limit.value > bound) {
			return fmt.Errorf("%q is outside its %s %s", value, limit.name, text)
		}
	}
	return nil
}

// givenByParent is what the parent stack gives a nested stack's parameter, nil for
// nothing.
func (s *Stack) givenByParent(id string) (any, error) {
	all, _ := s.Parent.Properties["Parameters"].(map[string]any)
	expression, ok := all[id]
	if !ok {
		return nil, nil
	}
	v, err := resolve(expression, s.Parent.Stack)
	if err != nil || isNoValue(v) {
		return nil, err
	}
	return v, nil
}

// checkParameterNames refuses values for parameters that no stack has.
func checkParameterNames(stacks []*Stack, given map[string]string) error {
	var problems []error
	for _, id := range slices.Sorted(maps.Keys(given)) {
		if !slices.ContainsFunc(stacks, func(s *Stack) bool { _, ok := s.document.Parameters[id]; return ok }) {
			problems = append(problems, fmt.Errorf("no stack has a parameter %s", id))
		}
	}
	return errors.Join(problems...)
}
