package main

import (
	"bytes"
	"io"
	"strconv"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
)

// This file reads JSON as strictly as a token deserves, with jsontext, the syntax half of
// Go's coming encoding/json/v2: one value, valid UTF-8, no unpaired surrogates, and no
// object, at any depth, that repeats a name. encoding/json takes all of those, and names
// in any case; two readers of one token may then see two tokens (RFC 8725 section 2.6).

const (
	maxMembers = 200 // of an object
	maxDepth   = 16  // of arrays and objects in each other; real tokens stay under 5
)

// object is one JSON object: its members in the order received, names unescaped.
type object []member

type member struct {
	name  []byte
	value []byte // as received, without surrounding blanks
}

// get returns the value of the member with exactly this name, nil without one.
func (o object) get(name string) []byte {
	for i := range o {
		if string(o[i].name) == name {
			return o[i].value
		}
	}
	return nil
}

func (o object) has(name string) bool { return o.get(name) != nil }

// parseObject reads data as exactly one JSON object (RFC 8259). Its members are appended
// to into, so that a caller can bring the memory, and point into data.
func parseObject(data []byte, into object, options ...jsontext.Options) (members object, ok bool) {
	d := decoders.Get().(*jsontext.Decoder)
	defer decoders.Put(d)
	d.Reset(bytes.NewBuffer(data), options...)
	if token, err := d.ReadToken(); err != nil || token.Kind() != '{' {
		return nil, false
	}
	// next reads one value and returns its place in data; what jsontext returns may be
	// gone with the next read.
	next := func() (value []byte, ok bool) {
		read, err := d.ReadValue()
		end := int(d.InputOffset())
		return data[end-len(read) : end], err == nil
	}
	for d.PeekKind() == '"' {
		quoted, ok1 := next()
		value, ok2 := next()
		if !ok1 || !ok2 || len(into) == maxMembers || depth(value) >= maxDepth {
			return nil, false
		}
		name, _ := textBytes(quoted)
		into = append(into, member{name, value})
	}
	if _, err := d.ReadToken(); err != nil { // the closing brace: nothing else can follow
		return nil, false
	}
	_, err := d.ReadToken()
	return into, err == io.EOF
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
			i++ // only in strings, and what it escapes is not their end
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

// elements returns the values in a valid JSON array, without a look at the names in
// them; ok is false for any other kind of value.
func elements(array []byte) (values [][]byte, ok bool) {
	d := jsontext.NewDecoder(bytes.NewBuffer(array), jsontext.AllowDuplicateNames(true))
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

// text returns the value of a valid JSON string; ok is false for any other kind of value.
func text(value []byte) (s string, ok bool) {
	b, ok := textBytes(value)
	return string(b), ok
}

// textBytes is text without a copy, where nothing is escaped, to compare with.
func textBytes(value []byte) (s []byte, ok bool) {
	if len(value) < 2 || value[0] != '"' {
		return nil, false
	}
	if inside := value[1 : len(value)-1]; bytes.IndexByte(inside, '\\') < 0 {
		return inside, true
	}
	s, err := jsontext.AppendUnquote(nil, value)
	return s, err == nil
}

// texts returns the strings in a valid JSON array of strings, or the one of a string.
func texts(value []byte) (list []string, ok bool) {
	if one, ok := text(value); ok {
		return []string{one}, true
	}
	values, ok := elements(value)
	if !ok {
		return nil, false
	}
	for _, v := range values {
		s, ok := text(v)
		if !ok {
			return nil, false
		}
		list = append(list, s)
	}
	return list, true
}

// number returns the value of a valid JSON number; ok is false for any other kind of
// value and for numbers beyond float64.
func number(value []byte) (n float64, ok bool) {
	if len(value) == 0 || value[0] != '-' && (value[0] < '0' || value[0] > '9') {
		return 0, false
	}
	n, err := strconv.ParseFloat(string(value), 64)
	return n, err == nil
}
