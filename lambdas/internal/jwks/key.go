package jwks

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"fmt"
	"math/big"
	"slices"

	"filippo.io/edwards25519"
)

// publicKey is one key of an issuer, ready to verify with.
type publicKey struct {
	public     crypto.PublicKey
	algorithms Algorithms // the allowed ones that this key may be used with, at least one
}

// verify checks a signature. It returns [ErrAlgorithm] if the key is not for a.
func (k publicKey) verify(a *Algorithm, signed, signature []byte) error {
	if !slices.Contains(k.algorithms, a) {
		return ErrAlgorithm
	}
	if !a.verify(a, k.public, signed, signature) {
		return ErrSignature
	}
	return nil
}

// weakness says what is wrong with a public key, "" if nothing is (RFC 8725 sections 3.4
// and 3.5). It is called once per key and fetch, not per token.
func weakness(public any) string {
	switch public := public.(type) {
	case *rsa.PublicKey:
		// RFC 7518 section 3.3 asks for 2048 bits. Beyond 8192 one token would cost
		// milliseconds.
		if bits := public.N.BitLen(); bits < 2048 || bits > 8192 {
			return fmt.Sprintf("an RSA modulus of %d bits, want 2048 to 8192", bits)
		}
		if public.N.Bit(0) == 0 || public.E < 3 || public.E%2 == 0 || public.E > 1<<31-1 {
			return "an RSA modulus or exponent that nobody generates, or that crypto/rsa refuses"
		}
		if hasROCAFingerprint(public.N) {
			return "an RSA modulus of a broken generator (CVE-2017-15361)"
		}
	case *ecdsa.PublicKey:
		if _, err := public.ECDH(); err != nil {
			return "a point that is not on the curve"
		}
	case ed25519.PublicKey:
		point, err := new(edwards25519.Point).SetBytes(public)
		if err != nil {
			return "a point that is not on the curve"
		}
		if new(edwards25519.Point).MultByCofactor(point).Equal(edwards25519.NewIdentityPoint()) == 1 {
			return "a point of small order, under which anybody can sign"
		}
	default:
		return fmt.Sprintf("a key of type %T", public)
	}
	return ""
}

// hasROCAFingerprint tells whether a modulus looks like one of the generator whose keys
// can be factored: modulo every small prime it is a power of 65537 (Nemec et al., "The
// Return of Coppersmith's Attack", CCS 2017). For another modulus that happens once in
// 10^8.
func hasROCAFingerprint(n *big.Int) bool {
	for _, prime := range []int64{3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73,
		79, 83, 89, 97, 101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167} {
		rest := new(big.Int).Mod(n, big.NewInt(prime)).Int64()
		power := int64(1)
		for power != rest {
			if power = power * 65537 % prime; power == 1 {
				return false // all powers seen
			}
		}
	}
	return true
}
