package jwt

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"

	"accountapi/lambdas/internal/jwks"
	"accountapi/lambdas/internal/tokentest"
)

func TestMalformedHeaderIsRefused(t *testing.T) {
	bed := newBed(t, tokentest.EveryKey())
	bed.expect(t, ErrBadHeader, rows{
		"no alg":                           mint(withHeader("alg", absent)),
		"alg null":                         mint(withHeader("alg", nil)),
		"alg a number":                     mint(withHeader("alg", 256)),
		"alg an array":                     mint(withHeader("alg", []string{"RS256"})),
		"ALG":                              mint(rawHeader(`{"ALG":"RS256","kid":"key-1"}`)),
		"alg twice":                        mint(rawHeader(`{"alg":"RS256","kid":"key-1","alg":"none"}`)),
		"crit unknown":                     mint(withHeader("crit", []string{"x"}), withHeader("x", 1)),
		"crit names nothing":               mint(withHeader("crit", []string{"x"})),
		"crit empty":                       mint(withHeader("crit", []string{})),
		"crit lists alg":                   mint(withHeader("crit", []string{"alg"})),
		"crit a string":                    mint(withHeader("crit", "b64")),
		"b64 false":                        mint(withHeader("b64", false)),
		"b64 false, crit":                  mint(withHeader("b64", false), withHeader("crit", []string{"b64"})),
		"b64 true":                         mint(withHeader("b64", true)),
		"cty JWT":                          mint(withHeader("cty", "JWT")),
		"zip":                              mint(withHeader("zip", "DEF")),
		"enc":                              mint(withHeader("enc", "A128GCM")),
		"typ a number":                     mint(withHeader("typ", 1)),
		"typ null":                         mint(withHeader("typ", nil)),
		"header an array":                  mint(rawHeader(`["alg"]`)),
		"header a string":                  mint(rawHeader(`"RS256"`)),
		"header null":                      mint(rawHeader(`null`)),
		"header empty":                     mint(rawHeader(`{}`)),
		"header broken UTF-8":              mint(rawHeader("{\"alg\":\"RS256\",\"kid\":\"key-1\",\"x\":\"\xff\"}")),
		"header deep":                      mint(headerWith(`"x":` + deep(400))),
		"header and more":                  mint(rawHeader(`{"alg":"RS256","kid":"key-1"}{}`)),
		"kid a number":                     mint(withHeader("kid", 1)),
		"kid an array":                     mint(withHeader("kid", []string{"key-1"})),
		"kid of 257 bytes":                 mint(withHeader("kid", strings.Repeat("k", 257))),
		"kid twice, once in escapes":       mint(headerWith(`"k\u0069d":"key-1"`)),
		"a repeated name below the header": mint(headerWith(`"x":{"a":1,"a":1}`)),
		"crit in escapes":                  mint(headerWith(`"\u0063rit":["exp"],"exp":1`)),
		"b64 in escapes":                   mint(headerWith(`"b\u00364":true`)),
		"kid empty":                        mint(withHeader("kid", "")),
		"kid null":                         mint(withHeader("kid", nil)),
		"crit null":                        mint(headerWith(`"crit":null`)),
		"enc null":                         mint(headerWith(`"enc":null`)),
	})
}

func TestAlgorithmWithoutAPublicKeyIsRefused(t *testing.T) {
	public := key1().Private.Public().(*rsa.PublicKey)
	pkix, _ := x509.MarshalPKIXPublicKey(public)
	pkcs1 := x509.MarshalPKCS1PublicKey(public)
	inPEM := func(kind string, der []byte) []byte {
		return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
	}
	bed := newBed(t, tokentest.EveryKey())
	bed.expect(t, ErrAlgNotAllowed, rows{
		"none, signed":                mint(withHeader("alg", "none")),
		"None":                        mint(withHeader("alg", "None")),
		"NONE":                        mint(withHeader("alg", "NONE")),
		"empty":                       mint(withHeader("alg", "")),
		"lower case":                  mint(withHeader("alg", "rs256")),
		"a space after":               mint(withHeader("alg", "RS256 ")),
		"NUL after":                   mint(withHeader("alg", "RS256\x00")),
		"made up":                     mint(withHeader("alg", "RS257")),
		"ES256K":                      mint(withHeader("alg", "ES256K")),
		"HS256 on an RSA signature":   mint(withHeader("alg", "HS256")),
		"HS256 keyed by PKIX in PEM":  mint(hs256(inPEM("PUBLIC KEY", pkix))),
		"HS256 keyed by PKCS1 in PEM": mint(hs256(inPEM("RSA PUBLIC KEY", pkcs1))),
		"HS256 keyed by PKIX":         mint(hs256(pkix)),
		"HS256 keyed by the modulus":  mint(hs256(public.N.Bytes())),
		"HS256 keyed by the JWK":      mint(hs256([]byte(toJSON(key1().JWK())))),
		"HS256 keyed by nothing":      mint(hs256(nil)),
		"none in escapes":             mint(rawHeader(`{"alg":"no\u006ee","kid":"key-1"}`)),
	})
}

func TestAlgorithmOutsideTheAllowlistIsRefused(t *testing.T) {
	bed := newBed(t, tokentest.EveryKey(), func(c *Config) {
		c.Issuers[0].Algorithms = jwks.Algorithms{jwks.Supported().Named("RS256")}
	})
	bed.expect(t, ErrAlgNotAllowed, rows{
		"RS384": mint(by(key1().As("no-alg", "RS384"))),
		"PS256": mint(by(key1().As("ps256", "PS256"))),
		"ES256": mint(by(p256())),
		"EdDSA": mint(by(ed())),
	})
}

func TestTokenOfAnotherTypeIsRefused(t *testing.T) {
	bed := newBed(t, tokentest.EveryKey())
	bed.expect(t, ErrTokenKind, rows{
		"JOSE+JSON":               mint(withHeader("typ", "JOSE+JSON")),
		"dpop+jwt":                mint(withHeader("typ", "dpop+jwt")),
		"logout+jwt":              mint(withHeader("typ", "logout+jwt")),
		"secevent+jwt":            mint(withHeader("typ", "secevent+jwt")),
		"empty":                   mint(withHeader("typ", "")),
		"application/":            mint(withHeader("typ", "application/")),
		"text/jwt":                mint(withHeader("typ", "text/jwt")),
		"token-introspection+jwt": mint(withHeader("typ", "token-introspection+jwt")),
		"with a parameter":        mint(withHeader("typ", "JWT; charset=utf-8")),
		"with a space":            mint(withHeader("typ", " JWT")),
		"application/ twice":      mint(withHeader("typ", "application/application/jwt")),
		"12 other bytes and jwt":  mint(withHeader("typ", "application-jwt")),
	})
}
