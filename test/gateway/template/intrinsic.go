package template

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// resolve returns v with every intrinsic function replaced by its value
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html).
// What is AWS::NoValue in a list or an object is left out.
func resolve(v any, in scope) (any, error) {
	switch v := v.(type) {
	case []any:
		list := make([]any, 0, len(v))
		for _, item := range v {
			r, err := resolve(item, in)
			if err != nil {
				return nil, err
			}
			if !isNoValue(r) {
				list = append(list, r)
			}
		}
		return list, nil
	case map[string]any:
		if name, argument, ok := intrinsic(v); ok {
			r, err := call(name, argument, in)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			return r, nil
		}
		object := make(map[string]any, len(v))
		for name, item := range v {
			if isMacro(name) { // among other keys it is no function that is called
				return nil, fmt.Errorf("%s: %w", name, errMacro)
			}
			r, err := resolve(item, in)
			if err != nil {
				return nil, err
			}
			if !isNoValue(r) {
				object[name] = r
			}
		}
		return object, nil
	}
	return v, nil
}

// intrinsic returns the function and the argument of an object that calls a function.
func intrinsic(object map[string]any) (name string, argument any, ok bool) {
	if len(object) != 1 {
		return "", nil, false
	}
	for name, argument = range object {
	}
	_, isString := argument.(string) // the Condition of an IAM policy is an object
	return name, argument, name == "Ref" || strings.HasPrefix(name, "Fn::") || name == "Condition" && isString
}

// call evaluates a function. Those whose argument must not be resolved as a whole are
// here, the others in the table of functions.
func call(name string, argument any, in scope) (any, error) {
	switch name {
	case "Ref":
		id, err := scalar(argument)
		if err != nil {
			return nil, err
		}
		return in.ref(id)
	case "Condition":
		id, err := scalar(argument)
		if err != nil {
			return nil, err
		}
		return in.condition(id)
	case "Fn::If":
		return choose(argument, in)
	case "Fn::Sub":
		return substitute(argument, in)
	case "Fn::GetAtt":
		if s, ok := argument.(string); ok {
			id, attribute, _ := strings.Cut(s, ".")
			argument = []any{id, attribute}
		}
	}
	if strings.HasPrefix(name, "Fn::ForEach::") || name == "Fn::Transform" {
		return nil, errMacro
	}
	function := functions[name]
	if function == nil {
		return nil, errors.New("the local gateway does not know this intrinsic function")
	}
	value, err := resolve(argument, in)
	if err != nil {
		return nil, err
	}
	return function(value, in)
}

// choose is Fn::If. The value that is not chosen is not resolved.
func choose(argument any, in scope) (any, error) {
	branches, ok := argument.([]any)
	if !ok || len(branches) != 3 {
		return nil, errors.New("a condition and two values are needed")
	}
	id, err := scalar(branches[0])
	if err != nil {
		return nil, err
	}
	holds, err := in.condition(id)
	if err != nil {
		return nil, err
	}
	if holds {
		return resolve(branches[1], in)
	}
	return resolve(branches[2], in)
}

var placeholder = regexp.MustCompile(`\$\{([^}]*)\}`)

// substitute is Fn::Sub: a string with placeholders, alone or with values of its own.
func substitute(argument any, in scope) (string, error) {
	values := map[string]any{}
	if list, ok := argument.([]any); ok && len(list) == 2 {
		argument = list[0]
		values, _ = list[1].(map[string]any)
	}
	text, ok := argument.(string)
	if !ok {
		return "", errors.New("a string is needed")
	}
	var problems []error
	result := placeholder.ReplaceAllStringFunc(text, func(match string) string {
		name := match[2 : len(match)-1]
		if literal, ok := strings.CutPrefix(name, "!"); ok {
			return "${" + literal + "}"
		}
		var v any
		var err error
		if own, ok := values[name]; ok {
			v, err = resolve(own, in)
		} else if id, attribute, ok := strings.Cut(name, "."); ok {
			v, err = in.attribute(id, attribute)
		} else {
			v, err = in.ref(name)
		}
		var s string
		if err == nil {
			s, err = scalar(v)
		}
		if err != nil {
			problems = append(problems, err)
			return match
		}
		return s
	})
	return result, errors.Join(problems...)
}
