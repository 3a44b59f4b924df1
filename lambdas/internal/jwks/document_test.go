package jwks

import (
	"encoding/base64"
	"maps"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"accountapi/lambdas/internal/tokentest"
)

func TestUnsoundKeyIsDropped(t *testing.T) {
	n := func(modulus *big.Int) string { return base64.RawURLEncoding.EncodeToString(modulus.Bytes()) }
	zero32 := strings.Repeat("A", 43)
	weak := tokentest.RSA("weak", "RS256", 1024)
	for name, unfit := range map[string]members{
		"symmetric":                  {"kty": "oct", "kid": "x", "k": "c2VjcmV0", "alg": "HS256"},
		"symmetric, no alg":          {"kty": "oct", "kid": "x", "k": "c2VjcmV0"},
		"symmetric, alg RS256":       {"kty": "oct", "kid": "x", "k": "c2VjcmV0", "alg": "RS256"},
		"private":                    key2().JWK(members{"kid": "x", "d": "AQAB"}),
		"a private exponent":         key2().JWK(members{"kid": "x", "dp": "AQAB"}),
		"a secret in a public key":   key2().JWK(members{"kid": "x", "k": "AQAB"}),
		"a line break":               key2().JWK(members{"kid": "x", "e": "AQ\nAB"}),
		"an exponent of 32 bits":     key2().JWK(members{"kid": "x", "e": "_____w"}),
		"for encryption":             key2().JWK(members{"kid": "x", "use": "enc"}),
		"use in capitals":            key2().JWK(members{"kid": "x", "use": "SIG"}),
		"use a number":               key2().JWK(members{"kid": "x", "use": 1}),
		"key_ops without verify":     key2().JWK(members{"kid": "x", "key_ops": []string{"sign", "encrypt"}}),
		"key_ops empty":              key2().JWK(members{"kid": "x", "key_ops": []string{}}),
		"key_ops a string":           key2().JWK(members{"kid": "x", "key_ops": "verify"}),
		"alg of encryption":          key2().JWK(members{"kid": "x", "alg": "RSA-OAEP"}),
		"alg none":                   key2().JWK(members{"kid": "x", "alg": "none"}),
		"alg HS256":                  key2().JWK(members{"kid": "x", "alg": "HS256"}),
		"alg not on the list":        p256().JWK(members{"kid": "x", "alg": "ES256K"}),
		"alg a number":               key2().JWK(members{"kid": "x", "alg": 1}),
		"kid empty":                  key2().JWK(members{"kid": ""}),
		"kid a number":               key2().JWK(members{"kid": 1}),
		"no kty":                     key2().JWK(members{"kid": "x", "kty": nil}),
		"an unknown kty":             {"kty": "AKP", "kid": "x", "alg": "ML-DSA-44", "pub": "AAAA"},
		"an unknown crv":             p256().JWK(members{"kid": "x", "crv": "P-192"}),
		"secp256k1":                  p256().JWK(members{"kid": "x", "crv": "secp256k1", "alg": nil}),
		"1024 bits":                  weak.JWK(members{"kid": "x"}),
		"16384 bits":                 key2().JWK(members{"kid": "x", "n": n(new(big.Int).SetBit(big.NewInt(1), 16383, 1))}),
		"an even modulus":            key2().JWK(members{"kid": "x", "n": n(new(big.Int).SetBit(new(big.Int), 2047, 1))}),
		"exponent 1":                 key2().JWK(members{"kid": "x", "e": "AQ"}),
		"an even exponent":           key2().JWK(members{"kid": "x", "e": "Ag"}),
		"an exponent that wraps":     key2().JWK(members{"kid": "x", "e": "AQAAAAAAAQAB"}),
		"a modulus of ROCA":          key2().JWK(members{"kid": "x", "n": n(rocaModulus(123456789))}),
		"no modulus":                 key2().JWK(members{"kid": "x", "n": nil}),
		"a modulus in base64":        key2().JWK(members{"kid": "x", "n": "+/" + key2().JWK()["n"].(string)}),
		"an exponent as a number":    key2().JWK(members{"kid": "x", "e": 65537}),
		"use an array":               key2().JWK(members{"kid": "x", "use": []string{"sig"}}),
		"a private exponent of \"\"": key2().JWK(members{"kid": "x", "d": ""}),
		"a modulus of blanks":        key2().JWK(members{"kid": "x", "n": " "}),
		"a point off the curve":      p256().JWK(members{"kid": "x", "x": strings.Repeat("A", 42) + "E"}),
		"the point at infinity":      p256().JWK(members{"kid": "x", "x": zero32, "y": zero32}),
		"coordinates of 31 bytes":    p256().JWK(members{"kid": "x", "x": strings.Repeat("A", 42)[:40] + "AA"}),
		"P-384 under P-256":          p384().JWK(members{"kid": "x", "crv": "P-256", "alg": "ES256"}),
		"Ed25519 of 31 bytes":        ed().JWK(members{"kid": "x", "x": strings.Repeat("A", 42)[:42]}),
		"Ed25519 of small order":     ed().JWK(members{"kid": "x", "x": "AQ" + strings.Repeat("A", 41)}),
		"Ed25519 of order 8":         ed().JWK(members{"kid": "x", "x": "JuiVj8KyJ7BFw_SJ8u-Y8NXfrAXTxjM5sTgCiG1T_AU"}),
		"Ed25519 off the curve":      ed().JWK(members{"kid": "x", "x": "Ag" + strings.Repeat("A", 41)}),
		"X25519":                     ed().JWK(members{"kid": "x", "crv": "X25519"}),
	} {
		t.Run(name, func(t *testing.T) {
			bed := newBed(t, jwks(unfit, key1().JWK()), Supported()...)
			bed.expect(t, nil, key1())
			issued := bed.clock.Now().Add(-time.Hour) // before the set was published
			for _, key := range []tokentest.Key{key2().As("x", "RS256"), p256().As("x", "ES256"), ed().As("x", "EdDSA")} {
				bed.expectIssued(t, ErrUnknownKey, key, issued)
			}

			alone := newBed(t, jwks(unfit), Supported()...)
			if fetch := alone.lastFetch(); len(fetch.Dropped) != 1 || fetch.Dropped[0].Why == "" || fetch.Err == nil ||
				!strings.Contains(fetch.Err.Error(), "the document holds no key that can be used") {
				t.Errorf("reported %+v, want one dropped key with the reason, and an error", fetch)
			}
			alone.expect(t, ErrUnavailable, key1())
		})
	}
}

func TestDroppedKeyIsReportedWithTheReason(t *testing.T) {
	n := func(modulus *big.Int) string { return base64.RawURLEncoding.EncodeToString(modulus.Bytes()) }
	allowed := Algorithms{Supported().Named("RS256"), Supported().Named("ES384"), Supported().Named("EdDSA")}
	const wrong = "is missing, not base64url or of a wrong length"
	const exponent = "an RSA modulus or exponent that nobody generates, or that crypto/rsa refuses"
	for _, test := range []struct {
		key      any
		kid, why string
	}{
		{1, "", "not a JSON object without repeated names"},
		{key1().JWK(members{"kid": 1}), "", "no usable kid"},
		{key1().JWK(members{"kid": strings.Repeat("k", 257)}), "", "no usable kid"},
		{key1().JWK(members{"use": "enc"}), "key-1", "use is not sig"},
		{key1().JWK(members{"key_ops": []string{"sign"}}), "key-1", "key_ops does not have verify"},
		{key1().JWK(members{"alg": 1}), "key-1", "alg is not a string"},
		{p256().JWK(), "p256", `no allowed algorithm goes with kty "EC" crv "P-256" alg "ES256"`},
		{key1().JWK(members{"alg": "RSA-OAEP-256-and-more"}), "key-1",
			`no allowed algorithm goes with kty "RSA" crv "" alg "RSA-OAEP-256-and"`},
		{key1().JWK(members{"n": 1}), "key-1", "n " + wrong},
		{ed().JWK(members{"x": strings.Repeat("A", 42)}), "ed", "x " + wrong},
		{p384().JWK(members{"x": strings.Repeat("A", 64)}), "p384", "a point that is not on the curve"},
		{p384().JWK(members{"x": strings.Repeat("A", 63)}), "p384", "x " + wrong},
		{p384().JWK(members{"y": strings.Repeat("A", 63)}), "p384", "y " + wrong},
		{key1().JWK(members{"e": "AQAAAAE"}), "key-1", "e " + wrong},
		{key1().JWK(members{"n": "AQAB"}), "key-1", "an RSA modulus of 17 bits, want 2048 to 8192"},
		{key1().JWK(members{"e": "AQ"}), "key-1", exponent},
		{key1().JWK(members{"n": n(rocaModulus(7))}), "key-1", "an RSA modulus of a broken generator (CVE-2017-15361)"},
	} {
		fetch := newBed(t, toJSON(members{"keys": []any{test.key}}), allowed...).lastFetch()
		if !slices.Equal(fetch.Dropped, []Dropped{{test.kid, test.why}}) {
			t.Errorf("%v: got %q, want %q", test.key, fetch.Dropped, Dropped{test.kid, test.why})
		}
	}
}

func TestKeyThatTheParserCannotReadIsDropped(t *testing.T) {
	document := keyDocument{usable: []candidate{{kid: "a", algorithms: Supported()}}}
	keys, dropped := document.keys(nil)
	if len(keys) != 0 || !slices.Equal(dropped, []Dropped{{"a", "the key cannot be read"}}) {
		t.Errorf("got %v, dropped %v", keys, dropped)
	}
}

func TestGoodKeyIsUsedWhateverIsBesideIt(t *testing.T) {
	good := toJSON(key1().JWK())
	deep := strings.Repeat("[", 16) + strings.Repeat("]", 16)
	objects := strings.Repeat(`{"a":`, 16) + "1" + strings.Repeat("}", 16)
	bare := jwks(key1().JWK(members{"alg": nil, "use": nil}))
	for name, document := range map[string]string{
		"null":                `{"keys":[null,` + good + `]}`,
		"a number":            `{"keys":[1,` + good + `]}`,
		"an array":            `{"keys":[[],` + good + `]}`,
		"an empty key":        `{"keys":[{},` + good + `]}`,
		"16 arrays":           `{"keys":[{"kid":"a","x":` + deep + `},` + good + `]}`,
		"broken UTF-8":        "{\"keys\":[{\"kid\":\"a\",\"x\":\"\xff\"}," + good + "]}",
		"14 objects":          `{"keys":[{"kid":"a","x":` + objects + `},` + good + `]}`,
		"half a surrogate":    `{"keys":[{"kid":"a","x":"\ud800"},` + good + `]}`,
		"repeated names":      `{"keys":[{"kid":"a","kid":"b"},` + good + `]}`,
		"other members":       `{"issuer":"x","keys":[` + good + `],"more":{"a":[1]}}`,
		"x5t in hex":          jwks(key1().JWK(members{"x5t": "AB:CD:EF", "x5t#S256": 7, "x5u": "http://127.0.0.1:1/"})),
		"x5c not in base64":   jwks(key1().JWK(members{"x5c": []string{"not base64!"}})),
		"null members":        strings.Replace(bare, `"kid"`, `"alg":null,"use":null,"key_ops":null,"d":null,"kid"`, 1),
		"unknown members":     jwks(key1().JWK(members{"iss": "x", "nbf": 1})),
		"key_ops verify":      jwks(key1().JWK(members{"key_ops": []string{"verify"}})),
		"no use":              jwks(key1().JWK(members{"use": nil})),
		"no alg":              jwks(key1().JWK(members{"alg": nil})),
		"blanks":              "\r\n " + jwks(key1().JWK()) + " \n",
		"64 keys":             jwks(append(repeat(key2().JWK(), 63), key1().JWK())...),
		"keys in escapes":     strings.Replace(jwks(key1().JWK()), "keys", `k\u0065ys`, 1),
		"kty in escapes":      strings.Replace(jwks(key1().JWK()), "kty", `k\u0074y`, 1),
		"63 unknown keys":     jwks(append(repeat(members{"kty": "AKP", "kid": "x", "pub": "AA"}, 63), key1().JWK())...),
		"a symmetric key":     jwks(members{"kty": "oct", "k": "AAAA", "alg": "HS256", "kid": "key-1"}, key1().JWK()),
		"members of EC keys":  jwks(key1().JWK(members{"crv": "P-256", "x": "AA", "y": "AA"})),
		"exponent of 4 bytes": jwks(key1().JWK(members{"e": "AAEAAQ"})),
		"a longer modulus":    jwks(key1().JWK(members{"n": "AAAA" + key1().JWK()["n"].(string)})), // by zero bytes
		"x5c of 100 KB":       jwks(key1().JWK(members{"x5c": []string{strings.Repeat("A", 100_000)}})),
		"256 KB":              jwks(key1().JWK()) + strings.Repeat(" ", 256<<10-len(jwks(key1().JWK()))),
		"1e999":               `{"x":1e999,` + jwks(key1().JWK())[1:],
		"names twice below":   `{"x":{"a":1,"a":2},` + jwks(key1().JWK())[1:],
		"the key twice":       jwks(key1().JWK(), key1().JWK()),
		"the kid of another":  jwks(stranger().JWK(), p256().As("key-1", "ES256").JWK(), key1().JWK()),
	} {
		t.Run(name, func(t *testing.T) {
			newBed(t, document, Supported()...).expect(t, nil, key1())
		})
	}
}

func TestDocumentThatIsNoKeySetIsRefused(t *testing.T) {
	good := jwks(key1().JWK())
	for name, document := range map[string]string{
		"65 keys":                     jwks(repeat(key1().JWK(), 65)...),
		"a byte more than 256 KB":     good + strings.Repeat(" ", 256<<10+1-len(good)),
		"an array":                    `[` + toJSON(key1().JWK()) + `]`,
		"keys a string":               `{"keys":"[]"}`,
		"keys twice, once in escapes": `{"k\u0065ys":[],` + good[1:],
		"a BOM before":                "\ufeff" + good,
		"a comment before":            "/**/" + good,
		"a trailing comma":            strings.Replace(good, "]", ",]", 1),
		"a token":                     tokentest.Mint(tokentest.RawPayload(good)),
	} {
		t.Run(name, func(t *testing.T) {
			bed := newBed(t, document)
			bed.expect(t, ErrUnavailable, key1())
			if err := bed.lastFetch().Err; err == nil || !strings.Contains(err.Error(), "the document ") {
				t.Errorf("reported %v, want what is wrong with the document", err)
			}
		})
	}
}

func TestEveryKeyOfAKidIsTried(t *testing.T) {
	newBed(t, jwks(append(repeat(stranger().JWK(), 63), key1().JWK())...)).expect(t, nil, key1())
}

func TestPublishedPrivateKeyIsReported(t *testing.T) {
	// RFC 7518 sections 6.2.2, 6.3.2 and 6.4.1, RFC 8037 section 2.
	for _, member := range []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k"} {
		bed := newBed(t, jwks(key2().JWK(members{member: "AQAB"}), key1().JWK()))
		want := []Dropped{{"key-2", "PRIVATE or secret key published: it is compromised, the issuer must replace it"}}
		if fetch := bed.lastFetch(); fetch.Err != nil || !slices.Equal(fetch.Dropped, want) {
			t.Errorf("%s: got %+v, want %+v dropped", member, fetch, want)
		}
	}
}

// FuzzDocument lets the fuzzer write the JWK Set document.
func FuzzDocument(f *testing.F) {
	for _, seed := range []string{
		tokentest.EveryKey(), jwks(), "null", `{"keys":[{}]}`, `{"keys":[{"kty":"oct","kid":"ed","k":""}]}`,
		jwks(ed().JWK(members{"x5t": "x"})),
	} {
		f.Add([]byte(seed))
	}
	cache := newJWXCache("http://127.0.0.1/")
	f.Cleanup(cache.close)
	other := tokentest.Ed25519("ed")
	signature := other.Sign("signed")
	f.Fuzz(func(t *testing.T, text []byte) {
		document, err := readDocument(text, Supported())
		if err != nil {
			return
		}
		parsed, err := cache.refresh(func(string) ([]byte, error) { return document.cleaned(), nil })
		if err != nil {
			t.Fatalf("the cleaned document cannot be parsed: %v\n%s", err, document.cleaned())
		}
		keys, _ := document.keys(parsed)
		for _, key := range slices.Concat(slices.Collect(maps.Values(keys))...) {
			if len(key.algorithms) == 0 || weakness(key.public) != "" {
				t.Errorf("an unsound key was kept: %+v", key)
			}
			if key.verify(Supported().Named("EdDSA"), []byte("signed"), signature) == nil {
				t.Error("a signature by a key that is in no document was accepted")
			}
		}
	})
}
