package main

import (
	"strings"
	"testing"

	"accountapi/lambdas/internal/tokentest"
)

// expect compares the decision and the reason for each of these Authorization values.
func (b *bed) expect(t *testing.T, decision, why string, values map[string]string) {
	t.Helper()
	for name, authorization := range values {
		t.Run(name, func(t *testing.T) {
			if gotDecision, gotWhy := b.call(t, authorization); gotDecision != decision || gotWhy != why {
				t.Errorf("got %s (%s), want %s (%s)", gotDecision, gotWhy, decision, why)
			}
		})
	}
}

func TestBearerTokenIsAccepted(t *testing.T) {
	newBed(t, tokentest.EveryKey()).expect(t, "allow", "ok", map[string]string{
		"as in RFC 6750":       "Bearer " + mint(),
		"scheme in lower case": "bearer " + mint(),
		"scheme in capitals":   "BEARER " + mint(),
		"two spaces":           "Bearer  " + mint(),
		"10 KB":                bearerOf(claim("pad", strings.Repeat("x", 7000))),
		"ten thousand spaces":  "Bearer" + strings.Repeat(" ", 10_000) + mint(),
	})
}

func TestMissingTokenIsRefused(t *testing.T) {
	newBed(t, tokentest.EveryKey()).expect(t, "refuse", "missing_token", map[string]string{
		"an empty value":     "",
		"the scheme only":    "Bearer",
		"scheme and a space": "Bearer ",
		"scheme and spaces":  "Bearer   ",
		"5 MB of spaces":     "Bearer " + strings.Repeat(" ", 5<<20),
	})
}

func TestOversizeTokenIsRefused(t *testing.T) {
	newBed(t, tokentest.EveryKey()).expect(t, "refuse", "oversize", map[string]string{
		"11 KiB":          bearerOf(claim("pad", strings.Repeat("x", 8000))),
		"1 MiB":           bearerOf(claim("pad", strings.Repeat("x", 1<<20))),
		"10,241 bytes":    "Bearer " + strings.Repeat("a", 10_241),
		"5 MB of letters": "Bearer " + strings.Repeat("a", 5<<20),
		"3 MB of dots":    "Bearer " + strings.Repeat(".", 3<<20),
	})
}

func TestMalformedAuthorizationValueIsRefused(t *testing.T) {
	parts := strings.Split(mint(), ".")
	jsonJWS := func(more string) string {
		return `Bearer {"payload":"` + parts[1] + `","protected":"` + parts[0] + `",` +
			`"signature":"` + parts[2] + `"` + more + `}`
	}
	suffix := func(s string) func(string) string { return func(p string) string { return p + s } }
	// at puts something into the middle of a part.
	at := func(s string) func(string) string { return func(p string) string { return p[:8] + s + p[8:] } }
	newBed(t, tokentest.EveryKey()).expect(t, "refuse", "malformed_header", map[string]string{
		"no scheme":                    mint(),
		"Basic":                        "Basic dXNlcjpwYXNz",
		"DPoP":                         "DPoP " + mint(),
		"scheme Token":                 "Token " + mint(),
		"a longer scheme":              "BearerX " + mint(),
		"a colon after":                "Bearer: " + mint(),
		"another script":               "Bеarer " + mint(), // a Cyrillic е
		"no space":                     "Bearer" + mint(),
		"a tab":                        "Bearer\t" + mint(),
		"a no-break space":             "Bearer\u00a0" + mint(),
		"a tab after the space":        "Bearer \t" + mint(),
		"the scheme twice":             "Bearer Bearer " + mint(),
		"two tokens, comma":            "Bearer " + mint() + "," + mint(),
		"two tokens, space":            "Bearer " + mint() + " " + mint(),
		"two credentials":              "Bearer " + mint() + ", Basic dXNlcg==",
		"auth-params":                  `Bearer token="` + mint() + `"`,
		"quotes":                       `Bearer "` + mint() + `"`,
		"a line break before":          "Bearer \n" + mint(),
		"a line break after":           bearerOf() + "\n",
		"a space after":                bearerOf() + " ",
		"a line break inside":          bearerOf(tokentest.Part(1, at("\n"))),
		"CRLF inside":                  bearerOf(tokentest.Part(0, at("\r\n"))),
		"a space inside":               bearerOf(tokentest.Part(1, at(" "))),
		"a tab inside":                 bearerOf(tokentest.Part(1, at("\t"))),
		"NUL inside":                   bearerOf(tokentest.Part(1, at("\x00"))),
		"a percent-encoded dot":        "Bearer " + strings.Replace(mint(), ".", "%2E", 1),
		"a full-width dot":             "Bearer " + strings.Replace(mint(), ".", "．", 1),
		"JSON, flattened":              jsonJWS(``),
		"JSON, smuggled claims":        jsonJWS(`,"sub":"admin"`),
		"JSON, unprotected alg":        jsonJWS(`,"header":{"alg":"RS256"}`),
		"JSON, general":                jsonJWS(`,"signatures":[{}]`),
		"bare claims":                  "Bearer " + toJSON(tokentest.GoodClaims()),
		"padding in the middle":        bearerOf(tokentest.Part(1, suffix("=="))),
		"nothing but padding":          "Bearer ==",
		"broken UTF-8":                 "Bearer \xff\xfe",
		"a space before the scheme":    " " + bearerOf(),
		"a BOM before the scheme":      "\ufeff" + bearerOf(),
		"full-width letters":           "Ｂearer " + mint(),
		"NUL for the space":            "Bearer\x00" + mint(),
		"a vertical tab for the space": "Bearer\v" + mint(),
		"an ideographic space":         "Bearer\u3000" + mint(),
		"a zero-width space":           "Bearer \u200b" + mint(),
		"a percent-encoded space":      "Bearer%20" + mint(),
		"an equals sign":               "Bearer=" + mint(),
		"a semicolon after":            bearerOf() + ";",
		"a cookie's attributes after":  bearerOf() + "; path=/",
		"CRLF after":                   bearerOf() + "\r\n",
		"a realm before":               `Bearer realm="x" ` + mint(),
		"another credential before":    "Basic Zm9v, Bearer " + mint(),
		"a JSON string":                `"` + bearerOf() + `"`,
		"markup":                       "<script>alert(1)</script>",
	})
}

func TestBearerTokenThatIsNoJWSIsRefused(t *testing.T) {
	// RFC 6750 section 2.1 allows padding after a token, RFC 7515 section 2 does not.
	bed := newBed(t, tokentest.EveryKey())
	bed.expect(t, "refuse", "malformed_token", map[string]string{
		"padded by one": bearerOf() + "=",
		"padded by two": bearerOf() + "==",
		"10 KB of dots": "Bearer " + strings.Repeat(".", 10_240),
		"a letter":      "Bearer x",
	})
	bed.expect(t, "refuse", "bad_header", map[string]string{"a letter before it": "Bearer x" + mint()})
}
