package jwks

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"slices"
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

func TestKeyWithoutAlgIsForTheAlgorithmsOfItsKindAndCurve(t *testing.T) {
	noAlg := members{"alg": nil}
	bed := newBed(t, jwks(key1().JWK(noAlg), p256().JWK(noAlg), p384().JWK(noAlg), tokentest.P521().JWK(noAlg), ed().JWK(noAlg)),
		Supported()...)
	for _, key := range []tokentest.Key{key1(), p256(), p384(), tokentest.P521(), ed()} {
		for _, algorithm := range Supported() {
			kind := algorithm.Name[:2]
			rsa := key.ID == "key-1" && (kind == "RS" || kind == "PS")
			signature := Signature{KeyID: key.ID, Algorithm: algorithm, Value: []byte("none"), Issued: bed.clock.Now()}
			want := ErrAlgorithm
			if rsa || algorithm.Name == key.Algorithm {
				want = ErrSignature
			}
			if got := bed.Verify(t.Context(), signature); got != want {
				t.Errorf("%s under %s: got %v, want %v", algorithm.Name, key.ID, got, want)
			}
		}
	}
}

func TestCoordinateWithoutItsLeadingZeroIsRefused(t *testing.T) {
	var key tokentest.Key
	x := []byte{1}
	for x[0] != 0 {
		key = tokentest.EC("short", "ES256", elliptic.P256())
		x, _ = base64.RawURLEncoding.DecodeString(key.JWK()["x"].(string))
	}
	newBed(t, jwks(key.JWK()), Supported()...).expect(t, nil, key)
	short := members{"x": base64.RawURLEncoding.EncodeToString(x[1:])}
	newBed(t, jwks(key.JWK(short)), Supported()...).expect(t, ErrUnavailable, key)
}

func TestBadSignatureIsReportedWhateverElseIsUnderTheKid(t *testing.T) {
	rsa, ec := key1().As("a", "RS256").JWK(), p256().As("a", "ES256").JWK()
	for _, document := range []string{jwks(rsa, ec), jwks(ec, rsa)} {
		newBed(t, document, Supported()...).expect(t, ErrSignature, stranger().As("a", "RS256"))
	}
}

func TestAlgorithmVerifiesNothingWithAKeyOfAnotherKind(t *testing.T) {
	signed, signature := []byte("signed"), make([]byte, 64)
	for _, algorithm := range Supported() {
		for _, key := range []tokentest.Key{key1(), p256(), p384(), tokentest.P521(), ed()} {
			if slices.Contains([]string{"RS", "PS"}, algorithm.Name[:2]) && key.ID == "key-1" ||
				algorithm.Name == key.Algorithm {
				continue
			}
			if algorithm.verify(algorithm, key.Private.Public(), signed, signature) {
				t.Errorf("%s has verified a signature with the key %s", algorithm.Name, key.ID)
			}
		}
	}
	// ES256 has signed this with a key of P-384.
	es256, digest := Supported().Named("ES256"), sha256.Sum256(signed)
	r, s, err := ecdsa.Sign(rand.Reader, p384().Private.(*ecdsa.PrivateKey), digest[:])
	if err != nil {
		t.Fatal(err)
	}
	both := append(r.FillBytes(make([]byte, 48)), s.FillBytes(make([]byte, 48))...)
	if es256.verify(es256, p384().Private.Public(), signed, both) {
		t.Error("ES256 has verified a signature on P-384")
	}
	edDSA := Supported().Named("EdDSA")
	if edDSA.verify(edDSA, ed25519.PublicKey("short"), signed, signature) {
		t.Error("EdDSA has verified a signature with a key of 5 bytes")
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

// The primitives behind each algorithm.
func TestWycheproofSignatures(t *testing.T) {
	type group struct {
		PublicKeyPem string
		Tests        []struct {
			TcID     int `json:"tcId"`
			Comment  string
			Msg, Sig string // in hex
			Result   string
		}
	}
	for _, test := range []struct {
		file     string
		alg      string
		vectors  int
		mustFail bool // parameters that the algorithm does not have
	}{
		{"rsa_signature_2048_sha256_test.json", "RS256", 259, false},
		{"rsa_signature_3072_sha256_test.json", "RS256", 259, false},
		{"rsa_signature_4096_sha256_test.json", "RS256", 258, false},
		{"rsa_signature_8192_sha256_test.json", "RS256", 258, false},
		{"rsa_signature_2048_sha384_test.json", "RS384", 258, false},
		{"rsa_signature_2048_sha512_test.json", "RS512", 259, false},
		{"rsa_pss_2048_sha256_mgf1_32_test.json", "PS256", 108, false},
		{"rsa_pss_3072_sha256_mgf1_32_test.json", "PS256", 108, false},
		{"rsa_pss_4096_sha256_mgf1_32_test.json", "PS256", 108, false},
		{"rsa_pss_2048_sha384_mgf1_48_test.json", "PS384", 141, false},
		{"rsa_pss_4096_sha512_mgf1_64_test.json", "PS512", 179, false},
		{"rsa_pss_2048_sha256_mgf1_0_test.json", "PS256", 103, true},
		{"rsa_pss_2048_sha256_mgf1sha1_20_test.json", "PS256", 108, true},
		{"ecdsa_secp256r1_sha256_p1363_test.json", "ES256", 252, false},
		{"ecdsa_secp384r1_sha384_p1363_test.json", "ES384", 270, false},
		{"ecdsa_secp521r1_sha512_p1363_test.json", "ES512", 308, false},
		{"ed25519_test.json", "EdDSA", 150, false},
	} {
		t.Run(test.file, func(t *testing.T) {
			alg := Supported().Named(test.alg)
			for _, group := range tokentest.Vectors[group](t, test.file, test.vectors) {
				block, _ := pem.Decode([]byte(group.PublicKeyPem))
				public, err := x509.ParsePKIXPublicKey(block.Bytes)
				if err != nil {
					t.Fatal(err)
				}
				if why := weakness(public); why != "" {
					t.Errorf("the key would be dropped: %s", why)
				}
				for _, vector := range group.Tests {
					message, _ := hex.DecodeString(vector.Msg)
					signature, _ := hex.DecodeString(vector.Sig)
					got := alg.verify(alg, public, message, bytes.Clone(signature))
					want := vector.Result == "valid"
					if test.mustFail {
						// One vector of the salt-less file happens to be a PS256 signature.
						want = vector.Comment == "s_len changed to 32" && test.file == "rsa_pss_2048_sha256_mgf1_0_test.json"
					}
					if got != want {
						t.Errorf("vector %d (%s): verified %v, want %v", vector.TcID, vector.Comment, got, want)
					}
				}
			}
		})
	}
}
