package template

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// Values are the values that CloudFormation would give to the properties of one resource,
// or of a type nested in it: of those properties that the gateway uses. Its methods
// return a zero value for a property that is absent or has another type than expected;
// the latter is reported, so that one load reports everything that is wrong with a
// template.
type Values struct {
	typ      string // the resource type; for a nested type, followed by the properties that lead to it
	where    string // the logical id and type; for a nested type, followed by the properties that lead to it
	values   map[string]any
	problems *[]error
}

// Values evaluates the properties that the gateway uses. It adds to problems each
// property that the gateway does not support or does not know, and each that cannot be
// evaluated. The methods of the result report to problems too.
func (r *Resource) Values(problems *[]error) Values {
	p := Values{r.Type, r.String(), map[string]any{}, problems}
	for _, name := range slices.Sorted(maps.Keys(r.Properties)) {
		if !p.uses(name) {
			continue
		}
		v, err := r.Stack.value(pruned(r.Type+" "+name, r.Properties[name]))
		if err != nil {
			p.Fail(name, "%v", err)
		} else if !isNoValue(v) {
			p.values[name] = v
		}
	}
	return p
}

// pruned leaves out of a nested type, as written, what the gateway does not evaluate: a
// value of a harmless property may have no value here, and an unsupported one is reported
// in any case.
func pruned(typ string, v any) any {
	if known[typ] == nil {
		return v
	}
	switch v := v.(type) {
	case []any:
		list := make([]any, len(v))
		for i, item := range v {
			list[i] = pruned(typ, item)
		}
		return list
	case map[string]any:
		if _, _, ok := intrinsic(v); ok {
			return v
		}
		object := make(map[string]any, len(v))
		for name, item := range v {
			switch supportOf(typ, name).level {
			case implemented:
				object[name] = pruned(typ+" "+name, item)
			case unsupported, unknown:
				object[name] = nil
			}
		}
		return object
	}
	return v
}

// uses reports whether the gateway uses the property's value, and reports a problem if it
// ought to and cannot.
func (p Values) uses(name string) bool {
	switch s := supportOf(p.typ, name); s.level {
	case implemented:
		return true
	case harmless, asWritten:
		return false
	case unsupported:
		p.Fail(name, "the local gateway does not support this: %s", s.reason)
	default:
		p.Fail(name, "the local gateway does not know this property: take it out for local runs, "+
			"or add it to the list in support.go")
	}
	return false
}

// Fail reports a problem with a property. The report names the resource and the property.
func (p Values) Fail(name, format string, args ...any) {
	*p.problems = append(*p.problems, fmt.Errorf("%s: %s: %s", p.where, name, fmt.Sprintf(format, args...)))
}

// Where names the resource, and the properties that lead to a nested type.
func (p Values) Where() string { return p.where }

// Has reports whether the property is there.
func (p Values) Has(name string) bool {
	_, ok := p.values[name]
	return ok
}

// String returns a string; numbers and booleans become strings.
func (p Values) String(name string) string {
	v, ok := p.values[name]
	if !ok {
		return ""
	}
	s, err := scalar(v)
	if err != nil {
		p.Fail(name, "%v", err)
	}
	return s
}

// Number returns a number, or the default if the property is absent. As in
// CloudFormation, the number may be in a string.
func (p Values) Number(name string, absent float64) float64 {
	if !p.Has(name) {
		return absent
	}
	n, err := strconv.ParseFloat(p.String(name), 64)
	if err != nil {
		p.Fail(name, "%q is not a number", p.String(name))
	}
	return n
}

// Bool returns a boolean. As in CloudFormation, it may be in a string.
func (p Values) Bool(name string) bool {
	if !p.Has(name) {
		return false
	}
	b, err := strconv.ParseBool(p.String(name))
	if err != nil {
		p.Fail(name, "%q is neither true nor false", p.String(name))
	}
	return b
}

// Strings returns a list of strings.
func (p Values) Strings(name string) []string {
	list, ok := p.values[name].([]any)
	if !ok && p.Has(name) {
		p.Fail(name, "a list is needed")
	}
	var all []string
	for _, item := range list {
		s, err := scalar(item)
		if err != nil {
			p.Fail(name, "%v", err)
		}
		all = append(all, s)
	}
	return all
}

// StringMap returns an object whose values are strings, nil if it is empty.
func (p Values) StringMap(name string) map[string]string {
	object, ok := p.values[name].(map[string]any)
	if !ok && p.Has(name) {
		p.Fail(name, "an object is needed")
	}
	if len(object) == 0 {
		return nil
	}
	all := make(map[string]string, len(object))
	for key, value := range object {
		s, err := scalar(value)
		if err != nil {
			p.Fail(name+"."+key, "%v", err)
		}
		all[key] = s
	}
	return all
}

// Object returns the values of a nested type.
func (p Values) Object(name string) Values {
	object, ok := p.values[name].(map[string]any)
	if !ok && p.Has(name) {
		p.Fail(name, "an object is needed")
	}
	return p.nested(name, name, object)
}

// Objects returns the values of each item in a list of a nested type.
func (p Values) Objects(name string) []Values {
	list, ok := p.values[name].([]any)
	if !ok && p.Has(name) {
		p.Fail(name, "a list is needed")
	}
	var all []Values
	for i, item := range list {
		at := fmt.Sprintf("%s[%d]", name, i)
		object, ok := item.(map[string]any)
		if !ok {
			p.Fail(at, "an object is needed")
		}
		all = append(all, p.nested(name, at, object))
	}
	return all
}

func (p Values) nested(name, at string, object map[string]any) Values {
	n := Values{p.typ + " " + name, p.where + ": " + at, map[string]any{}, p.problems}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if n.uses(name) {
			n.values[name] = object[name]
		}
	}
	return n
}

// Document returns the property as JSON: an object, or a string that contains one.
func (p Values) Document(name string) []byte {
	if s, ok := p.values[name].(string); ok {
		return []byte(s)
	}
	content, err := json.Marshal(p.values[name])
	if err != nil {
		p.Fail(name, "%v", err)
	}
	return content
}
