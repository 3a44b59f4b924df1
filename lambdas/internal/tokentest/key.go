// Package tokentest makes what tests of token verification need: real keys and their JWK
// Sets, tokens that can be edited in any way before or after they are signed, an issuer
// that publishes keys over HTTP, and a clock.
package tokentest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha256"
	_ "crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"maps"
	"math/big"
	"strings"
	"sync"
)

// Key is a key pair of an issuer.
type Key struct {
	ID        string // kid
	Algorithm string // alg, which it signs with
	Private   crypto.Signer
}

// RSA makes an RSA key.
func RSA(id, algorithm string, bits int) Key {
	private, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		panic(err)
	}
	return Key{id, algorithm, private}
}

// EC makes an elliptic curve key.
func EC(id, algorithm string, curve elliptic.Curve) Key {
	private, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		panic(err)
	}
	return Key{id, algorithm, private}
}

// Ed25519 makes an Ed25519 key.
func Ed25519(id string) Key {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	return Key{id, "EdDSA", private}
}

// Keys that are made once per process: RSA takes its time. The key IDs of Key1 and
// Stranger are the same.
var (
	Key1     = sync.OnceValue(func() Key { return RSA("key-1", "RS256", 2048) })
	Key2     = sync.OnceValue(func() Key { return RSA("key-2", "RS256", 2048) })
	Stranger = sync.OnceValue(func() Key { return RSA("key-1", "RS256", 2048) })
	P256     = sync.OnceValue(func() Key { return EC("p256", "ES256", elliptic.P256()) })
	P384     = sync.OnceValue(func() Key { return EC("p384", "ES384", elliptic.P384()) })
	P521     = sync.OnceValue(func() Key { return EC("p521", "ES512", elliptic.P521()) })
	Ed       = sync.OnceValue(func() Key { return Ed25519("ed") })
)

// As returns the key under another key ID and algorithm.
func (k Key) As(id, algorithm string) Key { return Key{id, algorithm, k.Private} }

// Members are the members of a JSON object.
type Members = map[string]any

// JWK is the public key as a JWK (RFC 7517), with other members on top; nil removes one.
func (k Key) JWK(others ...Members) Members {
	b64 := base64.RawURLEncoding.EncodeToString
	var m Members
	switch public := k.Private.Public().(type) {
	case *rsa.PublicKey:
		m = Members{"kty": "RSA", "n": b64(public.N.Bytes()), "e": b64(big.NewInt(int64(public.E)).Bytes())}
	case *ecdsa.PublicKey:
		size := (public.Params().BitSize + 7) / 8
		point, err := public.Bytes()
		if err != nil {
			panic(err)
		}
		m = Members{"kty": "EC", "crv": public.Params().Name, "x": b64(point[1 : 1+size]), "y": b64(point[1+size:])}
	case ed25519.PublicKey:
		m = Members{"kty": "OKP", "crv": "Ed25519", "x": b64(public)}
	}
	maps.Copy(m, Members{"kid": k.ID, "use": "sig", "alg": k.Algorithm})
	for _, other := range others {
		maps.Copy(m, other)
	}
	maps.DeleteFunc(m, func(_ string, v any) bool { return v == nil })
	return m
}

// JWKS is a JWK Set of these keys.
func JWKS(keys ...Members) string { return JSON(Members{"keys": keys}) }

// EveryKey is a JWK Set with every kind of key.
func EveryKey() string {
	return JWKS(Key1().JWK(), Key2().JWK(), P256().JWK(), P384().JWK(), P521().JWK(), Ed().JWK(),
		Key1().As("ps256", "PS256").JWK(), Key1().As("no-alg", "").JWK(Members{"alg": nil}))
}

// JSON returns v as JSON.
func JSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// Sign makes a JWS signature with the key's algorithm.
func (k Key) Sign(signed string) []byte {
	hash := map[string]crypto.Hash{"256": crypto.SHA256, "384": crypto.SHA384, "512": crypto.SHA512}[k.Algorithm[2:]]
	digest := func() []byte {
		h := hash.New()
		h.Write([]byte(signed))
		return h.Sum(nil)
	}
	var signature []byte
	var err error
	switch k.Algorithm[:2] {
	case "RS":
		signature, err = k.Private.Sign(rand.Reader, digest(), hash)
	case "PS":
		options := &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: hash}
		signature, err = k.Private.Sign(rand.Reader, digest(), options)
	case "ES":
		private := k.Private.(*ecdsa.PrivateKey)
		r, s, signErr := ecdsa.Sign(rand.Reader, private, digest())
		size := (private.Params().BitSize + 7) / 8
		signature, err = append(r.FillBytes(make([]byte, size)), s.FillBytes(make([]byte, size))...), signErr
	case "Ed":
		signature, err = k.Private.Sign(rand.Reader, []byte(signed), crypto.Hash(0))
	}
	if err != nil {
		panic(err)
	}
	return signature
}

// Signed tells whether token is a compact JWS whose signature was made with this Ed25519
// key.
func (k Key) Signed(token string) bool {
	cut := strings.LastIndexByte(token, '.')
	if cut < 0 {
		return false
	}
	signature, err := base64.RawURLEncoding.DecodeString(token[cut+1:])
	return err == nil && ed25519.Verify(k.Private.Public().(ed25519.PublicKey), []byte(token[:cut]), signature)
}
