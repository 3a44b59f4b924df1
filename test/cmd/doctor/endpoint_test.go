package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAlgorithmOfAKeyWithoutAlgIsTheUsualOneOfItsType(t *testing.T) {
	for name, test := range map[string]struct {
		key  publishedKey
		want []string
	}{
		"RSA":                   {publishedKey{Kid: "a", Kty: "RSA"}, []string{"RS256"}},
		"P-256":                 {publishedKey{Kid: "a", Kty: "EC", Crv: "P-256"}, []string{"ES256"}},
		"P-384":                 {publishedKey{Kid: "a", Kty: "EC", Crv: "P-384"}, []string{"ES384"}},
		"P-521":                 {publishedKey{Kid: "a", Kty: "EC", Crv: "P-521"}, []string{"ES512"}},
		"Ed25519":               {publishedKey{Kid: "a", Kty: "OKP", Crv: "Ed25519"}, []string{"EdDSA"}},
		"with alg":              {publishedKey{Kid: "a", Kty: "RSA", Alg: "PS512"}, []string{"PS512"}},
		"unsupported algorithm": {publishedKey{Kid: "a", Kty: "EC", Crv: "secp256k1"}, nil},
		"another kid":           {publishedKey{Kid: "b", Kty: "RSA"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got := endpoint{keys: []publishedKey{test.key}}.algorithms([]string{"a"})
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
