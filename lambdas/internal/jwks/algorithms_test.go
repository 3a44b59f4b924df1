package jwks

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"slices"
	"testing"

	"accountapi/lambdas/internal/tokentest"
)

func TestKeyWithoutAlgIsForTheAlgorithmsOfItsKindAndCurve(t *testing.T) {
	keys := []tokentest.Key{key1(), p256(), p384(), tokentest.P521(), ed()}
	var published []members
	for _, key := range keys {
		published = append(published, key.JWK(members{"alg": nil}))
	}
	bed := newBed(t, jwks(published...), Supported()...)
	for _, key := range keys {
		for _, algorithm := range Supported() {
			kind := algorithm.Name[:2]
			rsa := key.ID == "key-1" && (kind == "RS" || kind == "PS")
			signature := Signature{KeyID: key.ID, Algorithm: algorithm, Value: []byte("none"), Issued: bed.clock.Now()}
			want := ErrAlgorithm
			if rsa || algorithm.Name == key.Algorithm || algorithm.Name == "Ed25519" && key.ID == "ed" {
				want = ErrSignature
			}
			if got := bed.Verify(t.Context(), signature); got != want {
				t.Errorf("%s under %s: got %v, want %v", algorithm.Name, key.ID, got, want)
			}
		}
	}
}

// RFC 9864 section 2.2: EdDSA with the curve Ed25519 is the algorithm Ed25519.
func TestEd25519IsAnotherNameOfEdDSA(t *testing.T) {
	for _, published := range []any{nil, "EdDSA", "Ed25519"} {
		bed := newBed(t, jwks(ed().JWK(members{"alg": published})), Supported()...)
		for _, alg := range []string{"EdDSA", "Ed25519"} {
			bed.expect(t, nil, ed().As("ed", alg))
		}
	}
	bed := newBed(t, jwks(ed().JWK(members{"alg": "Ed448"}), key1().JWK()), Supported()...)
	bed.expect(t, ErrUnknownKey, ed().As("ed", "Ed25519"))
	bed = newBed(t, jwks(ed().JWK(), key1().JWK(members{"alg": "EdDSA"})), Supported()...)
	bed.expect(t, ErrUnknownKey, key1())
}

func TestAlgorithmVerifiesNothingWithAKeyOfAnotherKind(t *testing.T) {
	signed, signature := []byte("signed"), make([]byte, 64)
	for _, algorithm := range Supported() {
		for _, key := range []tokentest.Key{key1(), p256(), p384(), tokentest.P521(), ed()} {
			if slices.Contains([]string{"RS", "PS"}, algorithm.Name[:2]) && key.ID == "key-1" ||
				algorithm.Name == key.Algorithm || algorithm.Name == "Ed25519" && key.ID == "ed" {
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
		{"ed25519_test.json", "Ed25519", 150, false},
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
