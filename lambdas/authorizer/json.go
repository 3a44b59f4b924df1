package main

import (
	"bytes"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// This file reads JSON as strictly as a token deserves. encoding/json would take
// repeated names (two readers of one token then see two tokens, RFC 8725 section 2.6),
// names in any case, broken UTF-8 and unpaired surrogates. jsontext has the right rules
// but took the verifier past its time budget; the numbers are in json_test.go.

// maxDepth bounds how deep arrays and objects nest. Real tokens stay under 5.
const maxDepth = 16

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

// parseObject reads data as exactly one JSON object (RFC 8259) in valid UTF-8, in which
// no object, at any depth, repeats a name, and which has at most maxMembers members in
// all. Members are appended to into, so that a caller can bring the memory.
func parseObject(data []byte, maxMembers int, into object) (object, bool) {
	s := scanner{data: data, members: maxMembers, top: into}
	s.space()
	if !s.object(0) {
		return nil, false
	}
	s.space()
	return s.top, s.at == len(data)
}

// elements returns the values in a JSON array that parseObject has accepted; ok is
// false for any other kind of value.
func elements(array []byte) (values [][]byte, ok bool) {
	s := scanner{data: array, members: len(array), shallow: true} // names have been looked at, or are not to be yet
	if !s.take('[') {
		return nil, false
	}
	for s.space(); !s.take(']'); s.space() {
		start := s.at
		if !s.value(1) {
			return nil, false
		}
		values = append(values, array[start:s.at])
		s.space()
		s.take(',')
	}
	return values, true
}

// text returns the value of a JSON string that parseObject has accepted; ok is false
// for any other kind of value.
func text(value []byte) (s string, ok bool) {
	b, ok := textBytes(value)
	return string(b), ok
}

// textBytes is text without a copy, to compare with.
func textBytes(value []byte) (s []byte, ok bool) {
	if len(value) < 2 || value[0] != '"' {
		return nil, false
	}
	return unescape(value[1 : len(value)-1]), true
}

// texts returns the strings in a JSON array of strings, or the one of a JSON string.
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

// number returns the value of a JSON number that parseObject has accepted; ok is false
// for any other kind of value and for numbers beyond float64.
func number(value []byte) (n float64, ok bool) {
	if len(value) == 0 || value[0] != '-' && (value[0] < '0' || value[0] > '9') {
		return 0, false
	}
	n, err := strconv.ParseFloat(string(value), 64)
	return n, err == nil
}

// scanner walks over one JSON text. Its methods return false at the first byte that the
// grammar does not allow, and then nothing else is looked at.
type scanner struct {
	data    []byte
	at      int
	shallow bool     // look for repeated names in the outermost object only
	members int      // how many more are allowed, in all objects together
	names   [][]byte // of the objects around the current place, without the outermost
	top     object   // the members of the outermost object so far
}

func (s *scanner) space() {
	for s.at < len(s.data) {
		switch s.data[s.at] {
		case ' ', '\t', '\n', '\r':
			s.at++
		default:
			return
		}
	}
}

// take steps over c if that is what comes next.
func (s *scanner) take(c byte) bool {
	if s.at < len(s.data) && s.data[s.at] == c {
		s.at++
		return true
	}
	return false
}

func (s *scanner) word(w string) bool {
	if bytes.HasPrefix(s.data[s.at:], []byte(w)) {
		s.at += len(w)
		return true
	}
	return false
}

func (s *scanner) value(depth int) bool {
	if s.at >= len(s.data) {
		return false
	}
	switch s.data[s.at] {
	case '{':
		return s.object(depth)
	case '[':
		return s.array(depth)
	case '"':
		return s.string()
	case 't':
		return s.word("true")
	case 'f':
		return s.word("false")
	case 'n':
		return s.word("null")
	default:
		return s.number()
	}
}

func (s *scanner) object(depth int) bool {
	if !s.take('{') || depth == maxDepth {
		return false
	}
	first := len(s.names)
	s.space()
	if s.take('}') {
		return true
	}
	for {
		name, ok := s.name()
		if !ok {
			return false
		}
		if s.repeated(name, depth, first) {
			return false
		}
		if depth > 0 {
			s.names = append(s.names, name)
		}
		start := s.at
		if !s.value(depth + 1) {
			return false
		}
		if depth == 0 {
			s.top = append(s.top, member{name, s.data[start:s.at]})
		}
		s.space()
		if s.take('}') {
			s.names = s.names[:first]
			return true
		}
		if !s.take(',') {
			return false
		}
		s.space()
	}
}

// repeated tells whether the object that is being read has this name already. The names
// of the outermost object are in top, those of the ones inside it from names[first] on.
func (s *scanner) repeated(name []byte, depth, first int) bool {
	if depth == 0 {
		for i := range s.top {
			if bytes.Equal(s.top[i].name, name) {
				return true
			}
		}
		return false
	}
	for _, other := range s.names[first:] {
		if bytes.Equal(other, name) && !s.shallow {
			return true
		}
	}
	return false
}

// name steps over a member's name, the colon, and the blanks around it.
func (s *scanner) name() (name []byte, ok bool) {
	s.members--
	start := s.at
	if s.members < 0 || !s.string() {
		return nil, false
	}
	name = unescape(s.data[start+1 : s.at-1])
	s.space()
	if !s.take(':') {
		return nil, false
	}
	s.space()
	return name, true
}

func (s *scanner) array(depth int) bool {
	if !s.take('[') || depth == maxDepth {
		return false
	}
	s.space()
	if s.take(']') {
		return true
	}
	for {
		if !s.value(depth + 1) {
			return false
		}
		s.space()
		if s.take(']') {
			return true
		}
		if !s.take(',') {
			return false
		}
		s.space()
	}
}

// string steps over a JSON string of Unicode characters: valid UTF-8, no raw control
// character, no unpaired surrogate (RFC 8259 sections 7 and 8).
func (s *scanner) string() bool {
	if !s.take('"') {
		return false
	}
	for s.at < len(s.data) {
		switch c := s.data[s.at]; {
		case c == '"':
			s.at++
			return true
		case c == '\\':
			if !s.escape() {
				return false
			}
		case c < ' ':
			return false
		case c < utf8.RuneSelf:
			s.at++
		default:
			r, size := utf8.DecodeRune(s.data[s.at:])
			if r == utf8.RuneError && size == 1 {
				return false
			}
			s.at += size
		}
	}
	return false
}

func (s *scanner) escape() bool {
	s.at++ // the backslash
	if s.at >= len(s.data) {
		return false
	}
	if s.data[s.at] != 'u' {
		ok := bytes.IndexByte([]byte(`"\/bfnrt`), s.data[s.at]) >= 0
		s.at++
		return ok
	}
	r, ok := hex4(s.data[s.at+1:])
	s.at += 5
	if !ok || !utf16.IsSurrogate(r) {
		return ok
	}
	if !s.word(`\u`) {
		return false
	}
	low, ok := hex4(s.data[s.at:])
	s.at += 4
	return ok && utf16.DecodeRune(r, low) != utf8.RuneError
}

// number steps over -? ( 0 | [1-9][0-9]* ) ( . [0-9]+ )? ( [eE] [+-]? [0-9]+ )?
func (s *scanner) number() bool {
	s.take('-')
	if !s.take('0') && !s.digits() {
		return false
	}
	if s.take('.') && !s.digits() {
		return false
	}
	if s.take('e') || s.take('E') {
		if !s.take('+') {
			s.take('-')
		}
		return s.digits()
	}
	return true
}

func (s *scanner) digits() bool {
	start := s.at
	for s.at < len(s.data) && '0' <= s.data[s.at] && s.data[s.at] <= '9' {
		s.at++
	}
	return s.at > start
}

// unescape returns what the inside of a JSON string, already found valid, stands for.
// Without an escape that is the very bytes, no copy.
func unescape(inside []byte) []byte {
	next := bytes.IndexByte(inside, '\\')
	if next < 0 {
		return inside
	}
	out := make([]byte, 0, len(inside))
	for next >= 0 {
		out = append(out, inside[:next]...)
		c := inside[next+1]
		inside = inside[next+2:]
		switch c {
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case 'u':
			r, _ := hex4(inside)
			inside = inside[4:]
			if utf16.IsSurrogate(r) {
				low, _ := hex4(inside[2:])
				r = utf16.DecodeRune(r, low)
				inside = inside[6:]
			}
			out = utf8.AppendRune(out, r)
		default: // a quote, a backslash, a slash
			out = append(out, c)
		}
		next = bytes.IndexByte(inside, '\\')
	}
	return append(out, inside...)
}

// hex4 reads four hexadecimal digits.
func hex4(digits []byte) (r rune, ok bool) {
	if len(digits) < 4 {
		return 0, false
	}
	for _, c := range digits[:4] {
		switch {
		case '0' <= c && c <= '9':
			r = r<<4 | rune(c-'0')
		case 'a' <= c && c <= 'f':
			r = r<<4 | rune(c-'a'+10)
		case 'A' <= c && c <= 'F':
			r = r<<4 | rune(c-'A'+10)
		default:
			return 0, false
		}
	}
	return r, true
}
