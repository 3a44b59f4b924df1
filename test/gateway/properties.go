package gateway

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// properties are the resolved properties of one resource, or of a type nested
// in it. Reading them collects everything that is wrong, so that one run of
// Load reports all of it.
type properties struct {
	where    string // the logical id and, for a nested type, the way to it
	values   map[string]any
	problems *[]error
}

// read checks d's properties against the list of known ones and resolves those
// that the gateway uses.
func (s *stack) read(id string, d declaration, problems *[]error) properties {
	p := properties{id + " (" + d.Type + ")", map[string]any{}, problems}
	for _, name := range slices.Sorted(maps.Keys(d.Properties)) {
		if !p.check(d.Type, name) {
			continue
		}
		v, err := s.resolve(d.Properties[name])
		if err != nil {
			p.fail(name, "%v", err)
		} else if v != (any)(noValue{}) {
			p.values[name] = v
		}
	}
	return p
}

// check reports whether the gateway uses the property.
func (p properties) check(typ, name string) bool {
	switch s := known[typ][name]; s.level {
	case implemented:
		return true
	case harmless:
		return false
	case unsupported:
		p.fail(name, "the local gateway does not support this: %s", s.reason)
	default:
		p.fail(name, "the local gateway does not know this property: take it out for local runs, or add it to the list in support.go")
	}
	return false
}

func (p properties) fail(name, format string, args ...any) {
	*p.problems = append(*p.problems, fmt.Errorf("%s: %s: %s", p.where, name, fmt.Sprintf(format, args...)))
}

func (p properties) has(name string) bool {
	_, ok := p.values[name]
	return ok
}

// text returns the property, "" if it is absent.
func (p properties) text(name string) string {
	v, ok := p.values[name]
	if !ok {
		return ""
	}
	text, err := scalar(v)
	if err != nil {
		p.fail(name, "%v", err)
	}
	return text
}

// number accepts a text with a number in it, as CloudFormation does.
func (p properties) number(name string, fallback float64) float64 {
	if !p.has(name) {
		return fallback
	}
	n, err := strconv.ParseFloat(p.text(name), 64)
	if err != nil {
		p.fail(name, "%q is not a number", p.text(name))
	}
	return n
}

// flag accepts the texts "true" and "false", as CloudFormation does.
func (p properties) flag(name string) bool {
	if !p.has(name) {
		return false
	}
	is, err := strconv.ParseBool(p.text(name))
	if err != nil {
		p.fail(name, "%q is neither true nor false", p.text(name))
	}
	return is
}

func (p properties) texts(name string) []string {
	list, ok := p.values[name].([]any)
	if !ok && p.has(name) {
		p.fail(name, "a list is needed")
	}
	var texts []string
	for _, item := range list {
		text, err := scalar(item)
		if err != nil {
			p.fail(name, "%v", err)
		}
		texts = append(texts, text)
	}
	return texts
}

// textMap returns an object whose values are texts, nil if it is absent.
func (p properties) textMap(name string) map[string]string {
	object, ok := p.values[name].(map[string]any)
	if !ok && p.has(name) {
		p.fail(name, "an object is needed")
	}
	if len(object) == 0 {
		return nil
	}
	texts := make(map[string]string, len(object))
	for key, value := range object {
		text, err := scalar(value)
		if err != nil {
			p.fail(name+"."+key, "%v", err)
		}
		texts[key] = text
	}
	return texts
}

// object returns the nested properties under name, known as typ.
func (p properties) object(name, typ string) properties {
	v, ok := p.values[name].(map[string]any)
	if !ok && p.has(name) {
		p.fail(name, "an object is needed")
	}
	return p.nested(name, typ, v)
}

// objects returns the list of nested properties under name, each known as typ.
func (p properties) objects(name, typ string) []properties {
	list, ok := p.values[name].([]any)
	if !ok && p.has(name) {
		p.fail(name, "a list is needed")
	}
	var all []properties
	for i, item := range list {
		at := fmt.Sprintf("%s[%d]", name, i)
		object, ok := item.(map[string]any)
		if !ok {
			p.fail(at, "an object is needed")
		}
		all = append(all, p.nested(at, typ, object))
	}
	return all
}

func (p properties) nested(at, typ string, object map[string]any) properties {
	n := properties{p.where + ": " + at, map[string]any{}, p.problems}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if n.check(typ, name) {
			n.values[name] = object[name]
		}
	}
	return n
}

// document returns the property as JSON: an object as it is, or the text of one.
func (p properties) document(name string) []byte {
	if text, ok := p.values[name].(string); ok {
		return []byte(text)
	}
	content, err := json.Marshal(p.values[name])
	if err != nil {
		p.fail(name, "%v", err)
	}
	return content
}
