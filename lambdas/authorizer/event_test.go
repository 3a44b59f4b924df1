package main

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestEventIsReadAsEncodingJSONReadsIt(t *testing.T) {
	for _, text := range []string{
		`{"type":"TOKEN","methodArn":"arn:x","authorizationToken":"Bearer a.b.c"}`,
		` { "authorizationToken" : "Bearer \u0041\"" , "type" : "TOKEN" , "methodArn" : "é" } `,
		`{"type":"TOKEN","methodArn":"a","authorizationToken":"b","more":{"x":[1]}}`,
		`{"type":"TOKEN","methodArn":"a","authorizationToken":"b","authorizationToken":"c"}`,
		`{"Type":"TOKEN","METHODARN":"a","authorizationtoken":"b"}`,
		`{"type":"TOKEN","methodArn":"a","authorizationToken":"` + "\xff" + `\ud800"}`,
		`{"type":"TOKEN","methodArn":null}`, `null`, `{}`,
	} {
		var want request
		if err := json.Unmarshal([]byte(text), &want); err != nil {
			t.Fatal(err)
		}
		if got, err := decodeEvent([]byte(text)); err != nil || got != want {
			t.Errorf("%s: got %+v (%v), want %+v", text, got, err, want)
		}
	}
}

// encoding/json gives the same result: only its cost tells whether it was asked.
func TestUsualEventIsReadWithoutEncodingJSON(t *testing.T) {
	event := []byte(`{"type":"TOKEN","methodArn":"` + testArn + `","authorizationToken":"` + bearerOf() + `"}`)
	allocations := testing.AllocsPerRun(100, func() { _, _ = decodeEvent(event) })
	if allocations > 8 { // 5, and 13 with encoding/json
		t.Errorf("%v allocations, want 5", allocations)
	}
}

func TestUnreadableEventIsNotTheCallersFaultAndNotRepeated(t *testing.T) {
	bed := newBed(t, keySet(key1().JWK()))
	for _, text := range []string{
		``, `[]`, `"x"`, `{`, `{"authorizationToken":"secret"`,
		`{"type":"TOKEN","methodArn":"` + testArn + `","authorizationToken":7}`,
		`{"type":"TOKEN","methodArn":"a","authorizationToken":{"token":"secret"}}`,
		`{"type":"TOKEN","methodArn":"` + testArn + `","authorizationToken":"secret"}x`,
		`{"type":"TOKEN","methodArn":["a"],"authorizationToken":"secret"}`,
		`{"type":"TOKEN","x":` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + `}`,
	} {
		line := bed.expectInternal(t, text)
		if strings.Contains(line, "secret") {
			t.Errorf("the event is in the log: %s", line)
		}
	}
}
