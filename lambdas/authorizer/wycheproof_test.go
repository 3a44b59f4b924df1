package main

import (
	"bytes"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
)

// wycheproof is the exact version of the vectors; the counts below hold for it alone.
const wycheproof = "github.com/C2SP/wycheproof@v0.0.0-20250901140545-b51abcfb8daf"

// vectorsDir is the folder of the vectors in Go's module cache: they are data, and stay
// where the go command puts them.
var vectorsDir = sync.OnceValues(func() (string, error) {
	output, err := exec.Command("go", "mod", "download", "-json", wycheproof).Output()
	if err != nil {
		return "", err
	}
	var module struct{ Dir string }
	err = json.Unmarshal(output, &module)
	return filepath.Join(module.Dir, "testvectors_v1"), err
})

// vectors reads a file of vectors and fails if it does not hold as many as it should.
func vectors[T any](t *testing.T, file string, want int) []T {
	t.Helper()
	dir, err := vectorsDir()
	if err != nil {
		t.Skipf("skipped: the vectors cannot be downloaded (go mod download %s): %v", wycheproof, err)
	}
	text, err := os.ReadFile(filepath.Join(dir, file))
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		NumberOfTests int
		TestGroups    []T
	}
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	if document.NumberOfTests != want {
		t.Errorf("%d vectors, want %d", document.NumberOfTests, want)
	}
	return document.TestGroups
}

// The JWS level. The payloads are not claims, so what is asked is: split, header, key by
// kid, signature. Each key set goes the way of a published one.
func TestWycheproofJWS(t *testing.T) {
	type group struct {
		Public, Private members
		Tests           []struct {
			TcID    int `json:"tcId"`
			Comment string
			JWS     json.RawMessage
			Result  string
		}
	}
	for file, test := range map[string]struct {
		vectors, accepted int
		refused           []string // valid to Wycheproof, but not to us, and why below
	}{
		// HS256 is out for good, and its vectors do not count. 259 to 325: an empty payload,
		// which holds no claims. 346 and 350: a PS384 token under a key that says PS256. 347
		// and 351: the key says ES521, which is no algorithm.
		"json_web_signature_test.json": {401, 26, []string{"259", "264", "268", "272", "320", "325", "346", "347", "350", "351"}},
		"json_web_key_test.json":       {26, 1, nil},
		"json_web_crypto_test.json":    {83, 2, nil},
	} {
		t.Run(file, func(t *testing.T) {
			accepted := 0
			var refused []string
			for _, group := range vectors[group](t, file, test.vectors) {
				key := group.Public
				if key == nil {
					key = group.Private
				}
				published := []any{key}
				if set, ok := key["keys"].([]any); ok {
					published = set
				}
				symmetric := false
				for _, one := range published {
					// What is published of a key pair is the public part.
					one := one.(members)
					symmetric = symmetric || one["kty"] == "oct"
					if one["kty"] != "oct" {
						maps.DeleteFunc(one, func(name string, _ any) bool {
							return slices.Contains([]string{"d", "p", "q", "dp", "dq", "qi"}, name)
						})
					}
				}
				bed := newBed(t, toJSON(members{"keys": published}), everyAlgorithm)
				for _, vector := range group.Tests {
					if vector.JWS == nil {
						continue // about encryption
					}
					var token string
					ok := json.Unmarshal(vector.JWS, &token) == nil && bed.acceptsJWS(token)
					switch {
					case ok && vector.Result != "valid":
						t.Errorf("vector %d (%s) was accepted", vector.TcID, vector.Comment)
					case ok:
						accepted++
					case vector.Result == "valid" && !symmetric:
						refused = append(refused, strconv.Itoa(vector.TcID))
					}
				}
			}
			if accepted != test.accepted || !slices.Equal(refused, test.refused) {
				t.Errorf("accepted %d, refused of the valid %v; want %d and %v", accepted, refused, test.accepted, test.refused)
			}
		})
	}
}

func (b *testBed) acceptsJWS(token string) bool {
	set := b.keys.current.Load()
	jws, err := split(token)
	if err != nil || set == nil {
		return false
	}
	header, err := b.verifier.header(jws.header)
	return err == nil && jws.verify(header.alg, set.keys[header.kid]) == nil
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
			alg := algorithmNamed(algorithms, test.alg)
			for _, group := range vectors[group](t, test.file, test.vectors) {
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
