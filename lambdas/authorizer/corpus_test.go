package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"
)

// The profile as a table, run through the real handler: what is let in, and what is
// refused for which reason. Clauses are at the rules in the code.

// b64 encodes a part of a token by hand.
func b64(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

func bearerOf(edits ...edit) string { return "Bearer " + mint(edits...) }

func TestAGoodTokenIsLetIn(t *testing.T) {
	bed := newBed(t, everyKey(), everyAlgorithm)
	for name, authorization := range map[string]string{
		"RS256": bearerOf(), "ES256": bearerOf(by(p256())), "ES384": bearerOf(by(p384())), "ES512": bearerOf(by(p521())), "EdDSA": bearerOf(by(ed())),
		"PS256 under a key bound to it":        bearerOf(by(key1().as("ps256", "PS256"))),
		"RS384 under a key without alg":        bearerOf(by(key1().as("no-alg", "RS384"))),
		"RS512 under a key without alg":        bearerOf(by(key1().as("no-alg", "RS512"))),
		"PS384 under a key without alg":        bearerOf(by(key1().as("no-alg", "PS384"))),
		"PS512 under a key without alg":        bearerOf(by(key1().as("no-alg", "PS512"))),
		"typ at+jwt":                           bearerOf(headerMember("typ", "at+jwt")),
		"typ application/at+jwt":               bearerOf(headerMember("typ", "application/at+jwt")),
		"typ in capitals":                      bearerOf(headerMember("typ", "AT+JWT")),
		"no typ":                               bearerOf(headerMember("typ", absent)),
		"an unknown header member":             bearerOf(headerMember("x-vendor", members{"a": 1})),
		"blanks in the header's JSON":          bearerOf(rawHeader(" {\n\t\"alg\" : \"RS256\" ,\r\"kid\":\"key-1\"} ")),
		"a header that brings its own key":     bearerOf(headerMember("jwk", stranger().jwk()), headerMember("jku", "http://127.0.0.1:1/"), headerMember("x5u", "http://127.0.0.1:1/")),
		"our audience among others":            bearerOf(claim("aud", []string{"https://other.example", testAudience})),
		"a fraction in exp":                    bearerOf(rawClaims(`"nbf":1.5`)),
		"an exponent in exp":                   bearerOf(func(d *draft) { d.rawPayload = strings.Replace(toJSON(d.claims), `"exp":1800003600`, `"exp":1.9e9`, 1) }),
		"not valid before 20 s from now":       bearerOf(claim("nbf", in(20*time.Second))),
		"issued 20 s from now":                 bearerOf(claim("iat", in(20*time.Second))),
		"expired 20 s ago":                     bearerOf(claim("exp", in(-20*time.Second))),
		"claims named like JWS and JWKS":       bearerOf(claim("payload", "x"), claim("signatures", []int{1}), claim("keys", []int{}), claim("kty", "RSA"), claim("ciphertext", "x")),
		"claims with other scripts":            bearerOf(claim("name", "Daniël 丁 😀")),
		"an escaped pair of surrogates":        bearerOf(rawClaims(`"x":"\ud83d\ude00"`)),
		"claims named __proto__ and nothing":   bearerOf(claim("__proto__", members{"admin": true}), claim("", 1)),
		"the highest exp":                      bearerOf(claim("exp", 253402300799)),
		"the longest subject":                  bearerOf(claim("sub", strings.Repeat("s", 256))),
		"a subject with quotes and controls":   bearerOf(claim("sub", "a\"b\u0001c")),
		"scheme in lower case":                 "bearer " + mint(),
		"scheme in capitals":                   "BEARER " + mint(),
		"two spaces after the scheme":          "Bearer  " + mint(),
		"a scope in an array":                  bearerOf(claim("scope", []string{"get:profile"})),
		"no scope: that is up to the handlers": bearerOf(claim("scope", absent)),
		"ECDSA with s replaced by n-s": bearerOf(by(p256()), signature(func(s []byte) []byte {
			n := p256().private.Public().(*ecdsa.PublicKey).Params().N
			high := new(big.Int).Sub(n, new(big.Int).SetBytes(s[32:]))
			return append(bytes.Clone(s[:32]), high.FillBytes(make([]byte, 32))...)
		})),
	} {
		t.Run(name, func(t *testing.T) {
			if decision, why := bed.call(t, authorization); decision != "allow" || why != "ok" {
				t.Errorf("got %s (%s), want allow", decision, why)
			}
		})
	}
}

func TestABadTokenIsRefused(t *testing.T) {
	bed := newBed(t, everyKey(), everyAlgorithm)
	public := key1().private.Public().(*rsa.PublicKey)
	pkix, _ := x509.MarshalPKIXPublicKey(public)
	pkcs1 := x509.MarshalPKCS1PublicKey(public)
	inPEM := func(kind string, der []byte) []byte {
		return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
	}
	pss := func(salt int) edit {
		return func(d *draft) {
			d.key = key1().as("ps256", "PS256")
			d.signature = func(signed string, _ []byte) []byte {
				digest := sha256.Sum256([]byte(signed))
				s, err := rsa.SignPSS(rand.Reader, key1().private.(*rsa.PrivateKey), 5, digest[:], &rsa.PSSOptions{SaltLength: salt})
				if err != nil {
					panic(err)
				}
				return s
			}
		}
	}
	constant := func(s []byte) edit { return signature(func([]byte) []byte { return s }) }
	parts := strings.Split(mint(), ".")
	jsonJWS := func(more string) string {
		return "Bearer " + `{"payload":"` + parts[1] + `","protected":"` + parts[0] + `","signature":"` + parts[2] + `"` + more + `}`
	}
	suffix := func(s string) func(string) string { return func(p string) string { return p + s } }
	// at puts something into the middle of a part.
	at := func(s string) func(string) string { return func(p string) string { return p[:8] + s + p[8:] } }
	curve := p256().private.Public().(*ecdsa.PublicKey).Params()

	type table map[string]string
	for why, rows := range map[reason]table{
		errMissingToken: {
			"an empty value": "", "the scheme only": "Bearer", "scheme and a space": "Bearer ", "scheme and spaces": "Bearer   ",
		},
		errMalformedHeader: {
			"no scheme":             mint(),
			"Basic":                 "Basic dXNlcjpwYXNz",
			"DPoP":                  "DPoP " + mint(),
			"scheme Token":          "Token " + mint(),
			"a longer scheme":       "BearerX " + mint(),
			"a colon after":         "Bearer: " + mint(),
			"another script":        "Bеarer " + mint(), // a Cyrillic е
			"no space":              "Bearer" + mint(),
			"a tab":                 "Bearer\t" + mint(),
			"a no-break space":      "Bearer\u00a0" + mint(),
			"the scheme twice":      "Bearer Bearer " + mint(),
			"two tokens, comma":     "Bearer " + mint() + "," + mint(),
			"two tokens, space":     "Bearer " + mint() + " " + mint(),
			"two credentials":       "Bearer " + mint() + ", Basic dXNlcg==",
			"auth-params":           `Bearer token="` + mint() + `"`,
			"quotes":                `Bearer "` + mint() + `"`,
			"a line break before":   "Bearer \n" + mint(),
			"a line break after":    bearerOf() + "\n",
			"a space after":         bearerOf() + " ",
			"a line break inside":   bearerOf(part(1, at("\n"))),
			"CRLF inside":           bearerOf(part(0, at("\r\n"))),
			"a space inside":        bearerOf(part(1, at(" "))),
			"a tab inside":          bearerOf(part(1, at("\t"))),
			"NUL inside":            bearerOf(part(1, at("\x00"))),
			"a percent-encoded dot": "Bearer " + strings.Replace(mint(), ".", "%2E", 1),
			"a full-width dot":      "Bearer " + strings.Replace(mint(), ".", "．", 1),
			"JSON, flattened":       jsonJWS(``),
			"JSON, smuggled claims": jsonJWS(`,"sub":"admin"`),
			"JSON, unprotected alg": jsonJWS(`,"header":{"alg":"RS256"}`),
			"JSON, general":         `Bearer {"payload":"` + parts[1] + `","signatures":[{"protected":"` + parts[0] + `","signature":"` + parts[2] + `"}]}`,
			"bare claims":           "Bearer " + toJSON(goodClaims()),
			"padding in the middle": bearerOf(part(1, suffix("=="))),
			"nothing but padding":   "Bearer ==",
			"broken UTF-8":          "Bearer \xff\xfe",
		},
		errOversize: {
			"9 KiB":                bearerOf(claim("pad", strings.Repeat("x", 7000))),
			"1 MiB":                bearerOf(claim("pad", strings.Repeat("x", 1<<20))),
			"a header of 2 KiB":    bearerOf(headerMember("pad", strings.Repeat("x", 2000))),
			"a signature of 4 KiB": bearerOf(constant(make([]byte, 4096))),
		},
		errMalformedToken: {
			"one part": "Bearer abc", "two parts": "Bearer " + parts[0] + "." + parts[1], "four parts": "Bearer " + mint() + ".x",
			"a dot before": "Bearer ." + mint(), "a dot after": "Bearer " + mint() + ".", "two dots": "Bearer ..", "three dots": "Bearer ...",
			"null": "Bearer null", "undefined": "Bearer undefined",
			"an empty header":           "Bearer ." + parts[1] + "." + parts[2],
			"an empty payload":          "Bearer " + parts[0] + ".." + parts[2],
			"an empty signature":        "Bearer " + parts[0] + "." + parts[1] + ".",
			"alg none, no signature":    "Bearer " + b64(`{"alg":"none","kid":"key-1"}`) + "." + parts[1] + ".",
			"the signature padded":      bearerOf(part(2, suffix("=="))),
			"the standard alphabet":     bearerOf(part(2, func(string) string { return "+/+/" })),
			"the payload in that":       bearerOf(part(1, at("+"))),
			"a tilde, as in SD-JWT":     bearerOf(part(2, suffix("~"))),
			"a stray bit at the end":    bearerOf(part(2, func(p string) string { return p[:len(p)-1] + string(p[len(p)-1]+1) })),
			"a part of one character":   "Bearer a.b.c",
			"an encrypted token":        "Bearer " + parts[0] + ".a.b.c." + parts[2],
			"claims: an array":          bearerOf(rawPayload(`[]`)),
			"claims: a string":          bearerOf(rawPayload(`"x"`)),
			"claims: null":              bearerOf(rawPayload(`null`)),
			"claims: no JSON":           bearerOf(rawPayload(`iss`)),
			"claims: a token":           bearerOf(rawPayload(mint())),
			"claims: a BOM before":      bearerOf(rawPayload("\ufeff" + toJSON(goodClaims()))),
			"claims: garbage after":     bearerOf(rawPayload(toJSON(goodClaims()) + "x")),
			"claims: an object after":   bearerOf(rawPayload(toJSON(goodClaims()) + "{}")),
			"claims: NUL after":         bearerOf(rawPayload(toJSON(goodClaims()) + "\x00")),
			"claims: exp twice":         bearerOf(rawClaims(`"exp":1800003601`)),
			"claims: aud twice":         bearerOf(rawClaims(`"aud":"x"`)),
			"claims: iss twice":         bearerOf(rawClaims(`"iss":"x"`)),
			"claims: sub twice":         bearerOf(rawClaims(`"sub":"admin"`)),
			"claims: sub by escape":     bearerOf(rawClaims(`"\u0073ub":"admin"`)),
			"claims: twice, nested":     bearerOf(rawClaims(`"x":{"a":[{"b":1,"b":2}]}`)),
			"claims: broken UTF-8":      bearerOf(rawClaims("\"x\":\"\xff\"")),
			"claims: an overlong slash": bearerOf(rawClaims("\"x\":\"\xc0\xaf\"")),
			"claims: half a surrogate":  bearerOf(rawClaims(`"x":"\ud83d"`)),
			"claims: the wrong half":    bearerOf(rawClaims(`"x":"\ude00\ud83d"`)),
			"claims: a control":         bearerOf(rawClaims("\"x\":\"a\nb\"")),
			"claims: a trailing comma":  bearerOf(rawClaims(`"x":[1,]`)),
			"claims: a comment":         bearerOf(rawClaims(`/**/"x":1`)),
			"claims: single quotes":     bearerOf(rawClaims(`'x':1`)),
			"claims: exp in hex":        bearerOf(rawClaims(`"x":0x10`)),
			"claims: a leading zero":    bearerOf(rawClaims(`"x":017`)),
			"claims: NaN":               bearerOf(rawClaims(`"x":NaN`)),
			"claims: Infinity":          bearerOf(rawClaims(`"x":Infinity`)),
			"claims: a plus":            bearerOf(rawClaims(`"x":+1`)),
			"claims: a bare point":      bearerOf(rawClaims(`"x":1.`)),
			"claims: 500 arrays deep":   bearerOf(rawClaims(`"x":` + strings.Repeat("[", 500) + strings.Repeat("]", 500))),
			"claims: 300 members":       bearerOf(rawClaims(numbered(300))),
			"claims: cut off":           bearerOf(rawPayload(strings.TrimSuffix(toJSON(goodClaims()), "}"))),
		},
		errBadHeader: {
			"no alg": bearerOf(headerMember("alg", absent)), "alg null": bearerOf(headerMember("alg", nil)),
			"alg a number": bearerOf(headerMember("alg", 256)), "alg an array": bearerOf(headerMember("alg", []string{"RS256"})),
			"ALG":                 bearerOf(rawHeader(`{"ALG":"RS256","kid":"key-1"}`)),
			"alg twice":           bearerOf(rawHeader(`{"alg":"RS256","kid":"key-1","alg":"none"}`)),
			"crit unknown":        bearerOf(headerMember("crit", []string{"x"}), headerMember("x", 1)),
			"crit names nothing":  bearerOf(headerMember("crit", []string{"x"})),
			"crit empty":          bearerOf(headerMember("crit", []string{})),
			"crit lists alg":      bearerOf(headerMember("crit", []string{"alg"})),
			"crit a string":       bearerOf(headerMember("crit", "b64")),
			"b64 false":           bearerOf(headerMember("b64", false)),
			"b64 false, crit":     bearerOf(headerMember("b64", false), headerMember("crit", []string{"b64"})),
			"b64 true":            bearerOf(headerMember("b64", true)),
			"cty JWT":             bearerOf(headerMember("cty", "JWT")),
			"zip":                 bearerOf(headerMember("zip", "DEF")),
			"enc":                 bearerOf(headerMember("enc", "A128GCM")),
			"typ a number":        bearerOf(headerMember("typ", 1)),
			"typ null":            bearerOf(headerMember("typ", nil)),
			"header an array":     bearerOf(rawHeader(`["alg"]`)),
			"header a string":     bearerOf(rawHeader(`"RS256"`)),
			"header null":         bearerOf(rawHeader(`null`)),
			"header empty":        bearerOf(rawHeader(`{}`)),
			"header broken UTF-8": bearerOf(rawHeader("{\"alg\":\"RS256\",\"kid\":\"key-1\",\"x\":\"\xff\"}")),
			"header deep":         bearerOf(rawHeader(`{"alg":"RS256","kid":"key-1","x":` + strings.Repeat("[", 400) + strings.Repeat("]", 400) + `}`)),
			"header and more":     bearerOf(rawHeader(`{"alg":"RS256","kid":"key-1"}{}`)),
			"kid a number":        bearerOf(headerMember("kid", 1)), "kid an array": bearerOf(headerMember("kid", []string{"key-1"})),
			"kid too long": bearerOf(headerMember("kid", strings.Repeat("k", 300))),
		},
		errAlgNotAllowed: {
			"none, signed": bearerOf(headerMember("alg", "none")), "None": bearerOf(headerMember("alg", "None")), "NONE": bearerOf(headerMember("alg", "NONE")),
			"empty": bearerOf(headerMember("alg", "")), "lower case": bearerOf(headerMember("alg", "rs256")), "a space after": bearerOf(headerMember("alg", "RS256 ")),
			"NUL after": bearerOf(headerMember("alg", "RS256\x00")), "made up": bearerOf(headerMember("alg", "RS257")), "ES256K": bearerOf(headerMember("alg", "ES256K")),
			"HS256 on an RSA signature":   bearerOf(headerMember("alg", "HS256")),
			"HS256 keyed by PKIX in PEM":  bearerOf(hs256(inPEM("PUBLIC KEY", pkix))),
			"HS256 keyed by PKCS1 in PEM": bearerOf(hs256(inPEM("RSA PUBLIC KEY", pkcs1))),
			"HS256 keyed by PKIX":         bearerOf(hs256(pkix)),
			"HS256 keyed by the modulus":  bearerOf(hs256(public.N.Bytes())),
			"HS256 keyed by the JWK":      bearerOf(hs256([]byte(toJSON(key1().jwk())))),
			"HS256 keyed by nothing":      bearerOf(hs256(nil)),
		},
		errKidMissing: {"no kid": bearerOf(headerMember("kid", absent)), "kid empty": bearerOf(headerMember("kid", ""))},
		errKidUnknown: {
			"made up": bearerOf(headerMember("kid", "key-9")), "other case": bearerOf(headerMember("kid", "KEY-1")),
			"a space after": bearerOf(headerMember("kid", "key-1 ")), "NUL after": bearerOf(headerMember("kid", "key-1\x00")),
			"a path": bearerOf(headerMember("kid", "../../dev/null")),
		},
		errKeyAlgMismatch: {
			"PS256 label on RS256":             bearerOf(headerMember("alg", "PS256")),
			"ES256 label on an RSA key":        bearerOf(headerMember("alg", "ES256")),
			"PS256 under a key bound to RS256": bearerOf(by(key1().as("key-1", "PS256"))),
			"RS256 under a key bound to PS256": bearerOf(by(key1().as("ps256", "RS256"))),
			"RS512 under a key bound to RS256": bearerOf(by(key1().as("key-1", "RS512"))),
			"RS256 label on an EC key":         bearerOf(by(p256()), headerMember("alg", "RS256"), signedAs("ES256")),
			"ES256 with a P-384 key":           bearerOf(by(p384()), headerMember("alg", "ES256"), signedAs("ES256")),
			"EdDSA label on an RSA key":        bearerOf(headerMember("alg", "EdDSA")),
		},
		errBadSignature: {
			"another key under the kid": bearerOf(by(stranger())),
			"the header's own key":      bearerOf(by(stranger()), headerMember("jwk", stranger().jwk())),
			"the kid swapped":           bearerOf(by(key2().as("key-1", "RS256"))),
			"of another token":          "Bearer " + parts[0] + "." + strings.Split(mint(claim("sub", "admin")), ".")[1] + "." + parts[2],
			"one bit":                   bearerOf(signature(func(s []byte) []byte { s[100] ^= 1; return s })),
			"a byte less":               bearerOf(signature(func(s []byte) []byte { return s[:len(s)-1] })),
			"a byte more":               bearerOf(signature(func(s []byte) []byte { return append(s, 0) })),
			"a zero before":             bearerOf(signature(func(s []byte) []byte { return append([]byte{0}, s...) })),
			"all zero":                  bearerOf(constant(make([]byte, 256))),
			"all ones":                  bearerOf(constant(bytes.Repeat([]byte{255}, 256))),
			"s plus the modulus":        bearerOf(signature(func(s []byte) []byte { return new(big.Int).Add(new(big.Int).SetBytes(s), public.N).Bytes() })),
			"PSS with a salt of 1":      bearerOf(pss(1)),
			"PSS with a salt of 20":     bearerOf(pss(20)),
			"PSS with the longest salt": bearerOf(pss(rsa.PSSSaltLengthAuto)),
			"ECDSA r = s = 0":           bearerOf(by(p256()), constant(make([]byte, 64))),
			"ECDSA r = s = 1":           bearerOf(by(p256()), constant(append(append(make([]byte, 31), 1), append(make([]byte, 31), 1)...))),
			"ECDSA r = s = n":           bearerOf(by(p256()), constant(append(curve.N.Bytes(), curve.N.Bytes()...))),
			"ECDSA in DER":              bearerOf(by(p256()), signature(der)),
			"ECDSA of 63 bytes":         bearerOf(by(p256()), signature(func(s []byte) []byte { return s[1:] })),
			"ECDSA of 65 bytes":         bearerOf(by(p256()), signature(func(s []byte) []byte { return append(s, 0) })),
			"ECDSA padded to 66 bytes":  bearerOf(by(p256()), signature(func(s []byte) []byte { return append(append([]byte{0}, s[:32]...), append([]byte{0}, s[32:]...)...) })),
			"Ed25519 of 63 bytes":       bearerOf(by(ed()), signature(func(s []byte) []byte { return s[:63] })),
			"Ed25519 with S + L":        bearerOf(by(ed()), signature(plusL)),
			"a detached payload put back": bearerOf(finished(func(token string) string {
				p := strings.Split(token, ".")
				return p[0] + "." + b64(toJSON(members{"iss": testIssuer})) + "." + p[2]
			})),
		},
		errIssuer: {
			"missing": bearerOf(claim("iss", absent)), "null": bearerOf(claim("iss", nil)), "a number": bearerOf(claim("iss", 1)), "empty": bearerOf(claim("iss", "")),
			"an array":      bearerOf(claim("iss", []string{testIssuer})),
			"no slash":      bearerOf(claim("iss", "https://tenant.example")),
			"two slashes":   bearerOf(claim("iss", testIssuer+"/")),
			"capitals":      bearerOf(claim("iss", "https://TENANT.example/")),
			"http":          bearerOf(claim("iss", "http://tenant.example/")),
			"the port":      bearerOf(claim("iss", "https://tenant.example:443/")),
			"a query":       bearerOf(claim("iss", testIssuer+"?")),
			"percent":       bearerOf(claim("iss", "https://tenant%2Eexample/")),
			"a space":       bearerOf(claim("iss", testIssuer+" ")),
			"NUL":           bearerOf(claim("iss", testIssuer+"\x00")),
			"a longer host": bearerOf(claim("iss", "https://tenant.example.evil/")),
			"user info":     bearerOf(claim("iss", "https://tenant.example@evil/")),
			"a look-alike":  bearerOf(claim("iss", "https://tenаnt.example/")), // a Cyrillic а
			"Iss":           bearerOf(claim("iss", absent), claim("Iss", testIssuer)),
			"claims empty":  bearerOf(rawPayload(`{}`)),
		},
		errAudience: {
			"missing": bearerOf(claim("aud", absent)), "null": bearerOf(claim("aud", nil)), "empty": bearerOf(claim("aud", "")), "wrong": bearerOf(claim("aud", "https://other.example")),
			"an empty array":  bearerOf(claim("aud", []string{})),
			"a wrong array":   bearerOf(claim("aud", []string{"a", "b"})),
			"a mixed array":   bearerOf(claim("aud", []any{testAudience, 1})),
			"nested":          bearerOf(claim("aud", []any{[]string{testAudience}})),
			"capitals":        bearerOf(claim("aud", "HTTPS://api.example")),
			"a prefix":        bearerOf(claim("aud", testAudience+"/v2")),
			"joined by space": bearerOf(claim("aud", testAudience+" https://other.example")),
			"an object":       bearerOf(claim("aud", members{testAudience: true})),
			"an ID token's":   bearerOf(claim("aud", "client")),
		},
		errExpired: {
			"an hour ago": bearerOf(claim("exp", in(-time.Hour))), "31 s ago": bearerOf(claim("exp", in(-31*time.Second))), "30 s ago": bearerOf(claim("exp", in(-30*time.Second))),
			"in 1970": bearerOf(claim("exp", 0)), "minus zero": bearerOf(rawPayload(strings.Replace(toJSON(goodClaims()), `"exp":1800003600`, `"exp":-0`, 1))),
		},
		errNotYetValid: {
			"nbf in an hour": bearerOf(claim("nbf", in(time.Hour))), "nbf in 2 min": bearerOf(claim("nbf", in(2*time.Minute))), "nbf in 31 s": bearerOf(claim("nbf", in(31*time.Second))),
			"iat in an hour": bearerOf(claim("iat", in(time.Hour))),
		},
		errClaimType: {
			"exp missing": bearerOf(claim("exp", absent)), "exp null": bearerOf(claim("exp", nil)), "exp true": bearerOf(claim("exp", true)), "exp an array": bearerOf(claim("exp", []int{1900000000})),
			"exp an object": bearerOf(claim("exp", members{})), "exp empty": bearerOf(claim("exp", "")), "exp in quotes": bearerOf(claim("exp", "1900000000")),
			"exp a date": bearerOf(claim("exp", "2099-01-01T00:00:00Z")), "exp negative": bearerOf(claim("exp", -1)), "exp -0.5": bearerOf(claim("exp", -0.5)),
			"exp 1e18": bearerOf(claim("exp", 1e18)), "exp in milliseconds": bearerOf(claim("exp", 1900000000000)), "exp beyond float64": bearerOf(rawPayload(strings.Replace(toJSON(goodClaims()), `"exp":1800003600`, `"exp":1e999`, 1))),
			"nbf null": bearerOf(claim("nbf", nil)), "nbf negative": bearerOf(claim("nbf", -1)), "nbf in quotes": bearerOf(claim("nbf", "1")), "nbf 1e18": bearerOf(claim("nbf", 1e18)),
			"nbf that wraps": bearerOf(rawClaims(`"nbf":9223372036854774784`)), "iat null": bearerOf(claim("iat", nil)), "iat in quotes": bearerOf(claim("iat", "1")),
			"sub missing": bearerOf(claim("sub", absent)), "sub null": bearerOf(claim("sub", nil)), "sub a number": bearerOf(claim("sub", 7)), "sub empty": bearerOf(claim("sub", "")),
			"sub of 300": bearerOf(claim("sub", strings.Repeat("s", 300))), "Sub": bearerOf(claim("sub", absent), claim("Sub", "x")),
			"scope a number": bearerOf(claim("scope", 1)), "scope null": bearerOf(claim("scope", nil)), "scope mixed": bearerOf(claim("scope", []any{"get:profile", 1})),
			"azp a number": bearerOf(claim("azp", 1)), "jti a number": bearerOf(claim("jti", 1)), "jti null": bearerOf(claim("jti", nil)),
			"a space in an array of scopes": bearerOf(claim("scope", []string{"x get:profile"})),
		},
		errTokenKind: {
			"typ JOSE+JSON": bearerOf(headerMember("typ", "JOSE+JSON")), "typ dpop+jwt": bearerOf(headerMember("typ", "dpop+jwt")), "typ logout+jwt": bearerOf(headerMember("typ", "logout+jwt")),
			"typ secevent+jwt": bearerOf(headerMember("typ", "secevent+jwt")), "typ empty": bearerOf(headerMember("typ", "")), "typ application/": bearerOf(headerMember("typ", "application/")),
			"typ text/jwt": bearerOf(headerMember("typ", "text/jwt")), "typ token-introspection+jwt": bearerOf(headerMember("typ", "token-introspection+jwt")),
			"nonce": bearerOf(claim("nonce", "n")), "at_hash": bearerOf(claim("at_hash", "h")), "c_hash": bearerOf(claim("c_hash", "h")), "s_hash": bearerOf(claim("s_hash", "h")), "events": bearerOf(claim("events", members{})), "token_use id": bearerOf(claim("token_use", "id")),
		},
		errBoundToken: {
			"DPoP": bearerOf(claim("cnf", members{"jkt": "x"})), "mTLS": bearerOf(claim("cnf", members{"x5t#S256": "x"})), "anything": bearerOf(claim("cnf", nil)),
		},
	} {
		t.Run(string(why), func(t *testing.T) {
			for name, authorization := range rows {
				t.Run(name, func(t *testing.T) {
					if decision, got := bed.call(t, authorization); decision != "refuse" || got != string(why) {
						t.Errorf("got %s (%s), want refuse (%s)", decision, got, why)
					}
				})
			}
		})
	}
}

func TestAnAlgorithmThatIsNotOnTheListIsRefused(t *testing.T) {
	bed := newBed(t, everyKey()) // RS256 alone
	for name, key := range map[string]keyPair{
		"RS384": key1().as("no-alg", "RS384"), "PS256": key1().as("ps256", "PS256"), "ES256": p256(), "EdDSA": ed(),
	} {
		t.Run(name, func(t *testing.T) {
			if decision, why := bed.call(t, bearerOf(by(key))); decision != "refuse" || why != "alg_not_allowed" {
				t.Errorf("got %s (%s), want refuse (alg_not_allowed)", decision, why)
			}
		})
	}
}

func TestWithoutASkewTheClockCountsToTheSecond(t *testing.T) {
	bed := newBed(t, everyKey(), "CLOCK_SKEW_SECONDS=0")
	for name, test := range map[string]struct{ authorization, want string }{
		"exp in a second":  {bearerOf(claim("exp", in(time.Second))), "ok"},
		"exp now":          {bearerOf(claim("exp", in(0))), "expired"},
		"nbf now":          {bearerOf(claim("nbf", in(0))), "ok"},
		"nbf in a second":  {bearerOf(claim("nbf", in(time.Second))), "not_yet_valid"},
		"iat in a second":  {bearerOf(claim("iat", in(time.Second))), "not_yet_valid"},
		"exp in 0.5 s":     {bearerOf(claim("exp", 1800000000.5)), "ok"},
		"exp 0.5 s before": {bearerOf(claim("exp", 1799999999.5)), "expired"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, why := bed.call(t, test.authorization); why != test.want {
				t.Errorf("got %s, want %s", why, test.want)
			}
		})
	}
}

func numbered(n int) string {
	names := make([]string, n)
	for i := range names {
		names[i] = `"` + strings.Repeat("n", 1+i/26) + string(rune('a'+i%26)) + `":1`
	}
	return strings.Join(names, ",")
}

// der turns R||S into the ASN.1 form that X.509 uses.
func der(s []byte) []byte {
	out, err := asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(s[:32]), new(big.Int).SetBytes(s[32:])})
	if err != nil {
		panic(err)
	}
	return out
}

// plusL adds the group order to S, which lax verifiers reduce away (RFC 8032 section 8.4).
func plusL(signature []byte) []byte {
	order, _ := new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)
	s := make([]byte, 32)
	for i := range s {
		s[i] = signature[63-i]
	}
	sum := new(big.Int).Add(new(big.Int).SetBytes(s), order).FillBytes(make([]byte, 32))
	out := bytes.Clone(signature[:32])
	for i := range sum {
		out = append(out, sum[31-i])
	}
	return out
}
