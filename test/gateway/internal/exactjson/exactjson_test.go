package exactjson

import "testing"

func TestObjectKeepsTheSpellingOfKeys(t *testing.T) {
	o, err := Object([]byte(`{"a":1,"A":2}`))
	if err != nil || len(o) != 2 || string(o["a"]) != "1" || string(o["A"]) != "2" {
		t.Errorf("got %s, %v", o, err)
	}
	for _, other := range []string{`null`, `[]`, `"{}"`, `1`, ``, `{"a":1} x`} {
		if o, err := Object([]byte(other)); err == nil {
			t.Errorf("%s: got %s, want an error", other, o)
		}
	}
}

func TestScalarReturnsStringsNumbersAndBooleans(t *testing.T) {
	for raw, want := range map[string]string{`"a\u0062"`: "ab", `1.50`: "1.50", ` true `: "true", `""`: ""} {
		if got, err := Scalar([]byte(raw)); got != want || err != nil {
			t.Errorf("%s: got %q, %v; want %q", raw, got, err, want)
		}
	}
	for _, other := range []string{`null`, `{}`, `[1]`, ``} {
		if got, err := Scalar([]byte(other)); err == nil {
			t.Errorf("%s: got %q, want an error", other, got)
		}
	}
}
