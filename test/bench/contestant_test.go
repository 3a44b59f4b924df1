package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"accountapi/test/internal/compiled"
	"accountapi/test/issuer"
	"accountapi/test/runtimeapi"
)

func TestVerdict(t *testing.T) {
	good := `{"principalId":"ada","policyDocument":{"Version":"2012-10-17","Statement":[{"Action":["execute-api:Invoke"],"Effect":"Allow","Resource":["arn"]}]},"context":{"scope":"get:profile"}}`
	for name, test := range map[string]struct {
		payload, failure, subject string
		want                      verdict
	}{
		"a policy for the caller lets in":            {good, "", "ada", allow},
		"a reference may say anybody":                {good, "", anybody, allow},
		"the error Unauthorized refuses":             {`{"errorMessage":"Unauthorized","errorType":"errorString"}`, "Unhandled", "ada", refuse},
		"a policy for somebody else is wrong":        {good, "", "bob", fault},
		"a policy without the scope is wrong":        {strings.Replace(good, "get:profile", "", 1), "", "ada", fault},
		"a Deny is not what was asked for":           {strings.Replace(good, "Allow", "Deny", 1), "", "ada", fault},
		"an answer that is no policy is wrong":       {`{}`, "", "ada", fault},
		"an answer that is no JSON is wrong":         {`<html>`, "", "ada", fault},
		"any other error is no verdict on the token": {`{"errorMessage":"unauthorized","errorType":"Error"}`, "Unhandled", "ada", fault},
		"a crash is no verdict on the token":         {`{"errorMessage":"RequestId: 1 Error: Runtime exited","errorType":"Runtime.ExitError"}`, "Unhandled", "ada", fault},
	} {
		t.Run(name, func(t *testing.T) {
			result := runtimeapi.Result{Payload: []byte(test.payload), FunctionError: test.failure}
			if got := verdictOf(result, test.subject); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// build compiles a function of this folder for this machine.
func build(t *testing.T, source string) *contestant {
	t.Helper()
	bootstrap := filepath.Join(t.TempDir(), "bootstrap")
	if err := compiled.Build("./"+source, bootstrap); err != nil {
		t.Fatal(err)
	}
	name := filepath.Base(source)
	return &contestant{name: name, kind: peer, bootstrap: bootstrap, row: &row{Name: name, Kind: peer}}
}

func openTestTenant(t *testing.T) *tenant {
	t.Helper()
	tenant, err := openTenant(t.TempDir(), false, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tenant.close)
	return tenant
}

func TestAContestantThatBelievesEveryTokenIsShownAsSuch(t *testing.T) {
	tenant, gullible := openTestTenant(t), build(t, "contestants/testdata/gullible")
	bad := map[issuer.TokenFault]event{}
	for _, fault := range issuer.TokenFaults() {
		// Its subject is right: only the verdict is to be seen here.
		bad[fault] = newEvent(tenant.Token(issuer.Subject(subject(1)), fault), subject(1))
	}
	if err := gullible.judge(t.Context(), tenant, tenant.mint(1)[0], bad); err != nil {
		t.Fatal(err)
	}
	if want := len(issuer.TokenFaults()); len(gullible.row.Wrong) != want {
		t.Errorf("%d wrong verdicts were noticed, want %d: %v", len(gullible.row.Wrong), want, gullible.row.Wrong)
	}
	if !strings.Contains(strings.Join(gullible.row.Wrong, ", "), "expired: allow") {
		t.Errorf("the verdict on an expired token is not among %v", gullible.row.Wrong)
	}
}

func TestAProcessIsMeasured(t *testing.T) {
	tenant, floor := openTestTenant(t), build(t, "contestants/floor")
	floor.kind = reference
	events := tenant.mint(5)
	s, err := floor.coldStart(t.Context(), tenant, events[0])
	if err != nil {
		t.Fatal(err)
	}
	if s.init <= 0 || s.first <= 0 || s.answer < s.init+s.first {
		t.Errorf("answer %v, init %v, first invocation %v", s.answer, s.init, s.first)
	}
	if runtime.GOOS == "linux" && (s.cpu <= 0 || s.memory < 1<<20) {
		t.Errorf("CPU %v, peak memory %d", s.cpu, s.memory)
	}

	f, err := floor.start(tenant)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	p := &pace{}
	if _, err := f.mustAllow(t.Context(), events[0]); err != nil {
		t.Fatal(err)
	}
	if err := f.batch(t.Context(), p, events, 3, 10); err != nil {
		t.Fatal(err)
	}
	w := p.summary(p)
	if w.Invocations != 10 || w.P50Ratio.Median != 1 || w.P99Us < w.P50Us.Median || w.PerSecond.Median <= 0 {
		t.Errorf("a batch of 10 measured %+v", w)
	}

	// Times of refusals would be no times of what is compared.
	if _, err := f.mustAllow(t.Context(), newEvent(tenant.Token(issuer.WrongKey), "")); !errors.Is(err, errVerdict) {
		t.Errorf("after a good token that was refused the error is %v", err)
	}
}

func TestAStormHasADifferentUnknownKeyInEveryToken(t *testing.T) {
	token := openTestTenant(t).Token()
	one, other := underUnknownKey(token), underUnknownKey(token)
	if one == other || strings.Count(one, ".") != 2 {
		t.Errorf("the storm's tokens are\n%s\n%s", one, other)
	}
}

// Nobody is to say that a library was given a clumsy handler: each is short enough to read.
func TestContestantsAreShort(t *testing.T) {
	var sources []string
	for _, pattern := range []string{"contestants/*/main.go", "contestants/node/*/index.mjs"} {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: %v, %v", pattern, found, err)
		}
		sources = append(sources, found...)
	}
	for _, source := range sources {
		text, err := os.ReadFile(source)
		if err != nil {
			t.Fatal(err)
		}
		if lines := bytes.Count(text, []byte("\n")); lines > 50 {
			t.Errorf("%s has %d lines", source, lines)
		}
	}
}
