package main

import (
	"encoding/json"
	"strings"
	"testing"

	"accountapi/lambdas/internal/principal"

	"github.com/google/go-cmp/cmp"
)

func TestAnEventIsReadAsEncodingJSONReadsIt(t *testing.T) {
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

func TestAnEventThatIsNoneIsNoFaultOfTheCallerAndNotRepeated(t *testing.T) {
	bed := newBed(t, jwks(key1().jwk()))
	for _, text := range []string{``, `[]`, `"x"`, `{`, `{"type":"TOKEN","methodArn":"a","authorizationToken":7}`, `{"authorizationToken":"secret"`} {
		answer, err := bed.Invoke(t.Context(), []byte(text))
		if err == nil || err.Error() != "internal" || answer != nil {
			t.Errorf("%s: got %s, %v", text, answer, err)
		}
	}
}

func TestAnAnswerIsWrittenAsEncodingJSONWritesIt(t *testing.T) {
	for _, who := range []principal.Principal{
		{Subject: "auth0|42", ClientID: "c", Scopes: []string{"a", "b"}, Issuer: testIssuer, Expiry: testNow},
		{Subject: "\"\\/\b\u0001\u2028<é😀>", Issuer: strings.Repeat("x", 2000)},
	} {
		answer := policy("Deny", who, testStage)
		text, err := encodeAnswer(answer)
		if err != nil {
			t.Fatal(err)
		}
		var got, want any
		reference, _ := json.Marshal(answer)
		if json.Unmarshal(text, &got) != nil || json.Unmarshal(reference, &want) != nil {
			t.Fatalf("no JSON: %s", text)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
}

func TestAnInvocationIsTheHandlerInBytes(t *testing.T) {
	bed := newBed(t, jwks(key1().jwk()))
	event := request{Type: "TOKEN", MethodArn: testArn, AuthorizationToken: bearerOf()}
	want, err := bed.handle(t.Context(), event)
	if err != nil {
		t.Fatal(err)
	}
	text, err := bed.Invoke(t.Context(), []byte(toJSON(event)))
	if err != nil {
		t.Fatal(err)
	}
	var got response
	if err := json.Unmarshal(text, &got); err != nil || cmp.Diff(want, got) != "" {
		t.Errorf("%v %s", err, cmp.Diff(want, got))
	}
	event.AuthorizationToken = "Bearer a.b.c"
	if _, err := bed.Invoke(t.Context(), []byte(toJSON(event))); err == nil || err.Error() != "Unauthorized" {
		t.Errorf("got %v, want Unauthorized to the letter", err)
	}
}
