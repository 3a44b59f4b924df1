package jwt

import (
	"strings"
	"testing"
	"time"

	"accountapi/lambdas/internal/tokentest"
)

// utf16 is ASCII in UTF-16, little endian.
func utf16(text string) string { return strings.Join(strings.Split(text, ""), "\x00") + "\x00" }

func TestPayloadThatIsNoStrictJSONObjectIsRefused(t *testing.T) {
	open := strings.TrimSuffix(toJSON(goodClaims()), "}")
	bed := newBed(t, tokentest.EveryKey())
	bed.expect(t, ErrMalformedToken, rows{
		"an array":                           mint(rawPayload(`[]`)),
		"a string":                           mint(rawPayload(`"x"`)),
		"null":                               mint(rawPayload(`null`)),
		"no JSON":                            mint(rawPayload(`iss`)),
		"a token":                            mint(rawPayload(mint())),
		"a BOM before":                       mint(rawPayload("\ufeff" + toJSON(goodClaims()))),
		"garbage after":                      mint(rawPayload(toJSON(goodClaims()) + "x")),
		"an object after":                    mint(rawPayload(toJSON(goodClaims()) + "{}")),
		"NUL after":                          mint(rawPayload(toJSON(goodClaims()) + "\x00")),
		"exp twice":                          mint(rawClaims(`"exp":1800003601`)),
		"aud twice":                          mint(rawClaims(`"aud":"x"`)),
		"iss twice":                          mint(rawClaims(`"iss":"x"`)),
		"sub twice":                          mint(rawClaims(`"sub":"admin"`)),
		"sub by escape":                      mint(rawClaims(`"\u0073ub":"admin"`)),
		"twice, nested":                      mint(rawClaims(`"x":{"a":[{"b":1,"b":2}]}`)),
		"broken UTF-8":                       mint(rawClaims("\"x\":\"\xff\"")),
		"an overlong slash":                  mint(rawClaims("\"x\":\"\xc0\xaf\"")),
		"half a surrogate":                   mint(rawClaims(`"x":"\ud83d"`)),
		"the wrong half":                     mint(rawClaims(`"x":"\ude00\ud83d"`)),
		"a control":                          mint(rawClaims("\"x\":\"a\nb\"")),
		"a trailing comma":                   mint(rawClaims(`"x":[1,]`)),
		"a comment":                          mint(rawClaims(`/**/"x":1`)),
		"single quotes":                      mint(rawClaims(`'x':1`)),
		"exp in hex":                         mint(rawClaims(`"x":0x10`)),
		"a leading zero":                     mint(rawClaims(`"x":017`)),
		"NaN":                                mint(rawClaims(`"x":NaN`)),
		"Infinity":                           mint(rawClaims(`"x":Infinity`)),
		"a plus":                             mint(rawClaims(`"x":+1`)),
		"a bare point":                       mint(rawClaims(`"x":1.`)),
		"500 arrays deep":                    mint(rawClaims(`"x":` + deep(500))),
		"300 members":                        mint(rawClaims(numbered(300))),
		"cut off":                            mint(rawPayload(open)),
		"exp with a plus":                    mint(exp("+1800003600")),
		"exp with underscores":               mint(exp("1_800_003_600")),
		"exp twice, once in escapes":         mint(rawClaims(`"\u0065xp":1800003600`)),
		"16 arrays":                          mint(rawClaims(`"x":` + deep(16))),
		"250 claims":                         mint(rawClaims(numbered(250))),
		"a form feed after":                  mint(rawPayload(toJSON(goodClaims()) + "\f")),
		"a no-break space after":             mint(rawPayload(toJSON(goodClaims()) + "\u00a0")),
		"surrogates in UTF-8":                mint(rawClaims("\"x\":\"\xed\xa0\x80\"")),
		"a character past U+10FFFF":          mint(rawClaims("\"x\":\"\xf4\x90\x80\x80\"")),
		"UTF-16":                             mint(rawPayload(utf16(toJSON(goodClaims())))),
		"\\U for \\u":                        mint(rawClaims(`"x":"\U0041"`)),
		"\\x":                                mint(rawClaims(`"x":"\x41"`)),
		"an escape cut off":                  mint(rawPayload(toJSON(goodClaims())[:10] + `\u12`)),
		"a surrogate cut off":                mint(rawPayload(open + `,"x":"\ud83d\u`)),
		"a backslash at the end":             mint(rawPayload(open + `,"x":"\`)),
		"True":                               mint(rawClaims(`"x":True`)),
		"nul":                                mint(rawClaims(`"x":nul`)),
		"a minus alone":                      mint(rawClaims(`"x":-`)),
		"a negative leading zero":            mint(rawClaims(`"x":-01`)),
		"an exponent without digits":         mint(rawClaims(`"x":1e+`)),
		"a comma before the first member":    mint(rawPayload("{," + toJSON(goodClaims())[1:])),
		"two commas":                         mint(rawClaims(`,"x":1`)),
		"two array elements without a comma": mint(rawClaims(`"x":[1 2]`)),
		"no colon":                           mint(rawClaims(`"x" 1`)),
		"a name without quotes":              mint(rawClaims(`x:1`)),
	})
}

func TestTokenOfAnotherIssuerIsRefused(t *testing.T) {
	bed := newBed(t, tokentest.EveryKey())
	bed.expect(t, ErrIssuer, rows{
		"missing":        mint(claim("iss", absent)),
		"null":           mint(claim("iss", nil)),
		"a number":       mint(claim("iss", 1)),
		"empty":          mint(claim("iss", "")),
		"an array":       mint(claim("iss", []string{testIssuer})),
		"no slash":       mint(claim("iss", "https://tenant.example")),
		"two slashes":    mint(claim("iss", testIssuer+"/")),
		"capitals":       mint(claim("iss", "https://TENANT.example/")),
		"http":           mint(claim("iss", "http://tenant.example/")),
		"the port":       mint(claim("iss", "https://tenant.example:443/")),
		"a query":        mint(claim("iss", testIssuer+"?")),
		"percent":        mint(claim("iss", "https://tenant%2Eexample/")),
		"a space":        mint(claim("iss", testIssuer+" ")),
		"NUL":            mint(claim("iss", testIssuer+"\x00")),
		"a longer host":  mint(claim("iss", "https://tenant.example.evil/")),
		"user info":      mint(claim("iss", "https://tenant.example@evil/")),
		"a look-alike":   mint(claim("iss", "https://tenаnt.example/")), // a Cyrillic а
		"Iss":            mint(claim("iss", absent), claim("Iss", testIssuer)),
		"claims empty":   mint(rawPayload(`{}`)),
		"one level down": mint(edited(`"iss":`, `"x":{},"y":`)),
	})
	unset := newBed(t, tokentest.EveryKey(), func(c *Config) { c.Issuers[0].Name = "" })
	unset.expect(t, ErrIssuer, rows{"no issuer is trusted": mint(claim("iss", absent))})
}

func TestTokenForAnotherAudienceIsRefused(t *testing.T) {
	bed := newBed(t, tokentest.EveryKey())
	bed.expect(t, ErrAudience, rows{
		"missing":          mint(claim("aud", absent)),
		"null":             mint(claim("aud", nil)),
		"empty":            mint(claim("aud", "")),
		"wrong":            mint(claim("aud", "https://other.example")),
		"an empty array":   mint(claim("aud", []string{})),
		"a wrong array":    mint(claim("aud", []string{"a", "b"})),
		"a mixed array":    mint(claim("aud", []any{testAudience, 1})),
		"nested":           mint(claim("aud", []any{[]string{testAudience}})),
		"capitals":         mint(claim("aud", "HTTPS://api.example")),
		"a prefix":         mint(claim("aud", testAudience+"/v2")),
		"joined by space":  mint(claim("aud", testAudience+" https://other.example")),
		"an object":        mint(claim("aud", members{testAudience: true})),
		"an ID token's":    mint(claim("aud", "client")),
		"ours as a prefix": mint(claim("aud", testAudience+",x")),
		"ours beside null": mint(claim("aud", []any{nil, testAudience})),
	})
}

func TestExpiredTokenIsRefused(t *testing.T) {
	bed := newBed(t, tokentest.EveryKey())
	bed.expect(t, ErrExpired, rows{
		"an hour ago":           mint(claim("exp", in(-time.Hour))),
		"31 s ago":              mint(claim("exp", in(-31*time.Second))),
		"30 s ago":              mint(claim("exp", in(-30*time.Second))),
		"in 1970":               mint(claim("exp", 0)),
		"minus zero":            mint(exp("-0")),
		"too small for a float": mint(exp("1e-999999999")),
	})
}

func TestTokenFromTheFutureIsRefused(t *testing.T) {
	bed := newBed(t, tokentest.EveryKey())
	bed.expect(t, ErrNotYetValid, rows{
		"nbf in an hour": mint(claim("nbf", in(time.Hour))),
		"nbf in 2 min":   mint(claim("nbf", in(2*time.Minute))),
		"nbf in 31 s":    mint(claim("nbf", in(31*time.Second))),
		"iat in an hour": mint(claim("iat", in(time.Hour))),
		"iat alone":      mint(claim("nbf", in(-time.Hour)), claim("iat", in(time.Hour))),
	})
}

func TestClaimOfAWrongTypeIsRefused(t *testing.T) {
	bed := newBed(t, tokentest.EveryKey())
	bed.expect(t, ErrClaimType, rows{
		"exp missing":                     mint(claim("exp", absent)),
		"exp null":                        mint(claim("exp", nil)),
		"exp true":                        mint(claim("exp", true)),
		"exp an array":                    mint(claim("exp", []int{1900000000})),
		"exp an object":                   mint(claim("exp", members{})),
		"exp empty":                       mint(claim("exp", "")),
		"exp in quotes":                   mint(claim("exp", "1900000000")),
		"exp a date":                      mint(claim("exp", "2099-01-01T00:00:00Z")),
		"exp negative":                    mint(claim("exp", -1)),
		"exp -0.5":                        mint(claim("exp", -0.5)),
		"exp 1e18":                        mint(claim("exp", 1e18)),
		"exp in milliseconds":             mint(claim("exp", 1900000000000)),
		"exp beyond float64":              mint(exp("1e999")),
		"nbf null":                        mint(claim("nbf", nil)),
		"nbf negative":                    mint(claim("nbf", -1)),
		"nbf in quotes":                   mint(claim("nbf", "1")),
		"nbf 1e18":                        mint(claim("nbf", 1e18)),
		"nbf that wraps":                  mint(rawClaims(`"nbf":9223372036854774784`)),
		"iat null":                        mint(claim("iat", nil)),
		"iat in quotes":                   mint(claim("iat", "1")),
		"sub missing":                     mint(claim("sub", absent)),
		"sub null":                        mint(claim("sub", nil)),
		"sub a number":                    mint(claim("sub", 7)),
		"sub empty":                       mint(claim("sub", "")),
		"sub of 257 bytes":                mint(claim("sub", strings.Repeat("s", 257))),
		"Sub":                             mint(claim("sub", absent), claim("Sub", "x")),
		"scope a number":                  mint(claim("scope", 1)),
		"scope null":                      mint(claim("scope", nil)),
		"scope mixed":                     mint(claim("scope", []any{"read:items", 1})),
		"azp a number":                    mint(claim("azp", 1)),
		"jti a number":                    mint(claim("jti", 1)),
		"jti null":                        mint(claim("jti", nil)),
		"exp too large for a float":       mint(exp("1e999999999")),
		"exp past the year 9999":          mint(exp("253402300799.5")),
		"exp in an array":                 mint(exp("[1800003600]")),
		"EXP instead of exp":              mint(edited(`"exp"`, `"EXP"`)),
		"sub in an array":                 mint(claim("sub", []string{"x"})),
		"a scope in an array in an array": mint(claim("scope", []any{[]string{"read:items"}})),
		"a scope in an object":            mint(claim("scope", members{"read:items": true})),
	})
}

func TestTokenForAnotherPurposeIsRefused(t *testing.T) {
	bed := newBed(t, tokentest.EveryKey())
	bed.expect(t, ErrTokenKind, rows{
		"nonce":        mint(claim("nonce", "n")),
		"nonce null":   mint(claim("nonce", nil)),
		"at_hash":      mint(claim("at_hash", "h")),
		"c_hash":       mint(claim("c_hash", "h")),
		"s_hash":       mint(claim("s_hash", "h")),
		"events":       mint(claim("events", members{})),
		"token_use id": mint(claim("token_use", "id")),
	})
}

func TestTokenBoundToAKeyIsRefused(t *testing.T) {
	bed := newBed(t, tokentest.EveryKey())
	bed.expect(t, ErrBoundToken, rows{
		"DPoP":     mint(claim("cnf", members{"jkt": "x"})),
		"mTLS":     mint(claim("cnf", members{"x5t#S256": "x"})),
		"anything": mint(claim("cnf", nil)),
	})
}

func TestWithoutASkewTheClockCountsToTheMillisecond(t *testing.T) {
	bed := newBed(t, tokentest.EveryKey(), func(c *Config) {
		c.ClockSkew, c.Now = 0, func() time.Time { return time.Unix(1_800_000_000, 0) }
	})
	bed.expect(t, OK, rows{
		"exp in a second": mint(claim("exp", 1800000001)),
		"exp in 0.5 s":    mint(claim("exp", 1800000000.5)),
		"exp in 1 ms":     mint(exp("1800000000.001")),
		"nbf now":         mint(claim("nbf", 1800000000)),
		"nbf in 0.9 ms":   mint(rawClaims(`"nbf":1800000000.0009`)),
	})
	bed.expect(t, ErrExpired, rows{
		"exp now":          mint(claim("exp", 1800000000)),
		"exp in 0.9 ms":    mint(exp("1800000000.0009")),
		"exp 0.5 s before": mint(claim("exp", 1799999999.5)),
	})
	bed.expect(t, ErrNotYetValid, rows{
		"nbf in a second": mint(claim("nbf", 1800000001)),
		"nbf in 1 ms":     mint(rawClaims(`"nbf":1800000000.001`)),
		"iat in a second": mint(claim("iat", 1800000001)),
	})
}
