package main

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"accountapi/lambdas/internal/jwks"
	"accountapi/lambdas/internal/jwt"
	"accountapi/lambdas/internal/tokentest"

	"github.com/google/go-cmp/cmp"
)

func TestDecisionLineSaysWhatWasDecidedAndWhy(t *testing.T) {
	type members = map[string]any
	const hint = "iss differs only in the trailing slash from the issuer https://tenant.example/"
	noSlash := "https://tenant.example"
	bed := newBed(t, keySet(key1().JWK()))
	for name, test := range map[string]struct {
		authorization string
		want          members
	}{
		"allowed": {bearerOf(), members{
			"level": "INFO", "msg": "decision", "decision": "allow", "reason": "ok",
			"kid": "key-1", "issuer": testIssuer, "subject": "auth0|42", "hint": nil,
			"scopesLeftOut": nil,
		}},
		"allowed, with parts of its scopes left out": {bearerOf(claim("scope", []string{"read:items", "a b", "é"})), members{
			"decision": "allow", "scopesLeftOut": []any{"a b", "é"},
		}},
		"allowed, with 6 scopes left out, one of 257 bytes": {
			bearerOf(claim("scope", []string{"", " 2", " 3", " 4", strings.Repeat(" ", 257), " 6"})),
			members{"scopesLeftOut": []any{"", " 2", " 3", " 4", strings.Repeat(" ", 256) + "…"}},
		},
		"refused by its claims": {bearerOf(claim("exp", 1)), members{
			"level": "INFO", "error": nil, "decision": "refuse", "reason": "expired",
			"kid": "key-1", "issuer": testIssuer, "subject": nil,
		}},
		"refused by its signature": {bearerOf(by(stranger())), members{
			"decision": "refuse", "reason": "bad_signature", "kid": "key-1", "issuer": testIssuer, "subject": nil,
		}},
		"refused by its header": {bearerOf(tokentest.Header("alg", "none")), members{
			"decision": "refuse", "reason": "alg_not_allowed", "kid": "key-1", "issuer": testIssuer, "subject": nil,
		}},
		"without a token": {"", members{
			"decision": "refuse", "reason": "missing_token", "kid": nil, "issuer": nil, "subject": nil,
		}},
		"a missing slash": {bearerOf(claim("iss", noSlash)), members{"reason": "issuer", "hint": hint}},
		"another issuer": {bearerOf(claim("iss", "https://other.example/")), members{
			"reason": "issuer", "issuer": "https://other.example/", "hint": nil,
		}},
		"an issuer of 256 bytes": {bearerOf(claim("iss", strings.Repeat("i", 256))), members{
			"reason": "issuer", "issuer": strings.Repeat("i", 256),
		}},
		"an issuer of 257 bytes": {bearerOf(claim("iss", strings.Repeat("i", 257))), members{
			"reason": "issuer", "issuer": strings.Repeat("i", 256) + "…",
		}},
		"a character at the 256th byte": {bearerOf(claim("iss", strings.Repeat("é", 127)+"i€")), members{
			"reason": "issuer", "issuer": strings.Repeat("é", 127) + "i…",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			line := bed.lineOf(t, test.authorization)
			for name, want := range test.want {
				if diff := cmp.Diff(want, line[name]); diff != "" {
					t.Errorf("%s: %s", name, diff)
				}
			}
			if line["methodArn"] != testArn || line["requestId"] != "request-1" {
				t.Errorf("methodArn %v requestId %v", line["methodArn"], line["requestId"])
			}
			if _, err := time.Parse(time.RFC3339Nano, line["time"].(string)); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestHintSaysHowAnIssuerDiffersFromTheOneConfigured(t *testing.T) {
	const slash = "iss differs only in the trailing slash from the issuer "
	for _, test := range []struct{ got, want, hint string }{
		{"https://a.example", "https://a.example/", slash + "https://a.example/"},
		{"https://a.example/", "https://a.example", slash + "https://a.example"},
		{"https://A.example", "https://a.example", "iss differs only in upper and lower case from the issuer https://a.example"},
		{"http://a.example", "https://a.example", "iss has http where the issuer has https: https://a.example"},
		{"https://a.example/x", "https://a.example/", ""},
		{"https://a.examplex", "https://a.example", ""},
		{"https://a.example", "https://a.examplex", ""},
		{"http://b.example", "https://a.example", ""},
		{"/https://a.example", "https://a.example", ""},
		{"", "https://a.example", ""},
	} {
		if got := nearMiss(test.got, []string{"https://other.example", test.want}); got != test.hint {
			t.Errorf("%s for %s: got %q, want %q", test.got, test.want, got, test.hint)
		}
	}
}

func TestDecisionLineSaysWhatStoppedTheCheck(t *testing.T) {
	bed := newBed(t, "no key set")
	line := bed.lineOf(t, bearerOf())
	const want = "jwks_unavailable: the keys are not available: "
	text, _ := line["error"].(string)
	if line["level"] != "ERROR" || !strings.HasPrefix(text, want) || len(text) == len(want) {
		t.Errorf("level %v, error %q; want ERROR, and the cause after %q", line["level"], text, want)
	}
	bed.log.begin(t.Context()).write("error", jwt.ErrInternal, errors.New(strings.Repeat("x", 2049)))
	if text := bed.lines.take(); !strings.Contains(text, `"error":"`+strings.Repeat("x", 2048)+`…"`) {
		t.Errorf("a long error is not cut off after 2,048 bytes: %s", text)
	}
}

func TestFetchOfTheKeySetIsLogged(t *testing.T) {
	type members = map[string]any
	kept, dropped := []string{"key-1", "key-2"}, []jwks.Dropped{{Kid: "key-3", Why: "use is not sig"}}
	for name, test := range map[string]struct {
		fetch jwks.Fetch
		want  members
	}{
		"good": {jwks.Fetch{Duration: 1500 * time.Microsecond, Kept: kept}, members{
			"level": "INFO", "msg": "key set", "FetchDuration": 1.5, "kept": []any{"key-1", "key-2"},
		}},
		"with a key that is not used": {jwks.Fetch{Kept: kept, Dropped: dropped}, members{
			"level": "WARN", "msg": "key set", "FetchDuration": 0., "kept": []any{"key-1", "key-2"},
			"dropped": []any{members{"kid": "key-3", "why": "use is not sig"}},
		}},
		"failed": {jwks.Fetch{Err: errors.New("status 500")}, members{
			"level": "ERROR", "msg": "key set", "FetchDuration": 0., "kept": nil, "error": "status 500",
		}},
		"without a usable key": {jwks.Fetch{Dropped: dropped, Err: errors.New("none")}, members{
			"level": "ERROR", "msg": "key set", "FetchDuration": 0., "kept": nil, "error": "none",
			"dropped": []any{members{"kid": "key-3", "why": "use is not sig"}},
		}},
		"failed with a long error": {jwks.Fetch{Err: errors.New(strings.Repeat("x", 2049))}, members{
			"level": "ERROR", "msg": "key set", "FetchDuration": 0., "kept": nil,
			"error": strings.Repeat("x", 2048) + "…",
		}},
		"failed with an error of 2,048 bytes": {jwks.Fetch{Err: errors.New(strings.Repeat("x", 2048))}, members{
			"level": "ERROR", "msg": "key set", "FetchDuration": 0., "kept": nil, "error": strings.Repeat("x", 2048),
		}},
	} {
		t.Run(name, func(t *testing.T) {
			out := &syncBuffer{}
			test.fetch.URL = "https://tenant.example/keys"
			newDecisionLog(out, "authorizer", "Authorizer").keySet(test.fetch)
			var line members
			if err := json.Unmarshal([]byte(out.take()), &line); err != nil {
				t.Fatal(err)
			}
			if _, err := time.Parse(time.RFC3339Nano, line["time"].(string)); err != nil {
				t.Error(err)
			}
			for _, member := range []string{"time", "_aws", "FunctionName", "Fetches", "FetchFailures"} {
				delete(line, member)
			}
			test.want["jwksUri"] = "https://tenant.example/keys"
			if diff := cmp.Diff(test.want, line); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestIssuerCannotFillTheLog(t *testing.T) {
	long := strings.Repeat("x", 100<<10)
	bed := newBed(t, keySet(tokentest.Members{"kid": "x", "kty": long, "alg": long}))
	if length := len(bed.lines.take()); length > 8<<10 {
		t.Errorf("%d bytes in the log", length)
	}
}

func TestOnlyErrorsThatTheRuntimeRepeatsAreNotLogged(t *testing.T) {
	for line, logged := range map[string]bool{
		`{"errorMessage":"Unauthorized","errorType":"errorString"}`:                           false,
		`{"errorMessage":"internal","errorType":"Reason"}`:                                    false,
		`{"errorMessage":"jwks_unavailable","errorType":"Reason"}`:                            false,
		`{"errorMessage":"kid_unproven","errorType":"Reason"}`:                                false,
		`{"errorMessage":"internal","errorType":"Reason","stackTrace":[]}`:                    true,
		`{"errorMessage":"runtime error: index out of range","errorType":"boundsError"}`:      true,
		`{"errorMessage":"unexpected end of JSON input","errorType":"SyntaxError"}`:           true,
		`runtime API client failed to close the response body`:                                true,
		`a line that holds {"errorMessage":"Unauthorized","errorType":"errorString"}`:         true,
		"{\"errorMessage\":\"Unauthorized\",\"errorType\":\"errorString\"}\nand another line": true,
	} {
		out := &syncBuffer{}
		if n, err := (runtimeLog{out}).Write([]byte(line + "\n")); n != len(line)+1 || err != nil {
			t.Errorf("wrote %d, %v", n, err)
		}
		if got := out.take() != ""; got != logged {
			t.Errorf("%q: logged %v, want %v", line, got, logged)
		}
	}
}
