package template

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
)

// noValue is the value of AWS::NoValue: what it is given to counts as absent.
type noValue struct{}

func isNoValue(v any) bool { return v == any(noValue{}) }

// scalar returns a string, and a number or boolean as CloudFormation writes it.
func scalar(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case bool:
		return strconv.FormatBool(v), nil
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), nil
	}
	content, _ := json.Marshal(v)
	return "", fmt.Errorf("%.80s is not a string", content)
}

// scalars returns the strings of a list.
func scalars(v any) ([]string, error) {
	list, ok := v.([]any)
	if !ok {
		return nil, errors.New("a list is needed")
	}
	all := make([]string, len(list))
	for i, item := range list {
		s, err := scalar(item)
		if err != nil {
			return nil, err
		}
		all[i] = s
	}
	return all, nil
}

// exactly returns the strings of a list that must have n of them; needed names them.
func exactly(n int, v any, needed string) ([]string, error) {
	all, err := scalars(v)
	if err != nil || len(all) != n {
		return nil, errors.Join(err, errors.New(needed))
	}
	return all, nil
}

// listOf returns a list that must have n items.
func listOf(n int, v any) ([]any, error) {
	list, ok := v.([]any)
	if !ok || len(list) != n {
		return nil, fmt.Errorf("a list of %d is needed", n)
	}
	return list, nil
}

// stringsIn returns the strings of v, which is one or a list of them.
func stringsIn(v any) (all []string) {
	list, isList := v.([]any)
	if !isList {
		list = []any{v}
	}
	for _, item := range list {
		if s, ok := item.(string); ok {
			all = append(all, s)
		}
	}
	return all
}
