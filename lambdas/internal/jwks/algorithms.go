package jwks

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"math/big"
	"slices"
)

// Algorithm is one signature algorithm of a JWS (RFC 7518 section 3.1, RFC 8037 section
// 3.1, RFC 9864): the kind of key that it needs, and how a signature is verified. All have
// a public key: "none" and the HMAC algorithms cannot be configured.
type Algorithm struct {
	Name   string // alg, case-sensitive (RFC 7515 section 4.1.1)
	kty    string
	crv    string // the only curve it may be used with, "" for RSA
	hash   crypto.Hash
	verify func(a *Algorithm, key crypto.PublicKey, signed, signature []byte) bool
}

// Algorithms is a list of algorithms: all there are, or those that are allowed (RFC 8725
// section 3.1).
type Algorithms []*Algorithm

// Supported returns every algorithm there is.
func Supported() Algorithms { return supported }

var supported = Algorithms{
	{"RS256", "RSA", "", crypto.SHA256, verifyPKCS1v15},
	{"RS384", "RSA", "", crypto.SHA384, verifyPKCS1v15},
	{"RS512", "RSA", "", crypto.SHA512, verifyPKCS1v15},
	{"PS256", "RSA", "", crypto.SHA256, verifyPSS},
	{"PS384", "RSA", "", crypto.SHA384, verifyPSS},
	{"PS512", "RSA", "", crypto.SHA512, verifyPSS},
	// RFC 7518 section 3.4 binds each hash to one curve.
	{"ES256", "EC", "P-256", crypto.SHA256, verifyECDSA},
	{"ES384", "EC", "P-384", crypto.SHA384, verifyECDSA},
	{"ES512", "EC", "P-521", crypto.SHA512, verifyECDSA},
	// RFC 9864 section 2.2 gives EdDSA with this curve a name of its own.
	{"EdDSA", "OKP", "Ed25519", 0, verifyEd25519},
	{"Ed25519", "OKP", "Ed25519", 0, verifyEd25519},
}

// Named returns the algorithm of exactly this name, nil if it is not in the list.
func (list Algorithms) Named(name string) *Algorithm {
	i := slices.IndexFunc(list, func(a *Algorithm) bool { return a.Name == name })
	if i < 0 {
		return nil
	}
	return list[i]
}

// is tells whether a key for the algorithm of this name is one for a. With its curve,
// EdDSA is Ed25519 (RFC 9864 section 2.2): the two are one algorithm.
func (a *Algorithm) is(name string) bool {
	return a.Name == name || a.crv == "Ed25519" && (name == "EdDSA" || name == "Ed25519")
}

func (a *Algorithm) digest(signed []byte) []byte {
	switch a.hash {
	case crypto.SHA256:
		sum := sha256.Sum256(signed)
		return sum[:]
	case crypto.SHA384:
		sum := sha512.Sum384(signed)
		return sum[:]
	default:
		sum := sha512.Sum512(signed)
		return sum[:]
	}
}

func verifyPKCS1v15(a *Algorithm, key crypto.PublicKey, signed, signature []byte) bool {
	public, ok := key.(*rsa.PublicKey)
	return ok && rsa.VerifyPKCS1v15(public, a.hash, a.digest(signed), signature) == nil
}

func verifyPSS(a *Algorithm, key crypto.PublicKey, signed, signature []byte) bool {
	public, ok := key.(*rsa.PublicKey)
	// RFC 7518 section 3.5: the salt is exactly as long as the hash.
	exact := &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}
	return ok && rsa.VerifyPSS(public, a.hash, a.digest(signed), signature, exact) == nil
}

func verifyECDSA(a *Algorithm, key crypto.PublicKey, signed, signature []byte) bool {
	public, ok := key.(*ecdsa.PublicKey)
	if !ok || public.Params().Name != a.crv {
		return false
	}
	// RFC 7518 section 3.4: R and S, each as long as the curve's order, nothing else.
	size := (public.Params().BitSize + 7) / 8
	if len(signature) != 2*size {
		return false
	}
	r := new(big.Int).SetBytes(signature[:size])
	s := new(big.Int).SetBytes(signature[size:])
	return ecdsa.Verify(public, a.digest(signed), r, s)
}

func verifyEd25519(_ *Algorithm, key crypto.PublicKey, signed, signature []byte) bool {
	public, ok := key.(ed25519.PublicKey)
	return ok && len(public) == ed25519.PublicKeySize && ed25519.Verify(public, signed, signature)
}
