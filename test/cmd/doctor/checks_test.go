package main

import (
	"bytes"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"accountapi/test/internal/authorizer"
	"accountapi/test/issuer"
)

func TestEveryReasonOfTheAuthorizerIsExplained(t *testing.T) {
	text, err := os.ReadFile("../../../lambdas/internal/jwt/reason.go")
	if err != nil {
		t.Fatal(err)
	}
	reasons := regexp.MustCompile(`Reason = "(\w+)"`).FindAllStringSubmatch(string(text), -1)
	if len(reasons) < 10 {
		t.Fatalf("reason.go has only %d reasons", len(reasons))
	}
	// Not explained: the doctor sends a token and requires no scopes for the whole API,
	// and an internal error is reported as it is.
	exceptions := []string{"ok", "missing_token", "scope", "internal"}
	for _, match := range reasons {
		reason := match[1]
		if slices.Contains(exceptions, reason) {
			continue
		}
		d := &doctor{examination: &examination{}, use: trusted{Audiences: []string{audience}}}
		if _, known := failedCheck[reason]; !known {
			t.Errorf("%s belongs to no check", reason)
		}
		if why, _ := d.refusal(reason); strings.HasPrefix(why, "the authorizer says") {
			t.Errorf("%s is not explained", reason)
		}
	}
}

// The decisions are given, because the authorizer makes some of them only in an
// environment that has run for a while.
func TestDecisionsAboutTheKeyAreExplained(t *testing.T) {
	local, err := issuer.New(issuer.Config{URL: "https://tenant.eu.auth0.com/", Audience: audience})
	if err != nil {
		t.Fatal(err)
	}
	const (
		unknown = `!! key        kid "x": it is not the kid of a key in use: ` +
			"the key was removed, is of another issuer, or is not used (see above)"
		none = "!! key        kid none: the token does not say which key signed it, " +
			`and there is not exactly one key in use for "RS256"`
		newer    = "; it may be a newer key, but the keys were fetched a moment ago (the API answers 503)"
		empty    = `!! header     alg "RS256", typ "JWT", kid "": its kid is empty`
		newToken = "get a new token from exactly this issuer"
		putKid   = "configure the issuer to put the kid into the header"
		putID    = "configure the issuer to put the ID of its key into the header, or no kid"
		again    = "try again in a minute; if the answer is the same, "
	)
	kid, noKid, emptyKid := issuer.Header("kid", "x"), issuer.WithoutHeader("kid"), issuer.Header("kid", "")
	for name, test := range map[string]struct {
		token             issuer.Option
		reason, says, fix string
	}{
		"unknown kid":           {kid, "kid_unknown", unknown, newToken},
		"kid of a newer key":    {kid, "kid_unproven", unknown + newer, again + newToken},
		"no kid, several keys":  {noKid, "kid_unknown", none, putKid},
		"no kid, one newer key": {noKid, "kid_unproven", none + newer, again + putKid},
		"empty kid":             {emptyKid, "bad_header", empty, putID},
	} {
		t.Run(name, func(t *testing.T) {
			output := explanation(local, test.token, test.reason)
			if want := test.says + "\n              fix: " + test.fix + "\n"; !strings.Contains(output, want) {
				t.Errorf("the output does not contain %q\n%s", want, output)
			}
		})
	}
	const passed = `ok key        kid none: exactly one key in use is for "RS256"` + "\n"
	if output := explanation(local, noKid, "ok"); !strings.Contains(output, passed) {
		t.Errorf("the output does not contain %q\n%s", passed, output)
	}
}

// explanation returns the report on a decision about a token of i.
func explanation(i *issuer.Issuer, option issuer.Option, reason string) string {
	var output bytes.Buffer
	d := &doctor{examination: &examination{report: &report{out: &output}}, token: decode(i.Token(option))}
	d.explainDecision(verdict{decision: authorizer.Decision{Reason: reason, Issuer: i.URL()}})
	return output.String()
}
