package e2e

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"accountapi/test/issuer"
)

func TestMalformedAuthorizationValuesAreRefused(t *testing.T) {
	skipIfDeployed(t, needsBinary)
	i := startIssuer(t)
	a := startAuthorizer(t, i)
	good := i.Token()
	values := map[string]string{
		"a space before the scheme":    " Bearer " + good,
		"a BOM before the scheme":      "\ufeffBearer " + good,
		"full-width letters":           "Ｂearer " + good,
		"NUL for the space":            "Bearer\x00" + good,
		"a vertical tab for the space": "Bearer\v" + good,
		"an ideographic space":         "Bearer\u3000" + good,
		"a zero-width space":           "Bearer \u200b" + good,
		"a percent-encoded space":      "Bearer%20" + good,
		"an equals sign":               "Bearer=" + good,
		"one padding character after":  "Bearer " + good + "=",
		"two padding characters after": "Bearer " + good + "==",
		"a semicolon after":            "Bearer " + good + ";",
		"a cookie's attributes after":  "Bearer " + good + "; path=/",
		"CRLF after":                   "Bearer " + good + "\r\n",
		"a realm before":               `Bearer realm="x" ` + good,
		"another credential before":    "Basic Zm9v, Bearer " + good,
		"JSON":                         `"Bearer ` + good + `"`,
		"markup":                       "<script>alert(1)</script>",
		"5 MB of letters":              "Bearer " + strings.Repeat("a", 5<<20),
		"5 MB of spaces":               "Bearer " + strings.Repeat(" ", 5<<20),
		"3 MB of dots":                 "Bearer " + strings.Repeat(".", 3<<20),
		"8 KB of dots":                 "Bearer " + strings.Repeat(".", 8192),
	}
	for name, value := range values {
		t.Run(name, func(t *testing.T) { a.expect(t, value, refuse) })
	}
	for name, value := range map[string]string{
		"as it should be":           "Bearer " + good,
		"after ten thousand spaces": "Bearer" + strings.Repeat(" ", 10_000) + good,
	} {
		t.Run(name, func(t *testing.T) { a.expect(t, value, allow) })
		values[name] = value
	}
	for _, value := range values {
		a.expectSecretsKept(t, value)
	}
}

func TestTokensAreReadStrictly(t *testing.T) {
	skipIfDeployed(t, needsBinary)
	i := startIssuer(t)
	a := startAuthorizer(t, i)
	header := `{"alg":"RS256","kid":"` + i.KeyID() + `","typ":"JWT"}`
	now := time.Now().Unix()
	claims := func(exp string) string {
		return fmt.Sprintf(`{"iss":%q,"aud":%q,"sub":"x","iat":%d,"exp":%s}`, i.URL(), i.Audience(), now, exp)
	}
	soon := fmt.Sprint(now + 3600)
	signed := func(header, payload string) string { return i.Sign([]byte(header), []byte(payload)) }
	withHeader := func(members string) string {
		return signed(strings.TrimSuffix(header, "}")+","+members+"}", claims(soon))
	}
	unclosed := strings.TrimSuffix(claims(soon), "}")
	withClaim := func(members string) string {
		return signed(header, unclosed+","+members+"}")
	}
	withExp := func(exp string) string { return signed(header, claims(exp)) }
	withTyp := func(typ string) string {
		return signed(`{"alg":"RS256","kid":"`+i.KeyID()+`","typ":"`+typ+`"}`, claims(soon))
	}
	escaped := `{"\u0061lg":"RS\u003256","k\u0069d":"` + i.KeyID() + `"}`
	nestedIss := strings.Replace(claims(soon), `"iss":`, `"x":{"iss":`, 1) + "}"
	withKid := func(kid string) string { return signed(`{"alg":"RS256","kid":`+kid+`}`, claims(soon)) }
	deep := func(levels int) string { return strings.Repeat("[", levels) + strings.Repeat("]", levels) }
	many := func(members int) string {
		var list strings.Builder
		for n := range members {
			fmt.Fprintf(&list, `,"m%d":1`, n)
		}
		return list.String()[1:]
	}
	utf16 := func(text string) string { return strings.Join(strings.Split(text, ""), "\x00") + "\x00" }

	for want, tokens := range map[string]map[string]string{
		allow: {
			"header names in escapes":          signed(escaped, claims(soon)),
			"names that differ in case":        withHeader(`"ALG":"none","Crit":["x"],"B64":false`),
			"certificates that are none":       withHeader(`"x5c":["!"],"x5t":"!","x5t#S256":1`),
			"typ application/jwt":              withTyp("Application/JWT"),
			"exp with an exponent":             withExp("2E9"),
			"exp with a negative exponent":     withExp("20000000000000e-4"),
			"exp with leading zeros in that":   withExp("2e00000000000009"),
			"exp with 3000 digits":             withExp(soon + "." + strings.Repeat("9", 3000)),
			"the name of exp in escapes":       signed(header, strings.Replace(claims(soon), `"exp"`, `"\u0065xp"`, 1)),
			"EXP beside exp":                   withClaim(`"EXP":1`),
			"15 arrays in the claims":          withClaim(`"x":` + deep(15)),
			"190 claims":                       withClaim(many(190)),
			"blanks around the claims":         signed(header, " \r\n\t"+claims(soon)+" \r\n\t"),
			"characters that JSON lets be raw": withClaim("\"x\":\"\x7f\u2028\uffff\ufffd\""),
			"301 audiences":                    i.Token(issuer.Audience(append(make([]string, 300), i.Audience())...)),
		},
		refuse: {
			"kid twice, once in escapes":          withHeader(`"k\u0069d":"` + i.KeyID() + `"`),
			"a repeated name below the header":    withHeader(`"x":{"a":1,"a":1}`),
			"crit in escapes":                     withHeader(`"\u0063rit":["exp"],"exp":1`),
			"b64 in escapes":                      withHeader(`"b\u00364":true`),
			"crit null":                           withHeader(`"crit":null`),
			"enc null":                            withHeader(`"enc":null`),
			"alg none in escapes":                 signed(`{"alg":"no\u006ee","kid":"`+i.KeyID()+`"}`, claims(soon)),
			"typ with a parameter":                withTyp("JWT; charset=utf-8"),
			"typ with a space":                    withTyp(" JWT"),
			"typ application/ twice":              withTyp("application/application/jwt"),
			"kid a member of every object":        withKid(`"__proto__"`),
			"kid a place in a list":               withKid(`"0"`),
			"kid SQL":                             withKid(`"' OR 1=1--"`),
			"kid an emoji":                        withKid(`"😀"`),
			"exp too small for a float":           withExp("1e-999999999"),
			"exp too large for a float":           withExp("1e999999999"),
			"exp past the year 9999 by a bit":     withExp("253402300799.5"),
			"exp in an array":                     withExp("[" + soon + "]"),
			"exp with a plus":                     withExp("+" + soon),
			"exp with underscores":                withExp("2_000_000_000"),
			"EXP instead of exp":                  signed(header, strings.Replace(claims(soon), `"exp"`, `"EXP"`, 1)),
			"exp twice, once in escapes":          withClaim(`"\u0065xp":` + soon),
			"iss one level down":                  signed(header, nestedIss),
			"17 arrays in the claims":             withClaim(`"x":` + deep(17)),
			"250 claims":                          withClaim(many(250)),
			"a form feed after the claims":        signed(header, claims(soon)+"\f"),
			"a no-break space after the claims":   signed(header, claims(soon)+"\u00a0"),
			"surrogates in UTF-8":                 withClaim("\"x\":\"\xed\xa0\x80\""),
			"a character past U+10FFFF":           withClaim("\"x\":\"\xf4\x90\x80\x80\""),
			"UTF-16":                              signed(header, utf16(claims(soon))),
			"\\U for \\u":                         withClaim(`"x":"\U0041"`),
			"\\x":                                 withClaim(`"x":"\x41"`),
			"an escape cut off":                   signed(header, claims(soon)[:10]+`\u12`),
			"a surrogate cut off":                 signed(header, unclosed+`,"x":"\ud83d\u`),
			"a backslash at the end":              signed(header, unclosed+`,"x":"\`),
			"True":                                withClaim(`"x":True`),
			"nul":                                 withClaim(`"x":nul`),
			"a minus alone":                       withClaim(`"x":-`),
			"a negative leading zero":             withClaim(`"x":-01`),
			"an exponent without digits":          withClaim(`"x":1e+`),
			"a comma before the first member":     signed(header, "{,"+claims(soon)[1:]),
			"two commas":                          withClaim(`,"x":1`),
			"two array elements without a comma":  withClaim(`"x":[1 2]`),
			"no colon":                            withClaim(`"x" 1`),
			"a name without quotes":               withClaim(`x:1`),
			"an audience in an audience's prefix": i.Token(issuer.Audience(i.Audience() + ",x")),
			"the audience beside null":            i.Token(issuer.Claim("aud", []any{nil, i.Audience()})),
			"a subject in an array":               i.Token(issuer.Claim("sub", []string{"x"})),
			"a scope one level down":              i.Token(issuer.Claim("scope", []any{[]string{"get:profile"}})),
			"a scope in an object":                i.Token(issuer.Claim("scope", map[string]bool{"get:profile": true})),
		},
	} {
		t.Run(want, func(t *testing.T) {
			for name, token := range tokens {
				t.Run(name, func(t *testing.T) {
					a.expect(t, "Bearer "+token, want)
					a.expectSecretsKept(t, token)
				})
			}
		})
	}
}

// jwk returns the issuer's key as a JWK, with these members set or, if nil, removed.
func jwk(t *testing.T, i *issuer.Server, others map[string]any) map[string]any {
	t.Helper()
	var set struct{ Keys []map[string]any }
	if err := json.Unmarshal(i.JWKS(), &set); err != nil {
		t.Fatal(err)
	}
	maps.Copy(set.Keys[0], others)
	maps.DeleteFunc(set.Keys[0], func(_ string, value any) bool { return value == nil })
	return set.Keys[0]
}

func TestKeySetsAreReadStrictly(t *testing.T) {
	skipIfDeployed(t, needsBinary)
	i := startIssuer(t)
	good, _ := json.Marshal(jwk(t, i, nil))
	with := func(others map[string]any) string {
		text, _ := json.Marshal(jwk(t, i, others))
		return string(text)
	}
	set := func(keys ...string) string { return `{"keys":[` + strings.Join(keys, ",") + `]}` }
	junk := func(n int) []string {
		return strings.Split(strings.TrimSuffix(strings.Repeat(`{"kty":"AKP","kid":"x","pub":"AA"};`, n), ";"), ";")
	}
	blank := func(size int) string { return set(string(good)) + strings.Repeat(" ", size-len(set(string(good)))) }
	n := jwk(t, i, nil)["n"].(string)
	modulus, err := base64.RawURLEncoding.DecodeString(n)
	if err != nil {
		t.Fatal(err)
	}
	zeroFirst := base64.RawURLEncoding.EncodeToString(append([]byte{0}, modulus...))
	stdAlphabet := base64.RawStdEncoding.EncodeToString(append([]byte{0xfb, 0xff}, modulus...))
	certificate := []string{strings.Repeat("A", 100_000)}
	symmetric := `{"kty":"oct","k":"AAAA","alg":"HS256","kid":"` + i.KeyID() + `"}`

	for want, documents := range map[string]map[string]string{
		allow: {
			"the name keys in escapes":            strings.Replace(set(string(good)), "keys", `k\u0065ys`, 1),
			"the name kty in escapes":             strings.Replace(set(string(good)), "kty", `k\u0074y`, 1),
			"63 unknown keys before":              set(append(junk(63), string(good))...),
			"a symmetric key with the same kid":   set(symmetric, string(good)),
			"members of another kind of key":      set(with(map[string]any{"crv": "P-256", "x": "AA", "y": "AA"})),
			"a zero byte before the modulus":      set(with(map[string]any{"n": zeroFirst})),
			"a certificate of 100 KB":             set(with(map[string]any{"x5c": certificate})),
			"256 KB":                              blank(256 << 10),
			"a number no float can hold, outside": `{"x":1e999,` + set(string(good))[1:],
			"a repeated name, outside":            `{"x":{"a":1,"a":2},` + set(string(good))[1:],
			"the key twice":                       set(string(good), string(good)),
		},
		notCheckable: {
			"64 unknown keys before":           set(append(junk(64), string(good))...),
			"a byte more than 256 KB":          blank(256<<10 + 1),
			"an array":                         `[` + string(good) + `]`,
			"keys a string":                    `{"keys":"[]"}`,
			"keys twice, once in escapes":      `{"k\u0065ys":[],` + set(string(good))[1:],
			"a BOM":                            "\ufeff" + set(string(good)),
			"a comment":                        "/**/" + set(string(good)),
			"a trailing comma":                 strings.Replace(set(string(good)), "]", ",]", 1),
			"a token":                          i.Sign([]byte(`{"alg":"RS256"}`), []byte(set(string(good)))),
			"an exponent that is a number":     set(with(map[string]any{"e": 65537})),
			"a modulus in the other alphabet":  set(with(map[string]any{"n": stdAlphabet})),
			"use an array":                     set(with(map[string]any{"use": []string{"sig"}})),
			"a private exponent that is empty": set(with(map[string]any{"d": ""})),
		},
	} {
		t.Run(want, func(t *testing.T) {
			for name, document := range documents {
				t.Run(name, func(t *testing.T) {
					i.PublishJWKS([]byte(document))
					a := startAuthorizer(t, i)
					a.expect(t, "Bearer "+i.Token(), want)
					a.expect(t, "Bearer garbage", refuse) // bad whatever the keys are
					a.expectSecretsKept(t)
				})
			}
		})
	}
}
