package tokentest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"maps"
	"strings"
	"time"
)

// What tokens are for, unless edited.
const (
	Issuer   = "https://tenant.example/"
	Audience = "https://api.example"
)

// Now is the time at which tokens are valid for an hour, unless edited.
var Now = time.Unix(1_800_000_000, 0)

// In returns the NumericDate so long after [Now].
func In(d time.Duration) any { return Now.Add(d).Unix() }

// GoodClaims are the claims of a token that is not edited.
func GoodClaims() Members {
	return Members{
		"iss": Issuer, "sub": "auth0|42", "aud": Audience, "azp": "client", "scope": "read:items",
		"iat": Now.Unix() - 60, "exp": Now.Unix() + 3600, "jti": "x",
	}
}

// Draft is a token before it is signed.
type Draft struct {
	key                   Key
	header, claims        Members
	rawHeader, rawPayload string // instead of header and claims
	signAs                string // the algorithm used, whatever the header says
	signature             func(signed string, signature []byte) []byte
	finish                func(token string) string
}

// Edit changes a token while [Mint] makes it.
type Edit func(*Draft)

// Mint makes a token that is good in every way but the edits.
func Mint(edits ...Edit) string {
	d := Draft{key: Key1(), header: Members{"typ": "JWT"}, claims: GoodClaims()}
	for _, e := range edits {
		e(&d)
	}
	for name, value := range map[string]string{"alg": d.key.Algorithm, "kid": d.key.ID} {
		if _, edited := d.header[name]; !edited {
			d.header[name] = value
		}
	}
	removed := func(_ string, v any) bool { return v == Absent }
	maps.DeleteFunc(d.header, removed)
	maps.DeleteFunc(d.claims, removed)
	header, payload := d.rawHeader, d.rawPayload
	if header == "" {
		header = JSON(d.header)
	}
	if payload == "" {
		payload = JSON(d.claims)
	}
	signed := Base64(header) + "." + Base64(payload)
	if d.signAs != "" {
		d.key.Algorithm = d.signAs
	}
	signature := d.key.Sign(signed)
	if d.signature != nil {
		signature = d.signature(signed, signature)
	}
	token := signed + "." + Base64(string(signature))
	if d.finish != nil {
		token = d.finish(token)
	}
	return token
}

// Base64 encodes a part of a token.
func Base64(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

// Absent as the value of a member removes it.
var Absent = new(struct{ byte })

// By signs with another key, whose algorithm and key ID go into the header.
func By(key Key) Edit { return func(d *Draft) { d.key = key } }

// Header sets a member of the header.
func Header(name string, value any) Edit { return func(d *Draft) { d.header[name] = value } }

// Claim sets a claim.
func Claim(name string, value any) Edit { return func(d *Draft) { d.claims[name] = value } }

// Claims replaces all claims.
func Claims(claims Members) Edit { return func(d *Draft) { d.claims = maps.Clone(claims) } }

// RawHeader replaces the JSON of the header.
func RawHeader(text string) Edit { return func(d *Draft) { d.rawHeader = text } }

// RawPayload replaces the JSON of the claims.
func RawPayload(text string) Edit { return func(d *Draft) { d.rawPayload = text } }

// RawClaims adds one more member to good claims, written as given.
func RawClaims(more string) Edit {
	return RawPayload(strings.TrimSuffix(JSON(GoodClaims()), "}") + "," + more + "}")
}

// SignedAs signs with another algorithm than the header says.
func SignedAs(algorithm string) Edit { return func(d *Draft) { d.signAs = algorithm } }

// Signature edits the signature.
func Signature(f func([]byte) []byte) Edit {
	return func(d *Draft) { d.signature = func(_ string, s []byte) []byte { return f(s) } }
}

// SignatureOver replaces the signature by one over the signed bytes.
func SignatureOver(f func(signed string) []byte) Edit {
	return func(d *Draft) { d.signature = func(signed string, _ []byte) []byte { return f(signed) } }
}

// HS256 signs with a secret.
func HS256(secret []byte) Edit {
	return func(d *Draft) {
		d.header["alg"] = "HS256"
		SignatureOver(func(signed string) []byte {
			mac := hmac.New(sha256.New, secret)
			mac.Write([]byte(signed))
			return mac.Sum(nil)
		})(d)
	}
}

// finished edits the finished token.
func finished(f func(string) string) Edit { return func(d *Draft) { d.finish = f } }

// Part edits one of the three parts of the finished token.
func Part(i int, f func(string) string) Edit {
	return finished(func(token string) string {
		parts := strings.Split(token, ".")
		parts[i] = f(parts[i])
		return strings.Join(parts, ".")
	})
}
