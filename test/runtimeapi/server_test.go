package runtimeapi

import (
	"encoding/json"
	"fmt"
	"testing"
)

func TestCallsInTheWrongStateAreRefused(t *testing.T) {
	f := start(t, Config{})
	refused := func(status int, errorType, message string) string {
		return fmt.Sprintf(`{"answer":{"errorMessage":%q,"errorType":%q},"status":%d}`, message, errorType, status)
	}
	wrongState := func(call string) string {
		return refused(403, "InvalidStateTransition", call+" is not allowed in state Running")
	}
	wrongID := refused(400, "InvalidRequestID", "Invalid request ID")
	const noEvents = "this Runtime API sends no extension events, not [INVOKE] either: register without events"
	noIdentifier := refused(403, "Extension.MissingHeader", "the header Lambda-Extension-Identifier is missing")
	const registered = `{"answer":{"functionName":"fixture","functionVersion":"$LATEST","handler":"bootstrap"},` +
		`"status":200}`
	const invocation, extension = "/2018-06-01/runtime/invocation/", "/2020-01-01/extension/"
	tests := []struct{ name, call, want string }{
		{"next while an invocation runs", "GET " + invocation + "next", wrongState("next")},
		{"a response to another invocation", "POST " + invocation + "other/response {}", wrongID},
		{"an error of another invocation", "POST " + invocation + "other/error {}", wrongID},
		{"an init error after the init", "POST /2018-06-01/runtime/init/error {}", wrongState("init/error")},
		{"an extension that wants events", "POST " + extension + `register {"events":["INVOKE"]}`,
			refused(403, "InvalidEventType", noEvents)},
		{"an extension that wants none", "POST " + extension + `register {"events":[]}`, registered},
		{"extension events without an identifier", "GET " + extension + "event/next", noIdentifier},
		{"a call that does not exist", "GET /2018-06-01/runtime/exit", `{"answer":404,"status":404}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			event, _ := json.Marshal(map[string]string{"do": "call", "text": test.call})
			if got := string(invoke(t, f, string(event)).Payload); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
	t.Run("a second answer to the same invocation", func(t *testing.T) {
		result := invoke(t, f, `{"do":"call","text":"POST /2018-06-01/runtime/invocation/ID/response \"first\""}`)
		if string(result.Payload) != `"first"` {
			t.Errorf("the invocation was answered with %s, want the first answer", result.Payload)
		}
	})
}
