package gateway

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// A script is one function's part in a test: what it does with an event, and the events
// it got. The function's process asks the script over HTTP: see testdata/function.
type script struct {
	do func(event []byte) does

	mu     sync.Mutex
	events [][]byte
}

// does is what a function is told to do.
type does struct {
	Answer string
	Error  *string
	Panic  string
	Exit   bool
	Hang   bool
}

func answers(payload string) func([]byte) does {
	return func([]byte) does { return does{Answer: payload} }
}

func fails(message string) func([]byte) does {
	return func([]byte) does { return does{Error: &message} }
}

// policyFor is an authorizer's answer with one statement on the resources.
func policyFor(effect string, resources ...string) string {
	list, _ := json.Marshal(resources)
	return `{"principalId":"user","policyDocument":{"Version":"2012-10-17","Statement":[` +
		`{"Action":"execute-api:Invoke","Effect":"` + effect + `","Resource":` + string(list) + `}]}}`
}

// withContext is policyFor with a context; allowing all methods.
func withContext(context string) string {
	return `{"context":` + context + `,` + policyFor("Allow", "*")[1:]
}

// allowing answers with a policy that allows the method ARN of the event with everything
// from the stage on replaced by suffix.
func allowing(suffix string) func([]byte) does {
	return func(event []byte) does { return does{Answer: policyFor("Allow", apiOf(event)+suffix)} }
}

// apiOf is the method ARN of an authorizer's event up to the API's id: arn:…:id/
func apiOf(event []byte) string {
	var e struct{ MethodArn string }
	json.Unmarshal(event, &e)
	before, _, _ := strings.Cut(e.MethodArn, "/")
	return before + "/"
}

func (s *script) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.events)
}

// last is the last event, decoded.
func (s *script) last(t *testing.T) map[string]any {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.events) == 0 {
		t.Fatal("the function was not invoked")
	}
	var event map[string]any
	if err := json.Unmarshal(s.events[len(s.events)-1], &event); err != nil {
		t.Fatal(err)
	}
	return event
}

// serve returns the URL at which the function's process finds the script.
func (s *script) serve(t testing.TB) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		event, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		s.events = append(s.events, event)
		s.mu.Unlock()
		json.NewEncoder(w).Encode(s.do(event))
	}))
	t.Cleanup(server.Close)
	return server.URL
}
