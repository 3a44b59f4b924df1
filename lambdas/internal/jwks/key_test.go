package jwks

import (
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"math/big"
	"testing"

	"accountapi/lambdas/internal/tokentest"
)

// rocaModulus is a number of 2048 bits of the form that the broken generator makes.
func rocaModulus(exponent int64) *big.Int {
	primorial := big.NewInt(1)
	for p := int64(3); p <= 167; p += 2 {
		if big.NewInt(p).ProbablyPrime(0) {
			primorial.Mul(primorial, big.NewInt(p))
		}
	}
	n := new(big.Int).Exp(big.NewInt(65537), big.NewInt(exponent), primorial)
	step := new(big.Int).Lsh(primorial, uint(2047-primorial.BitLen()))
	for n.Add(n, step); n.Bit(0) == 0 || n.BitLen() < 2048; {
		n.Add(n, primorial).Add(n, step)
	}
	return n
}

func TestROCAModulusIsRecognised(t *testing.T) {
	for exponent := range int64(20) {
		if !hasROCAFingerprint(rocaModulus(exponent)) {
			t.Errorf("a modulus of the form k*M + 65537^%d mod M was not recognised", exponent)
		}
	}
	for _, key := range []tokentest.Key{key1(), key2(), stranger()} {
		if hasROCAFingerprint(key.Private.Public().(*rsa.PublicKey).N) {
			t.Error("a sound modulus was taken for one")
		}
	}
}

func TestModulusThatFailsTheROCATestForOnePrimeIsSound(t *testing.T) {
	primes := []int64{3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97,
		101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167}
	for _, prime := range primes {
		p, others := big.NewInt(prime), big.NewInt(1)
		for _, other := range primes {
			if other != prime {
				others.Mul(others, big.NewInt(other))
			}
		}
		// n is a power of 65537 modulo the others, and a multiple of p.
		n := new(big.Int).Exp(big.NewInt(65537), big.NewInt(123456789), others)
		for new(big.Int).Mod(n, p).Sign() != 0 {
			n.Add(n, others)
		}
		if hasROCAFingerprint(n) {
			t.Errorf("a modulus that is no power of 65537 modulo %d was taken for one of ROCA", prime)
		}
	}
}

func TestRSAKeysHave2048To8192BitsAndAnOddExponentOf3To31Bits(t *testing.T) {
	// modulus has its highest and its lowest bit set.
	modulus := func(bits int) *big.Int { return new(big.Int).SetBit(big.NewInt(1), bits-1, 1) }
	for _, test := range []struct {
		bits, exponent int
		sound          bool
	}{
		{2047, 65537, false}, {2048, 65537, true}, {2049, 65537, true},
		{8191, 65537, true}, {8192, 65537, true}, {8193, 65537, false},
		{2048, 1, false}, {2048, 2, false}, {2048, 3, true}, {2048, 4, false}, {2048, 5, true}, {2048, 65536, false},
		{2048, 1<<31 - 1, true}, {2048, 1<<31 + 1, false}, {2048, -3, false}, {2048, 0, false},
	} {
		why := weakness(&rsa.PublicKey{N: modulus(test.bits), E: test.exponent})
		if (why == "") != test.sound {
			t.Errorf("%d bits, exponent %d: %q, want sound %v", test.bits, test.exponent, why, test.sound)
		}
	}
}

func TestCoordinateWithoutItsLeadingZeroIsRefused(t *testing.T) {
	for algorithm, curve := range map[string]elliptic.Curve{
		"ES256": elliptic.P256(), "ES384": elliptic.P384(), "ES512": elliptic.P521(),
	} {
		var key tokentest.Key
		x := []byte{1}
		for x[0] != 0 {
			key = tokentest.EC("short", algorithm, curve)
			x, _ = base64.RawURLEncoding.DecodeString(key.JWK()["x"].(string))
		}
		newBed(t, jwks(key.JWK()), Supported()...).expect(t, nil, key)
		short := members{"x": base64.RawURLEncoding.EncodeToString(x[1:])}
		newBed(t, jwks(key.JWK(short)), Supported()...).expect(t, ErrUnavailable, key)
	}
}

func TestReasonSaysWhatIsWrongWithAKey(t *testing.T) {
	otherCurve := tokentest.EC("p224", "", elliptic.P224()).Private.Public()
	two := append(ed25519.PublicKey{2}, make([]byte, 31)...)
	one := append(ed25519.PublicKey{1}, make([]byte, 31)...)
	for _, test := range []struct {
		key any
		why string
	}{
		{otherCurve, "a point that is not on the curve"},
		{two, "a point that is not on the curve"},
		{one, "a point of small order, under which anybody can sign"},
		{"no key", "a key of type string"},
	} {
		if got := weakness(test.key); got != test.why {
			t.Errorf("%v: got %q, want %q", test.key, got, test.why)
		}
	}
}
