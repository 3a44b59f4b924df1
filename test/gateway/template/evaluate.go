package template

import (
	"fmt"
	"maps"
	"slices"
)

// This file evaluates expressions in a stack, and what they name other than resources and
// parameters: conditions, mappings, outputs of this and other stacks.

// Evaluate returns the string that CloudFormation would replace the expression by;
// numbers and booleans become strings. It is not ok if that is AWS::NoValue, so that the
// property counts as absent. What has no value here, or is no string, is an error.
func (s *Stack) Evaluate(expression any) (value string, ok bool, err error) {
	v, err := resolve(expression, s)
	if err != nil || isNoValue(v) {
		return "", false, err
	}
	value, err = scalar(v)
	return value, err == nil, err
}

// text is Evaluate where there must be a value.
func (s *Stack) text(expression any) (string, error) {
	v, err := resolve(expression, s)
	if err != nil {
		return "", err
	}
	return scalar(v)
}

// Exists reports whether the resource is created: whether its condition holds. A
// condition that cannot be evaluated is an error.
func (r *Resource) Exists() (bool, error) {
	if r.condition == "" {
		return true, nil
	}
	return r.Stack.condition(r.condition)
}

func (s *Stack) condition(id string) (bool, error) {
	expression, ok := s.document.Conditions[id]
	if !ok {
		return false, fmt.Errorf("the template has no condition %s", id)
	}
	v, err := resolve(expression, s)
	if err != nil {
		return false, fmt.Errorf("condition %s: %w", id, err)
	}
	holds, ok := v.(bool)
	if !ok {
		return false, fmt.Errorf("condition %s is not a condition", id)
	}
	return holds, nil
}

func (s *Stack) mapping(name, first, second string) (any, error) {
	v, ok := s.document.Mappings[name][first][second]
	if !ok {
		return nil, fmt.Errorf("the mapping %s has nothing under %s and %s", name, first, second)
	}
	return v, nil
}

// export finds what a stack of the assembly exports.
func (s *Stack) export(wanted string) (any, error) {
	for _, other := range s.assembly.Stacks {
		outputs := other.document.Outputs
		for _, id := range slices.Sorted(maps.Keys(outputs)) {
			if outputs[id].Export.Name == nil {
				continue
			}
			if name, err := other.text(outputs[id].Export.Name); err == nil && name == wanted {
				return resolve(outputs[id].Value, other)
			}
		}
	}
	return nil, fmt.Errorf("no stack of the assembly exports %s", wanted)
}

// output finds an output of a stack of the assembly, exported or not.
func (s *Stack) output(stack, name any) (any, error) {
	id, _ := name.(string)
	for _, other := range s.assembly.Stacks {
		if o, ok := other.document.Outputs[id]; ok && other.Name == stack {
			return resolve(o.Value, other)
		}
	}
	return nil, fmt.Errorf("no stack of the assembly has the output %v of %v", name, stack)
}
