package jwt

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"testing"

	"accountapi/lambdas/internal/jwks"
	"accountapi/lambdas/internal/tokentest"
)

// The payloads of these vectors are not claims, so what is asked is: split, header, key
// by kid, signature. Each key set is published and fetched.
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
		refused           []string // valid for Wycheproof, but not here; the reasons are below
	}{
		// HS256 is never supported, so its vectors do not count. 259 to 325: an empty payload,
		// which holds no claims. 346 and 350: a PS384 token under a key that says PS256. 347
		// and 351: the key says ES521, which is no algorithm.
		"json_web_signature_test.json": {401, 26, []string{
			"259", "264", "268", "272", "320", "325", "346", "347", "350", "351",
		}},
		"json_web_key_test.json":    {26, 1, nil},
		"json_web_crypto_test.json": {83, 2, nil},
	} {
		t.Run(file, func(t *testing.T) {
			accepted := 0
			var refused []string
			for _, group := range tokentest.Vectors[group](t, file, test.vectors) {
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
				bed := newBed(t, toJSON(members{"keys": published}))
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

// acceptsJWS is what of Verify is not about claims.
func (b *bed) acceptsJWS(token string) bool {
	jws, err := split(token)
	if err != nil {
		return false
	}
	header, err := readHeader(jws.header)
	if err != nil {
		return false
	}
	rules := b.issuers[testIssuer]
	algorithm, err := rules.checkHeader(header)
	return err == nil && verifySignature(context.Background(), rules.Keys, jwks.Signature{
		KeyID: header.keyID, Algorithm: algorithm, Signed: jws.signed, Value: jws.signature,
	}) == nil
}
