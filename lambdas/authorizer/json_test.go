package main

import (
	"strings"
	"testing"
)

func TestJSONIsReadStrictly(t *testing.T) {
	for text, ok := range map[string]bool{
		`{}`: true, ` { } `: true, `{"a":1}`: true, `{"a":[{},[],"",0,-0,1.5e-3,true,false,null]}`: true,
		`{"\u00e9":"\ud83d\ude00"}`: true, `{"a":{"x":1},"b":{"x":1}}`: true, `{"a":1,"A":2}`: true,
		``: false, ` `: false, `[]`: false, `{`: false, `{"a"`: false, `{"a":`: false, `{"a":1`: false, `{"a":1,}`: false, `{,}`: false,
		`{"a" 1}`: false, `{a:1}`: false, `{"a":1}x`: false, `{"a":1}{}`: false, "{\"a\":\"\t\"}": false, `{"a":tru}`: false, `{"a":01}`: false,
		`{"a":+1}`: false, `{"a":.5}`: false, `{"a":1.}`: false, `{"a":1e}`: false, `{"a":-}`: false, `{"a":"\x"}`: false, `{"a":"\u12"}`: false,
		`{"a":"\ud800"}`: false, `{"a":"\ud800\u0041"}`: false, `{"a":"\udc00"}`: false, "{\"a\":\"\xff\"}": false, "{\"a\":\"\xed\xa0\x80\"}": false,
		`{"a":1,"a":1}`: false, `{"a":1,"\u0061":1}`: false, `{"x":{"a":1,"a":1}}`: false, `{"x":[{"a":[],"a":[]}]}`: false,
		`{"a":` + strings.Repeat("[", 15) + strings.Repeat("]", 15) + `}`: true,
		`{"a":` + strings.Repeat("[", 16) + strings.Repeat("]", 16) + `}`: false,
	} {
		if _, got := parseObject([]byte(text), nil); got != ok {
			t.Errorf("%q: taken %v, want %v", text, got, ok)
		}
	}
}
