package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"accountapi/test/issuer"
)

// Lambda freezes an environment when it is idle: nothing in it runs, also no timer and no
// fetch, until the next invocation. SIGSTOP and SIGCONT do the same to a process. The clock
// is not asserted on: what would wait for the network shows because there is none.

// environment is one process of the authorizer that a test can stop at any moment, also
// before its first invocation. runtimeapi, which starts a process for an invocation and
// freezes it after one, cannot do that.
type environment struct {
	process *exec.Cmd
	events  chan event
	answers chan string
	ready   chan struct{} // receives whenever the process asks for an event
}

type event struct {
	authorization string
	deadline      time.Duration // from when it is handed out
}

// newEnvironment starts a process and waits until its init is over.
func newEnvironment(t *testing.T, i *issuer.Server) *environment {
	t.Helper()
	bootstrap, err := authorizerBootstrap()
	if err != nil {
		t.Fatal(err)
	}
	e := &environment{events: make(chan event), answers: make(chan string, 1), ready: make(chan struct{}, 1)}
	server := httptest.NewServer(e)
	said := &output{}
	e.process = exec.Command(bootstrap)
	e.process.Env = []string{
		"AWS_LAMBDA_RUNTIME_API=" + strings.TrimPrefix(server.URL, "http://"),
		"TOKEN_ISSUER=" + i.URL(), "AUDIENCE=" + i.Audience(), "JWKS_URI=" + i.JWKSURL(),
	}
	e.process.Stdout, e.process.Stderr = said, said
	if err := e.process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		e.process.Process.Kill()
		e.process.Wait()
		server.CloseClientConnections()
		server.Close()
		if t.Failed() {
			t.Logf("the authorizer said:\n%.4000s", said)
		}
	})
	<-e.ready
	return e
}

// ServeHTTP is the Runtime API, as far as a process needs it that neither fails nor ends.
func (e *environment) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet {
		e.ready <- struct{}{}
		select {
		case event := <-e.events:
			w.Header().Set("Lambda-Runtime-Aws-Request-Id", "request")
			w.Header().Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(time.Now().Add(event.deadline).UnixMilli()))
			json.NewEncoder(w).Encode(map[string]string{
				"type": "TOKEN", "methodArn": "arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/prod/GET/profile", "authorizationToken": event.authorization,
			})
		case <-r.Context().Done():
		}
		return
	}
	answer := allow
	if strings.HasSuffix(r.URL.Path, "/error") {
		var failure struct{ ErrorMessage string }
		json.NewDecoder(r.Body).Decode(&failure)
		answer = failure.ErrorMessage
	}
	w.WriteHeader(http.StatusAccepted)
	e.answers <- answer
}

// ask thaws the process for one invocation and freezes it again once it has asked for the
// next one.
func (e *environment) ask(t *testing.T, token string, deadline time.Duration) string {
	t.Helper()
	e.signal(t, syscall.SIGCONT)
	e.events <- event{"Bearer " + token, deadline}
	var answer string
	select {
	case answer = <-e.answers:
	case <-time.After(30 * time.Second):
		t.Fatal("no answer in 30 s")
	}
	<-e.ready
	e.signal(t, syscall.SIGSTOP)
	return answer
}

func (e *environment) expect(t *testing.T, token string, deadline time.Duration, want string) {
	t.Helper()
	if got := e.ask(t, token, deadline); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func (e *environment) signal(t *testing.T, signal syscall.Signal) {
	t.Helper()
	if err := e.process.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
}

const (
	asDeployed = 5 * time.Second
	// The authorizer stops waiting for keys half a second before its deadline, so with this
	// one it waits for a moment only, and a fetch goes on when it has answered.
	aMoment = 700 * time.Millisecond
)

func TestFrozenBetweenInitAndTheFirstInvocation(t *testing.T) {
	onlyHere(t)
	i := tenant(t)
	e := newEnvironment(t, i)
	e.signal(t, syscall.SIGSTOP)
	i.SetFault(issuer.Hang)
	time.Sleep(time.Second)
	e.expect(t, i.Token(), aMoment, allow)
	if fetches := i.JWKSFetches(); fetches != 1 {
		t.Errorf("%d fetches, want that of init alone", fetches)
	}
}

func TestTheIssuerGoesDownWhileFrozen(t *testing.T) {
	onlyHere(t)
	for _, fault := range issuer.EndpointFaults() {
		t.Run(string(fault), func(t *testing.T) {
			t.Parallel()
			i := tenant(t)
			e := newEnvironment(t, i)
			e.expect(t, i.Token(), asDeployed, allow)
			i.SetFault(fault)
			e.expect(t, i.Token(), asDeployed, allow)
			// A key that the issuer may have made meanwhile is not the caller's fault.
			e.expect(t, i.Token(issuer.UnknownKey), asDeployed, notCheckable)
			e.expect(t, i.Token(), asDeployed, allow)
		})
	}
}

// A fetch that is in flight when the process is frozen is lost: its connection is dead by
// the time of the thaw. The keys at hand must not wait for it.
func TestFrozenWithAFetchInFlight(t *testing.T) {
	onlyHere(t)
	i := tenant(t)
	e := newEnvironment(t, i)
	i.SetFault(issuer.Hang)
	e.expect(t, i.Token(issuer.UnknownKey), aMoment, notCheckable)
	fetches := i.JWKSFetches()
	time.Sleep(2 * time.Second) // longer than any fetch may take
	e.expect(t, i.Token(), aMoment, allow)
	if now := i.JWKSFetches(); now != fetches {
		t.Errorf("a known key led to %d more fetches", now-fetches)
	}
}
