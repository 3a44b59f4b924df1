package main

import (
	"encoding/json"
	"maps"
	"testing"
)

func TestKeysThatAreNotUsedAreListedWithTheReason(t *testing.T) {
	local := startIssuer(t)
	var set struct {
		Keys []map[string]any `json:"keys"`
	}
	if err := json.Unmarshal(local.JWKS(), &set); err != nil {
		t.Fatal(err)
	}
	const notAllowed = `?? key        "other" (RSA PS256) is not used: ` +
		`it is for none of the allowed algorithms (RS256, the default)`
	const noSuchKind = `?? key        "other" (AKP RS256) is not used: no allowed algorithm goes with`
	for name, test := range map[string]struct {
		member, value string // of the second key
		code          int
		want          string
	}{
		"for encryption":      {"use", "enc", 0, `?? key        "other" (RSA RS256) is not used: use is not sig`},
		"another algorithm":   {"alg", "PS256", 0, notAllowed},
		"unknown kind of key": {"kty", "AKP", 0, noSuchKind},
		"private key":         {"d", "AQ", 1, `fix: have the issuer replace this key at once`},
	} {
		t.Run(name, func(t *testing.T) {
			other := maps.Clone(set.Keys[0])
			other["kid"], other[test.member] = "other", test.value
			document, err := json.Marshal(map[string]any{"keys": []any{set.Keys[0], other}})
			if err != nil {
				t.Fatal(err)
			}
			local.PublishJWKS(document)
			call{args: forAPI + local.URL()}.expect(t, test.code, test.want, `ok key        "`+local.KeyID()+`"`)
		})
	}
}
