package main

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// settings reads typed values from the context and collects the mistakes in it.
type settings struct {
	values   map[string]any
	problems []error
	reported map[string]bool // keys with a problem, so that consequences of it are not reported too
	prefix   string          // of the keys in messages, for values in an object
}

func (s *settings) problem(key, format string, args ...any) {
	s.reported[key] = true
	s.problems = append(s.problems, fmt.Errorf("%s: "+format, append([]any{s.prefix + key}, args...)...))
}

// assign writes a setting as the user does: after -c, or in the object that is read.
func (s *settings) assign(key, value string) string {
	switch {
	case s.prefix != "" && value == "":
		return key
	case s.prefix != "":
		return fmt.Sprintf(`"%s": "%s"`, key, value)
	case value == "":
		return "-c " + key
	}
	return "-c " + key + "=" + value
}

// text returns a string; a setting that is missing, null or empty is not given.
func (s *settings) text(key, fallback string) string {
	switch value := s.values[key].(type) {
	case nil:
		return fallback
	case string:
		if value == "" {
			return fallback
		}
		return value
	default:
		s.problem(key, "must be a string, not %s", inJSON(value))
		return fallback
	}
}

// inJSON returns a value as it is written in cdk.json: fmt writes the number of an account
// as 1.11122223333e+11.
func inJSON(value any) string {
	text, _ := json.Marshal(value) // it was decoded from JSON
	return string(text)
}

// list returns values separated by spaces or commas, or a JSON list.
func (s *settings) list(key string, fallback ...string) []string {
	var items []string
	switch value := s.values[key].(type) {
	case nil:
	case string:
		items = separated(value)
	case []any:
		for _, item := range value {
			text, ok := item.(string)
			// The functions read lists that are separated by spaces.
			if !ok || text == "" || strings.ContainsAny(text, " \t\r\n") {
				s.problem(key, "contains %q: every entry must be a string without spaces", fmt.Sprint(item))
				continue
			}
			items = append(items, text)
		}
	default:
		s.problem(key, "must be a list, or a string separated by spaces or commas, not %s", inJSON(value))
	}
	if len(items) == 0 {
		return fallback
	}
	return items
}

// separated returns values that are separated by spaces or commas.
func separated(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
}

// decoded returns a list or an object of cdk.json, or of JSON after -c. form names what
// the JSON must be. It is not ok for text that is not JSON.
func (s *settings) decoded(key, form string) (value any, ok bool) {
	value = s.values[key]
	if text, isText := value.(string); isText && text != "" {
		if err := json.Unmarshal([]byte(text), &value); err != nil {
			s.problem(key, "is not JSON (%v): write %s, in single quotes for the shell", err, form)
			return nil, false
		}
	}
	return value, true
}

func (s *settings) integer(key string, fallback, low, high int) int {
	number, problem := fallback, false
	switch value := s.values[key].(type) {
	case nil:
	case float64:
		number, problem = int(value), value != math.Trunc(value)
	case string:
		if value != "" {
			parsed, err := strconv.Atoi(value)
			number, problem = parsed, err != nil
		}
	default:
		problem = true
	}
	if problem || number < low || number > high {
		s.problem(key, "%v must be a whole number from %d to %d", s.values[key], low, high)
		return fallback
	}
	return number
}

// boolean returns true or false; a setting that is not given is false.
func (s *settings) boolean(key string) bool {
	switch value := s.values[key].(type) {
	case nil:
		return false
	case bool:
		return value
	case string:
		switch value {
		case "true":
			return true
		case "false", "":
			return false
		}
	}
	s.problem(key, "%v must be true or false", s.values[key])
	return false
}

// choice returns one of the values; the first is the default.
func (s *settings) choice(key string, values ...string) string {
	value := s.text(key, values[0])
	if !slices.Contains(values, value) {
		s.problem(key, "%q must be one of %s", value, strings.Join(values, ", "))
		return values[0]
	}
	return value
}

// matching returns a string that matches pattern, or "".
func (s *settings) matching(key, pattern, example string) string {
	value := s.text(key, "")
	if value != "" && !regexp.MustCompile(pattern).MatchString(value) {
		s.problem(key, "%q does not have the right form: use for example %s", value, s.assign(key, example))
		return ""
	}
	return value
}

// pairs returns the strings of a JSON object, or of NAME=VALUE separated by commas.
func (s *settings) pairs(key string) map[string]string {
	pairs := map[string]string{}
	switch value := s.values[key].(type) {
	case nil:
	case string:
		for item := range strings.SplitSeq(value, ",") {
			name, text, ok := strings.Cut(strings.TrimSpace(item), "=")
			if item != "" && (!ok || name == "") {
				s.problem(key, "%q is not NAME=VALUE: use for example -c %s=team=accounts,cost-center=42", item, key)
			} else if item != "" {
				pairs[name] = text
			}
		}
	case map[string]any:
		for name, item := range value {
			text, ok := item.(string)
			if !ok {
				s.problem(key, "%s must be a string, not %s", name, inJSON(item))
			}
			pairs[name] = text
		}
	default:
		s.problem(key, "must be an object of strings, or NAME=VALUE separated by commas, not %s", inJSON(value))
	}
	if len(pairs) == 0 {
		return nil
	}
	return pairs
}
