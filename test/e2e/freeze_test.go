package e2e

import (
	"testing"
	"time"

	"accountapi/test/issuer"
	"accountapi/test/runtimeapi"
)

// Lambda freezes an environment that has nothing to do: until its next invocation no
// goroutine, timer or fetch in it runs. These tests measure no durations: an authorizer
// that needed the network would fail, because the issuer is down by then.

// asDeployed is the authorizer's timeout in the stack.
const asDeployed = 5 * time.Second

// short is a timeout with which the authorizer waits for keys for 0.2 s only: it stops
// half a second before its deadline. A fetch that has not ended by then goes on after the
// answer.
const short = 700 * time.Millisecond

// startFrozen starts the authorizer, waits until its init is over, and freezes it.
func startFrozen(t *testing.T, i *issuer.Server, timeout time.Duration) *function {
	t.Helper()
	f := start(t, runtimeapi.Config{Env: trust(i), Timeout: timeout})
	if err := f.Init(); err != nil {
		t.Fatal(err)
	}
	f.Freeze()
	return f
}

// expectThenFreeze invokes the frozen authorizer with a token, and freezes it again.
func (f *function) expectThenFreeze(t *testing.T, token, want string) {
	t.Helper()
	f.expect(t, "Bearer "+token, want)
	f.Freeze()
}

func TestKeysOfInitServeTheFirstInvocationAfterAFreeze(t *testing.T) {
	skipIfDeployed(t, needsBinary)
	i := startIssuer(t)
	f := startFrozen(t, i, short)
	i.SetFault(issuer.Hang)
	time.Sleep(time.Second)
	f.expectThenFreeze(t, i.Token(), allow)
	if fetches := i.JWKSFetches(); fetches != 1 {
		t.Errorf("%d fetches, want 1, that of init", fetches)
	}
}

func TestKnownKeysAreUsedWhenTheIssuerFailsDuringAFreeze(t *testing.T) {
	skipIfDeployed(t, needsBinary)
	for _, fault := range issuer.EndpointFaults() {
		t.Run(string(fault), func(t *testing.T) {
			t.Parallel()
			i := startIssuer(t)
			f := startFrozen(t, i, asDeployed)
			f.expectThenFreeze(t, i.Token(), allow)
			i.SetFault(fault)
			f.expectThenFreeze(t, i.Token(), allow)
			// The issuer may have published this key meanwhile, so the token is not known
			// to be bad.
			f.expectThenFreeze(t, i.Token(issuer.UnknownKey), notCheckable)
			f.expectThenFreeze(t, i.Token(), allow)
		})
	}
}

// A fetch that is interrupted by a freeze cannot end: its connection is no longer usable
// when the process runs again. A token with a known key must not wait for it.
func TestKnownKeysDoNotWaitForAFetchThatAFreezeInterrupted(t *testing.T) {
	skipIfDeployed(t, needsBinary)
	i := startIssuer(t)
	f := startFrozen(t, i, short)
	i.SetFault(issuer.Hang)
	f.expectThenFreeze(t, i.Token(issuer.UnknownKey), notCheckable)
	fetches := i.JWKSFetches()
	time.Sleep(4 * time.Second) // longer than any fetch may take
	f.expectThenFreeze(t, i.Token(), allow)
	if now := i.JWKSFetches(); now != fetches {
		t.Errorf("a known key led to %d more fetches", now-fetches)
	}
}
