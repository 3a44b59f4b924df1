package template

import (
	"encoding/json"
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
	v, err := s.value(expression)
	if err != nil || isNoValue(v) {
		return "", false, err
	}
	value, err = scalar(v)
	return value, err == nil, err
}

// value evaluates an expression of any type. A dynamic reference in the result is an
// error.
func (s *Stack) value(expression any) (any, error) {
	v, err := resolve(expression, s)
	if err == nil {
		err = withoutDynamicReferences(v)
	}
	return v, err
}

// text is Evaluate where there must be a value.
func (s *Stack) text(expression any) (string, error) {
	v, err := resolve(expression, s)
	if err != nil {
		return "", err
	}
	return scalar(v)
}

// Exists reports whether the resource is created: whether its condition holds, and those
// of the stacks that it is nested in. A condition that cannot be evaluated is an error.
func (r *Resource) Exists() (bool, error) {
	if parent := r.Stack.Parent; parent != nil {
		if exists, err := parent.Exists(); err != nil || !exists {
			return false, err
		}
	}
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

// export finds what a stack of the assembly exports. Exports are those of one region and
// account.
func (s *Stack) export(wanted string) (any, error) {
	for _, other := range s.assembly.Stacks {
		if !s.SharesEnvironment(other) {
			continue
		}
		for _, id := range slices.Sorted(maps.Keys(other.document.Outputs)) {
			o, err := other.outputNamed(id)
			if err != nil || o.Export.Name == nil {
				continue
			}
			if name, err := other.text(o.Export.Name); err == nil && name == wanted {
				return resolve(o.Value, other)
			}
		}
	}
	return nil, fmt.Errorf("no stack of the assembly exports %s", wanted)
}

// output finds an output of a stack of the assembly, exported or not.
func (s *Stack) output(stack, name any) (any, error) {
	id, _ := name.(string)
	for _, other := range s.assembly.Stacks {
		if o, err := other.outputNamed(id); err == nil && other.Name == stack {
			return resolve(o.Value, other)
		}
	}
	return nil, fmt.Errorf("no stack of the assembly has the output %v of %v", name, stack)
}

func (s *Stack) outputNamed(id string) (o output, err error) {
	content, ok := s.document.Outputs[id]
	if !ok {
		return o, fmt.Errorf("the stack %s has no output %s", s.Name, id)
	}
	return o, json.Unmarshal(content, &o)
}
