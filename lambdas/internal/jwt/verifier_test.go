package jwt

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/asn1"
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"accountapi/lambdas/internal/tokentest"
)

func TestGoodTokenIsAccepted(t *testing.T) {
	const nowhere = "http://127.0.0.1:1/"
	bed := newBed(t, tokentest.EveryKey())
	bed.expect(t, OK, rows{
		"RS256":                                mint(),
		"ES256":                                mint(by(p256())),
		"ES384":                                mint(by(p384())),
		"ES512":                                mint(by(p521())),
		"EdDSA":                                mint(by(ed())),
		"PS256 under a key bound to it":        mint(by(key1().As("ps256", "PS256"))),
		"RS384 under a key without alg":        mint(by(key1().As("no-alg", "RS384"))),
		"RS512 under a key without alg":        mint(by(key1().As("no-alg", "RS512"))),
		"PS384 under a key without alg":        mint(by(key1().As("no-alg", "PS384"))),
		"PS512 under a key without alg":        mint(by(key1().As("no-alg", "PS512"))),
		"typ at+jwt":                           mint(withHeader("typ", "at+jwt")),
		"typ application/at+jwt":               mint(withHeader("typ", "application/at+jwt")),
		"typ in capitals":                      mint(withHeader("typ", "AT+JWT")),
		"no typ":                               mint(withHeader("typ", absent)),
		"an unknown header member":             mint(withHeader("x-vendor", members{"a": 1})),
		"blanks in the header's JSON":          mint(rawHeader(" {\n\t\"alg\" : \"RS256\" ,\r\"kid\":\"key-1\"} ")),
		"a header that brings its own key":     mint(withHeader("jwk", stranger().JWK()), withHeader("jku", nowhere)),
		"our audience among others":            mint(claim("aud", []string{"https://other.example", testAudience})),
		"a fraction in exp":                    mint(rawClaims(`"nbf":1.5`)),
		"an exponent in exp":                   mint(exp("1.9e9")),
		"not valid before 20 s from now":       mint(claim("nbf", in(20*time.Second))),
		"issued 20 s from now":                 mint(claim("iat", in(20*time.Second))),
		"expired 20 s ago":                     mint(claim("exp", in(-20*time.Second))),
		"names of JWS members":                 mint(rawClaims(`"payload":"x","signatures":[1],"ciphertext":"x"`)),
		"names of JWKS members":                mint(rawClaims(`"keys":[],"kty":"RSA"`)),
		"claims with other scripts":            mint(claim("name", "Daniël 丁 😀")),
		"an escaped pair of surrogates":        mint(rawClaims(`"x":"\ud83d\ude00"`)),
		"claims named __proto__ and nothing":   mint(claim("__proto__", members{"admin": true}), claim("", 1)),
		"the highest exp":                      mint(claim("exp", 253402300799)),
		"a token_use that is not id":           mint(claim("token_use", "other")),
		"the longest subject":                  mint(claim("sub", strings.Repeat("s", 256))),
		"a subject with quotes and controls":   mint(claim("sub", "a\"b\u0001c")),
		"a scope in an array":                  mint(claim("scope", []string{"read:items"})),
		"no scope: that is up to the handlers": mint(claim("scope", absent)),
		"ECDSA with s replaced by n-s": mint(by(p256()), signature(func(s []byte) []byte {
			n := p256().Private.Public().(*ecdsa.PublicKey).Params().N
			high := new(big.Int).Sub(n, new(big.Int).SetBytes(s[32:]))
			return append(bytes.Clone(s[:32]), high.FillBytes(make([]byte, 32))...)
		})),
		"header names in escapes":          mint(rawHeader(`{"\u0061lg":"RS\u003256","k\u0069d":"key-1"}`)),
		"names that differ in case":        mint(headerWith(`"ALG":"none","Crit":["x"],"B64":false`)),
		"certificates that are none":       mint(headerWith(`"x5c":["!"],"x5t":"!","x5t#S256":1`)),
		"typ application/jwt":              mint(withHeader("typ", "Application/JWT")),
		"exp with an exponent":             mint(exp("2E9")),
		"exp with a negative exponent":     mint(exp("20000000000000e-4")),
		"exp with zeros in its exponent":   mint(exp("2e00000000000009")),
		"exp with 3000 digits":             mint(exp("1800003600." + strings.Repeat("9", 3000))),
		"the name of exp in escapes":       mint(edited(`"exp"`, `"\u0065xp"`)),
		"EXP beside exp":                   mint(rawClaims(`"EXP":1`)),
		"15 arrays in the claims":          mint(rawClaims(`"x":` + deep(15))),
		"190 claims":                       mint(rawClaims(numbered(190))),
		"blanks around the claims":         mint(rawPayload(" \r\n\t" + toJSON(goodClaims()) + " \r\n\t")),
		"characters that JSON lets be raw": mint(rawClaims("\"x\":\"\x7f\u2028\uffff\ufffd\"")),
		"301 audiences":                    mint(claim("aud", append(make([]string, 300), testAudience))),
	})
}

func TestUnknownKidIsRefused(t *testing.T) {
	bed := newBed(t, tokentest.EveryKey())
	older := claim("iat", in(-time.Hour)) // than the key set
	bed.expect(t, ErrKidUnknown, rows{
		"made up":                        mint(older, withHeader("kid", "key-9")),
		"other case":                     mint(older, withHeader("kid", "KEY-1")),
		"a space after":                  mint(older, withHeader("kid", "key-1 ")),
		"NUL after":                      mint(older, withHeader("kid", "key-1\x00")),
		"a path":                         mint(older, withHeader("kid", "../../dev/null")),
		"a member of every object":       mint(older, withHeader("kid", "__proto__")),
		"a place in a list":              mint(older, withHeader("kid", "0")),
		"SQL":                            mint(older, withHeader("kid", "' OR 1=1--")),
		"an emoji":                       mint(older, withHeader("kid", "😀")),
		"no kid, several keys for RS256": mint(older, withHeader("kid", absent)),
	})
}

func TestUnknownKidOfATokenThatIsNewerThanTheKeysIsNotJudged(t *testing.T) {
	bed := newBed(t, tokentest.EveryKey())
	unknown := mint(withHeader("kid", "key-9"))
	bed.expect(t, ErrKidUnknown, rows{"after a look": unknown})
	bed.expect(t, ErrKidUnproven, rows{"while no look is allowed": unknown})
	noIat := claim("iat", absent)
	bed.expect(t, ErrKidUnproven, rows{
		"without iat":              mint(withHeader("kid", "key-9"), noIat),
		"without iat, with an nbf": mint(withHeader("kid", "key-9"), noIat, claim("nbf", in(-time.Hour))),
	})
}

func TestTokenWithoutKidIsAcceptedIfOneKeyGoesWithItsAlgorithm(t *testing.T) {
	newBed(t, keySet(key1().JWK(), p256().JWK())).expect(t, OK, rows{
		"RS256": mint(withHeader("kid", absent)),
		"ES256": mint(by(p256()), withHeader("kid", absent)),
	})
}

func TestKidMayHave256Bytes(t *testing.T) {
	long := strings.Repeat("k", 256)
	newBed(t, keySet(key1().As(long, "RS256").JWK())).expect(t, OK, rows{"256 bytes": mint(withHeader("kid", long))})
}

func TestRefusedClaimsCauseNoFetch(t *testing.T) {
	bed := newBed(t, keySet(key1().JWK()))
	for want, token := range map[Reason]string{
		ErrIssuer:      mint(by(key2()), claim("iss", "https://other.example/")),
		ErrAudience:    mint(by(key2()), claim("aud", "https://other.example")),
		ErrExpired:     mint(by(key2()), claim("exp", 1)),
		ErrNotYetValid: mint(by(key2()), claim("nbf", in(time.Hour))),
		ErrClaimType:   mint(by(key2()), claim("sub", 1)),
		ErrTokenKind:   mint(by(key2()), claim("nonce", "n")),
		ErrBoundToken:  mint(by(key2()), claim("cnf", members{})),
	} {
		seen := &Seen{}
		if _, err := bed.Verify(t.Context(), token, seen); !errors.Is(err, want) || seen.Keys != nil || seen.Subject != "" {
			t.Errorf("got %v, seen %+v; want %s, and the keys not asked", err, seen, want)
		}
	}
	if bed.Fetches() != 1 {
		t.Errorf("%d fetches, want that of init alone", bed.Fetches())
	}
}

func TestSubjectIsSeenOnlyOnceTheSignatureIsVerified(t *testing.T) {
	bed := newBed(t, keySet(key1().JWK()))
	bed.clock.Advance(90 * time.Second)
	for _, test := range []struct{ token, want string }{
		{mint(), "auth0|42"},
		{mint(by(stranger())), ""},
	} {
		seen := &Seen{}
		_, _ = bed.Verify(t.Context(), test.token, seen)
		if seen.Subject != test.want || seen.KeyID != "key-1" || seen.Issuer != testIssuer || seen.Keys == nil {
			t.Errorf("seen %+v, want the subject %q", seen, test.want)
		}
		if fresh := bed.Fetches() == 2; fresh != (test.want == "") { // a bad signature has caused a fetch
			t.Errorf("%d fetches, with the subject %q", bed.Fetches(), test.want)
		}
	}
}

func TestKeyForAnotherAlgorithmIsRefused(t *testing.T) {
	bed := newBed(t, tokentest.EveryKey())
	bed.expect(t, ErrKeyAlgMismatch, rows{
		"PS256 label on RS256":             mint(withHeader("alg", "PS256")),
		"ES256 label on an RSA key":        mint(withHeader("alg", "ES256")),
		"PS256 under a key bound to RS256": mint(by(key1().As("key-1", "PS256"))),
		"RS256 under a key bound to PS256": mint(by(key1().As("ps256", "RS256"))),
		"RS512 under a key bound to RS256": mint(by(key1().As("key-1", "RS512"))),
		"RS256 label on an EC key":         mint(by(p256()), withHeader("alg", "RS256"), signedAs("ES256")),
		"ES256 with a P-384 key":           mint(by(p384()), withHeader("alg", "ES256"), signedAs("ES256")),
		"EdDSA label on an RSA key":        mint(withHeader("alg", "EdDSA")),
	})
}

func TestBadSignatureIsRefused(t *testing.T) {
	public := key1().Private.Public().(*rsa.PublicKey)
	plusModulus := func(s []byte) []byte { return new(big.Int).Add(new(big.Int).SetBytes(s), public.N).Bytes() }
	// pss signs with a salt of this length.
	pss := func(salt int) string {
		return mint(by(key1().As("ps256", "PS256")), tokentest.SignatureOver(func(signed string) []byte {
			digest := sha256.Sum256([]byte(signed))
			options := &rsa.PSSOptions{SaltLength: salt}
			s, err := rsa.SignPSS(rand.Reader, key1().Private.(*rsa.PrivateKey), crypto.SHA256, digest[:], options)
			if err != nil {
				panic(err)
			}
			return s
		}))
	}
	one := append(append(make([]byte, 31), 1), append(make([]byte, 31), 1)...)
	parts := strings.Split(mint(), ".")
	curve := p256().Private.Public().(*ecdsa.PublicKey).Params()
	bed := newBed(t, tokentest.EveryKey())
	bed.expect(t, ErrBadSignature, rows{
		"another key under the kid": mint(by(stranger())),
		"the header's own key":      mint(by(stranger()), withHeader("jwk", stranger().JWK())),
		"the kid swapped":           mint(by(key2().As("key-1", "RS256"))),
		"of another token":          parts[0] + "." + strings.Split(mint(claim("sub", "admin")), ".")[1] + "." + parts[2],
		"one bit":                   mint(signature(func(s []byte) []byte { s[100] ^= 1; return s })),
		"a byte less":               mint(signature(func(s []byte) []byte { return s[:len(s)-1] })),
		"a byte more":               mint(signature(func(s []byte) []byte { return append(s, 0) })),
		"a zero before":             mint(signature(func(s []byte) []byte { return append([]byte{0}, s...) })),
		"all zero":                  mint(signature(constant(make([]byte, 256)))),
		"all ones":                  mint(signature(constant(bytes.Repeat([]byte{255}, 256)))),
		"s plus the modulus":        mint(signature(plusModulus)),
		"PSS with a salt of 1":      pss(1),
		"PSS with a salt of 20":     pss(20),
		"PSS with the longest salt": pss(rsa.PSSSaltLengthAuto),
		"ECDSA r = s = 0":           mint(by(p256()), signature(constant(make([]byte, 64)))),
		"ECDSA r = s = 1":           mint(by(p256()), signature(constant(one))),
		"ECDSA r = s = n":           mint(by(p256()), signature(constant(append(curve.N.Bytes(), curve.N.Bytes()...)))),
		"ECDSA in DER":              mint(by(p256()), signature(der)),
		"ECDSA of 63 bytes":         mint(by(p256()), signature(func(s []byte) []byte { return s[1:] })),
		"ECDSA of 65 bytes":         mint(by(p256()), signature(func(s []byte) []byte { return append(s, 0) })),
		"ECDSA padded to 66 bytes":  mint(by(p256()), signature(paddedTo66)),
		"ECDSA with a zero inside":  mint(by(p256()), signature(zeroInside)),
		"Ed25519 of 63 bytes":       mint(by(ed()), signature(func(s []byte) []byte { return s[:63] })),
		"Ed25519 with S + L":        mint(by(ed()), signature(plusL)),
		"other claims": mint(part(1, func(string) string {
			return strings.Split(mint(claim("sub", "auth0|43")), ".")[1]
		})),
	})
}

// paddedTo66 is R||S with a zero byte before each.
func paddedTo66(s []byte) []byte {
	return append(append([]byte{0}, s[:32]...), append([]byte{0}, s[32:]...)...)
}

// zeroInside is R||S with a zero byte before S.
func zeroInside(s []byte) []byte { return slices.Insert(s, 32, 0) }

// der turns R||S into the ASN.1 form that X.509 uses.
func der(s []byte) []byte {
	out, err := asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(s[:32]), new(big.Int).SetBytes(s[32:])})
	if err != nil {
		panic(err)
	}
	return out
}

// plusL adds the group order to S, which lax verifiers reduce away (RFC 8032 section
// 8.4).
func plusL(signature []byte) []byte {
	order, _ := new(big.Int).SetString("1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed", 16)
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
