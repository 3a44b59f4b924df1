package template

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// A scope has the values that intrinsic functions name: those of one stack.
type scope interface {
	ref(id string) (any, error)                      // Ref
	attribute(id, name string) (any, error)          // Fn::GetAtt
	condition(id string) (bool, error)               // Condition, Fn::If
	mapping(name, first, second string) (any, error) // Fn::FindInMap
	export(name string) (any, error)                 // Fn::ImportValue
	output(stack, name any) (any, error)             // Fn::GetStackOutput
}

// functions are the intrinsic functions whose argument is resolved before they are
// called.
var functions = map[string]func(argument any, in scope) (any, error){
	"Fn::And":  func(argument any, _ scope) (any, error) { return logic("Fn::And", argument) },
	"Fn::Or":   func(argument any, _ scope) (any, error) { return logic("Fn::Or", argument) },
	"Fn::Not":  func(argument any, _ scope) (any, error) { return logic("Fn::Not", argument) },
	"Fn::Join": func(argument any, _ scope) (any, error) { return join(argument) },
	"Fn::Base64": func(argument any, _ scope) (any, error) {
		s, err := scalar(argument)
		return base64.StdEncoding.EncodeToString([]byte(s)), err
	},
	"Fn::Equals": func(argument any, _ scope) (any, error) {
		values, err := exactly(2, argument, "two values are needed")
		if err != nil {
			return nil, err
		}
		return values[0] == values[1], nil
	},
	"Fn::FindInMap": func(argument any, in scope) (any, error) {
		keys, err := exactly(3, argument, "a map and two keys are needed")
		if err != nil {
			return nil, err
		}
		return in.mapping(keys[0], keys[1], keys[2])
	},
	"Fn::GetAtt": func(argument any, in scope) (any, error) {
		names, err := exactly(2, argument, "a logical id and an attribute are needed")
		if err != nil {
			return nil, err
		}
		return in.attribute(names[0], names[1])
	},
	"Fn::GetStackOutput": func(argument any, in scope) (any, error) { // of CDK, between stacks without an export
		object, _ := argument.(map[string]any)
		return in.output(object["StackName"], object["OutputName"])
	},
	"Fn::ImportValue": func(argument any, in scope) (any, error) {
		export, err := scalar(argument)
		if err != nil {
			return nil, err
		}
		return in.export(export)
	},
	"Fn::Length": func(argument any, _ scope) (any, error) {
		list, ok := argument.([]any)
		if !ok {
			return nil, errors.New("a list is needed")
		}
		return float64(len(list)), nil
	},
	"Fn::ToJsonString": func(argument any, _ scope) (any, error) {
		content, err := json.Marshal(argument)
		return string(content), err
	},
	"Fn::Select": func(argument any, _ scope) (any, error) { return selectItem(argument) },
	"Fn::Split": func(argument any, _ scope) (any, error) {
		parts, err := exactly(2, argument, "a delimiter and a string are needed")
		if err != nil {
			return nil, err
		}
		var list []any
		for part := range strings.SplitSeq(parts[1], parts[0]) {
			list = append(list, part)
		}
		return list, nil
	},
}

func join(argument any) (string, error) {
	arguments, err := listOf(2, argument)
	if err != nil {
		return "", err
	}
	separator, err := scalar(arguments[0])
	if err != nil {
		return "", err
	}
	parts, err := scalars(arguments[1])
	return strings.Join(parts, separator), err
}

func selectItem(argument any) (any, error) {
	arguments, err := listOf(2, argument)
	if err != nil {
		return nil, err
	}
	s, err := scalar(arguments[0])
	if err != nil {
		return nil, err
	}
	index, err := strconv.Atoi(s)
	list, ok := arguments[1].([]any)
	if err != nil || !ok || index < 0 || index >= len(list) {
		return nil, fmt.Errorf("there is no item %s", s)
	}
	return list[index], nil
}

func logic(name string, argument any) (bool, error) {
	operands, ok := argument.([]any)
	if !ok || len(operands) == 0 {
		return false, errors.New("a list of conditions is needed")
	}
	result := name != "Fn::Or"
	for _, operand := range operands {
		holds, ok := operand.(bool)
		if !ok {
			return false, fmt.Errorf("%v is not a condition", operand)
		}
		switch name {
		case "Fn::And":
			result = result && holds
		case "Fn::Or":
			result = result || holds
		case "Fn::Not":
			result = !holds
		}
	}
	return result, nil
}
