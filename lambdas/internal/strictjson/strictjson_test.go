package strictjson

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestOnlyStrictJSONIsRead(t *testing.T) {
	for text, want := range map[string]bool{
		`{}`:       true,
		` { } `:    true,
		`{"a":1}`:  true,
		"{}\r\n\t": true,
		`{"a":[{},[],"",0,-0,1.5e-3,true,false,null]}`: true,
		`{"\u00e9":"\ud83d\ude00"}`:                    true,
		`{"a":{"x":1},"b":{"x":1}}`:                    true,
		`{"a":1,"A":2}`:                                true,

		``:          false,
		` `:         false,
		`[]`:        false,
		`null`:      false,
		`{`:         false,
		`{"a"`:      false,
		`{"a":`:     false,
		`{"a":1`:    false,
		`{"a":1,}`:  false,
		`{,}`:       false,
		`{"a" 1}`:   false,
		`{a:1}`:     false,
		`{'a':1}`:   false,
		`{"a":1}x`:  false,
		`{"a":1}{}`: false,
		"\ufeff{}":  false,
		"{}\x00":    false,
		"{}\f":      false,
		"/**/{}":    false,

		"{\"a\":\"\t\"}": false,
		`{"a":tru}`:      false,
		`{"a":True}`:     false,
		`{"a":NaN}`:      false,
		`{"a":01}`:       false,
		`{"a":0x1}`:      false,
		`{"a":+1}`:       false,
		`{"a":.5}`:       false,
		`{"a":1.}`:       false,
		`{"a":1e}`:       false,
		`{"a":-}`:        false,
		`{"a":"\x"}`:     false,
		`{"a":"\u12"}`:   false,
		`{"a":[1 2]}`:    false,
		`{"a":[1,]}`:     false,

		`{"a":"\ud800"}`:           false,
		`{"a":"\ud800\u0041"}`:     false,
		`{"a":"\udc00"}`:           false,
		"{\"a\":\"\xff\"}":         false,
		"{\"a\":\"\xc0\xaf\"}":     false,
		"{\"a\":\"\xed\xa0\x80\"}": false,

		`{"a":1,"a":1}`:           false,
		`{"a":1,"\u0061":1}`:      false,
		`{"x":{"a":1,"a":1}}`:     false,
		`{"x":[{"a":[],"a":[]}]}`: false,

		`{"a":` + strings.Repeat("[", 15) + strings.Repeat("]", 15) + `}`:        true,
		`{"a":` + strings.Repeat("[", 16) + strings.Repeat("]", 16) + `}`:        false,
		strings.Repeat(`{"a":`, 16) + "1" + strings.Repeat("}", 16):              true,
		strings.Repeat(`{"a":`, 17) + "1" + strings.Repeat("}", 17):              false,
		strings.Repeat(`{"a":[`, 8) + "1" + strings.Repeat("]}", 8):              true,
		strings.Repeat(`{"a":[`, 8) + "{}" + strings.Repeat("]}", 8):             false,
		`{"a":[` + strings.Repeat("[],{},", 20) + `1]}`:                          true,
		`{"a":"` + strings.Repeat("[", 99) + `"}`:                                true,
		`{"a":["` + strings.Repeat("[", 99) + `"]}`:                              true,
		`{"a":["\"` + strings.Repeat("[", 99) + `"]}`:                            true,
		`{"a":["\\",` + strings.Repeat("[", 14) + strings.Repeat("]", 14) + `]}`: true,
		`{"a":["\\",` + strings.Repeat("[", 15) + strings.Repeat("]", 15) + `]}`: false,
		`{"a":"\"` + strings.Repeat("[", 99) + `"}`:                              true,

		"{" + members(200) + "}": true,
		"{" + members(201) + "}": false,
	} {
		if _, got := ParseObject([]byte(text), nil); got != want {
			t.Errorf("%.60q: read %v, want %v", text, got, want)
		}
	}
}

// members is so many members with different names.
func members(n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = `"` + strings.Repeat("n", i) + `":1`
	}
	return strings.Join(list, ",")
}

func TestOutlineIsStrictButForOneMember(t *testing.T) {
	nested := strings.Repeat("[", 20) + strings.Repeat("]", 20)
	for text, want := range map[string]bool{
		`{"keys":[{"kid":1,"kid":2}]}`:   true,
		`{"keys":` + nested + `}`:        true,
		`{"keys":["\ud800"]}`:            true,
		"{\"keys\":[\"\xff\"]}":          true,
		`{"keys":[],"x":{"a":1,"a":1}}`:  true,
		`{"keys":[],"x":` + nested + `}`: false,
		`{"keys":[],"x":"\ud800"}`:       false,
		"{\"keys\":[],\"x\":\"\xff\"}":   false,
		`{"keys":[],"keys":[]}`:          false,
		`{"keys":[],"k\u0065ys":[]}`:     false,
		`{"keys":[]}{}`:                  false,
		`{"keys":[1,]}`:                  false,
		`[]`:                             false,
	} {
		if _, got := ParseOutline([]byte(text), "keys"); got != want {
			t.Errorf("%s: read %v, want %v", text, got, want)
		}
	}
}

func TestOnlyArraysHaveElements(t *testing.T) {
	for text, want := range map[string]int{
		`[]`: 0, ` [ ] `: 0, `[1]`: 1, `[[1,2],{"a":3},"]"]`: 3,
		`{}`: -1, `{"a":1}`: -1, `"[]"`: -1, `1`: -1, `null`: -1, ``: -1, `[1`: -1, `[1,]`: -1, `[1 2]`: -1, `]`: -1,
	} {
		values, ok := Elements([]byte(text))
		if ok != (want >= 0) || ok && len(values) != want || !ok && values != nil {
			t.Errorf("%s: got %q, %v; want %d", text, values, ok, want)
		}
	}
}

func TestOnlyNumbersOfFloat64AreRead(t *testing.T) {
	for text, want := range map[string]float64{`0`: 0, `-1`: -1, `9.5e1`: 95} {
		if got, ok := Number([]byte(text)); !ok || got != want {
			t.Errorf("%s: got %v, %v; want %v", text, got, ok, want)
		}
	}
	for _, text := range []string{``, `"1"`, `null`, `true`, `[1]`, `{}`, `1e999`, `Infinity`, `NaN`, `inf`} {
		if got, ok := Number([]byte(text)); ok || got != 0 && text != `1e999` {
			t.Errorf("%s: got %v, %v; want no number", text, got, ok)
		}
	}
}

func TestStringIsWrittenAsEncodingJSONReadsIt(t *testing.T) {
	for _, s := range []string{"", "a", "\"\\/\b\x01\u2028<é😀>", "\x7f"} {
		var got string
		if err := json.Unmarshal(AppendString(nil, s), &got); err != nil || got != s {
			t.Errorf("%q is written as %s", s, AppendString(nil, s))
		}
	}
	if got := string(AppendString([]byte("x"), "a\xffb")); got != "x\"a\ufffdb\"" {
		t.Errorf("a byte that is not UTF-8 is written as %q", got)
	}
}

// FuzzParseObject compares the strict reader with encoding/json: whatever the strict one
// takes, the other takes too and reads the same.
func FuzzParseObject(f *testing.F) {
	for _, seed := range []string{
		`{}`, ` {"a":[1,-0.5e+3,"\ud83d\ude00",{"b":null}],"":true} `, `{"a":1,"\u0061":2}`, `{"a":"\u"}`, `{"a":01}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		object, ok := ParseObject(data, nil)
		if !ok {
			return
		}
		var want map[string]json.RawMessage
		if err := json.Unmarshal(data, &want); err != nil || len(want) != len(object) || !utf8.Valid(data) {
			t.Fatalf("taken, but encoding/json says %v: %q", err, data)
		}
		for _, m := range object {
			if !bytes.Equal(want[string(m.Name)], m.Value) {
				t.Errorf("%q is %q, want %q", m.Name, m.Value, want[string(m.Name)])
			}
			var s string
			if got, ok := String(m.Value); ok && (json.Unmarshal(m.Value, &s) != nil || s != got) {
				t.Errorf("the string is %q, want %q", got, s)
			}
			var n float64
			if got, ok := Number(m.Value); ok && (json.Unmarshal(m.Value, &n) != nil || n != got) {
				t.Errorf("the number is %v, want %v", got, n)
			}
			var list []string
			if got, ok := Strings(m.Value); ok && m.Value[0] == '[' {
				if json.Unmarshal(m.Value, &list) != nil || !slices.Equal(list, got) {
					t.Errorf("the list is %q, want %q", got, list)
				}
			}
		}
	})
}
