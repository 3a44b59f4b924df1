// Package strictjson reads JSON (RFC 8259) as strictly as a token demands, and writes
// JSON strings. It takes exactly one value, valid UTF-8, no unpaired surrogates, and no
// object, at any depth, that repeats a name. encoding/json takes all of those, and names
// in any case: two readers of one token may then see two tokens (RFC 8725 section 2.6).
//
// The syntax is read by jsontext, the syntax half of encoding/json/v2. The objects are
// collected by hand because decoding into maps or structs costs 5 to 16 % of a whole
// invocation, depending on the size of the token.
package strictjson

import (
	"bytes"
	"io"
	"strconv"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
)

// Limits. Tokens that providers issue have fewer than 50 members and 5 levels.
const (
	maxMembers = 200 // of an object
	maxDepth   = 16  // of arrays and objects in each other, the outermost object included
)

// Object is one JSON object: its members in the order received.
type Object []Member

// Member is one member of an object.
type Member struct {
	Name  []byte // unescaped
	Value []byte // valid JSON as received, without surrounding white space
}

// Get returns the value of the member with exactly this name, nil without one.
func (o Object) Get(name string) []byte {
	for i := range o {
		if string(o[i].Name) == name {
			return o[i].Value
		}
	}
	return nil
}

// Has tells whether the object has a member with exactly this name, also one that is
// null.
func (o Object) Has(name string) bool { return o.Get(name) != nil }

// ParseObject reads data as exactly one JSON object. The members are appended to memory,
// so that a caller can keep them on its stack, and point into data.
func ParseObject(data []byte, memory Object) (object Object, ok bool) {
	object, ok = parse(data, memory)
	for _, m := range object {
		if depth(m.Value) >= maxDepth {
			return nil, false
		}
	}
	return object, ok
}

// ParseOutline is ParseObject for a document with one member that is read value by value
// later: only the syntax of that member is checked. In the others, names may repeat below
// the first level.
func ParseOutline(data []byte, later string) (object Object, ok bool) {
	object, ok = parse(data, nil, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	seen := make(map[string]bool, len(object))
	for _, m := range object {
		name := string(m.Name)
		strict := jsontext.Value(m.Value).IsValid(jsontext.AllowDuplicateNames(true)) && depth(m.Value) < maxDepth
		if seen[name] || name != later && !strict {
			return nil, false
		}
		seen[name] = true
	}
	return object, ok
}

func parse(data []byte, memory Object, options ...jsontext.Options) (object Object, ok bool) {
	d := decoders.Get().(*jsontext.Decoder)
	defer decoders.Put(d)
	d.Reset(bytes.NewBuffer(data), options...)
	if token, err := d.ReadToken(); err != nil || token.Kind() != '{' {
		return nil, false
	}
	// next reads one value and returns its place in data: what jsontext returns is valid
	// only until the next read.
	next := func() (value []byte, ok bool) {
		read, err := d.ReadValue()
		end := int(d.InputOffset())
		return data[end-len(read) : end], err == nil
	}
	for d.PeekKind() == '"' {
		quoted, ok1 := next()
		value, ok2 := next()
		if !ok1 || !ok2 || len(memory) == maxMembers {
			return nil, false
		}
		name, _ := StringBytes(quoted)
		memory = append(memory, Member{name, value})
	}
	if _, err := d.ReadToken(); err != nil { // the closing brace: nothing else can follow
		return nil, false
	}
	_, err := d.ReadToken()
	return memory, err == io.EOF
}

var decoders = sync.Pool{New: func() any { return new(jsontext.Decoder) }}

// depth returns how deep arrays and objects nest in a valid value.
func depth(value []byte) (deepest int) {
	if value[0] != '[' && value[0] != '{' {
		return 0
	}
	depth, inString := 0, false
	for i := 0; i < len(value); i++ {
		switch value[i] {
		case '"':
			inString = !inString
		case '\\':
			i++ // only in strings, and what it escapes does not end the string
		case '[', '{':
			if !inString {
				depth++
				deepest = max(deepest, depth)
			}
		case ']', '}':
			if !inString {
				depth--
			}
		}
	}
	return deepest
}

// Elements returns the values in an array of [ParseOutline], or in any valid JSON array.
// It is not ok for any other kind of value.
func Elements(array []byte) (values [][]byte, ok bool) {
	d := jsontext.NewDecoder(bytes.NewBuffer(array), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if token, err := d.ReadToken(); err != nil || token.Kind() != '[' {
		return nil, false
	}
	for d.PeekKind() != ']' {
		value, err := d.ReadValue()
		if err != nil {
			return nil, false
		}
		values = append(values, bytes.Clone(value))
	}
	return values, true
}

// String returns the value of a valid JSON string. It is not ok for any other kind of
// value, nor for nil.
func String(value []byte) (s string, ok bool) {
	b, ok := StringBytes(value)
	return string(b), ok
}

// StringBytes is String without a copy where nothing is escaped, for comparisons. The
// result may point into value.
func StringBytes(value []byte) (s []byte, ok bool) {
	if len(value) < 2 || value[0] != '"' {
		return nil, false
	}
	if inside := value[1 : len(value)-1]; bytes.IndexByte(inside, '\\') < 0 {
		return inside, true
	}
	s, err := jsontext.AppendUnquote(nil, value)
	return s, err == nil
}

// Strings returns the strings in a valid JSON array of strings, or the one of a string.
func Strings(value []byte) (list []string, ok bool) {
	if one, ok := String(value); ok {
		return []string{one}, true
	}
	values, ok := Elements(value)
	if !ok {
		return nil, false
	}
	for _, v := range values {
		s, ok := String(v)
		if !ok {
			return nil, false
		}
		list = append(list, s)
	}
	return list, true
}

// Number returns the value of a valid JSON number. It is not ok for any other kind of
// value, nor for a number beyond float64.
func Number(value []byte) (n float64, ok bool) {
	if len(value) == 0 || value[0] != '-' && (value[0] < '0' || value[0] > '9') {
		return 0, false
	}
	n, err := strconv.ParseFloat(string(value), 64)
	return n, err == nil
}

// AppendString appends s to dst as a JSON string. Bytes that are not UTF-8 become U+FFFD,
// as encoding/json has it.
func AppendString(dst []byte, s string) []byte {
	dst, _ = jsontext.AppendQuote(dst, s) // its only error is about UTF-8, and it has appended then
	return dst
}
