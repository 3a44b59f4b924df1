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

func TestOnlyAPolicyForTheTokensSubjectAllows(t *testing.T) {
	good := `{"principalId":"ada","policyDocument":{"Statement":[{"Effect":"Allow"}]},` +
		`"context":{"scope":"read:things"}}`
	const exited = `{"errorMessage":"RequestId: 1 Error: Runtime exited","errorType":"Runtime.ExitError"}`
	for name, test := range map[string]struct {
		payload, failure, subject string
		want                      verdict
	}{
		"a policy for the token's subject": {good, "", "ada", allow},
		"a policy of a reference":          {good, "", anybody, allow},
		"the error Unauthorized":           {`{"errorMessage":"Unauthorized"}`, "Unhandled", "ada", refuse},
		"a policy for another subject":     {good, "", "bob", fault},
		"a policy without the scope":       {strings.Replace(good, "read:things", "", 1), "", "ada", fault},
		"a Deny":                           {strings.Replace(good, "Allow", "Deny", 1), "", "ada", fault},
		"no policy":                        {`{}`, "", "ada", fault},
		"no JSON":                          {`<html>`, "", "ada", fault},
		"another error":                    {`{"errorMessage":"unauthorized"}`, "Unhandled", "ada", fault},
		"a process that exited":            {exited, "Unhandled", "ada", fault},
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

func TestWrongVerdictsOfAContestantAreNoted(t *testing.T) {
	tenant, acceptAll := openTestTenant(t), build(t, "contestants/testdata/acceptall")
	bad := map[issuer.TokenFault]event{}
	for _, fault := range issuer.TokenFaults() {
		// With the right subject, so that only the verdict is wrong.
		bad[fault] = newEvent(tenant.Token(issuer.Subject(subject(1)), fault), subject(1))
	}
	if err := acceptAll.judge(t.Context(), tenant, tenant.mint(1)[0], bad); err != nil {
		t.Fatal(err)
	}
	if want := len(issuer.TokenFaults()); len(acceptAll.row.Wrong) != want {
		t.Errorf("%d wrong verdicts are noted, want %d: %v", len(acceptAll.row.Wrong), want, acceptAll.row.Wrong)
	}
	if !strings.Contains(strings.Join(acceptAll.row.Wrong, ", "), "expired: allow") {
		t.Errorf("the verdict on an expired token is not among %v", acceptAll.row.Wrong)
	}
}

func TestColdStartsAndBatchesAreMeasured(t *testing.T) {
	tenant, floor := openTestTenant(t), build(t, "contestants/floor")
	floor.kind = reference
	events := tenant.mint(5)
	answer, first, err := floor.coldStart(t.Context(), tenant, events[0])
	if err != nil {
		t.Fatal(err)
	}
	if first <= 0 || answer <= first {
		t.Errorf("answer %v, of that the first invocation %v", answer, first)
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
	if w := p.summary(p); p.invocations != 10 || w.P50Ratio.Median != 1 || w.P50Us <= 0 || p.rate[0] <= 0 {
		t.Errorf("a batch of 10 measured %+v %+v", p, w)
	}
	if runtime.GOOS == "linux" && (p.cpu[0] <= 0 || p.memory < 1<<20) {
		t.Errorf("CPU %v µs, peak memory %d bytes", p.cpu[0], p.memory)
	}

	// A refusal is faster than a verification and must not be measured.
	if _, err := f.mustAllow(t.Context(), newEvent(tenant.Token(issuer.WrongKey), "")); !errors.Is(err, errVerdict) {
		t.Errorf("after a good token that was refused the error is %v", err)
	}
}

func TestEachTokenOfAStormHasAnotherKeyID(t *testing.T) {
	token := openTestTenant(t).Token()
	one, other := underUnknownKey(token), underUnknownKey(token)
	if one == other || strings.Count(one, ".") != 2 {
		t.Errorf("the storm's tokens are\n%s\n%s", one, other)
	}
}

// Each handler is short enough to see that it uses its library well.
func TestContestantsHaveAtMost50Lines(t *testing.T) {
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
