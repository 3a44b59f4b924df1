package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"strings"
	"testing"

	"accountapi/test/internal/authorizer"

	"github.com/google/go-cmp/cmp"
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

func TestSetWithoutAUsableKeyIsReportedByKeyAndMember(t *testing.T) {
	local := startIssuer(t)
	var set struct {
		Keys []map[string]any `json:"keys"`
	}
	if err := json.Unmarshal(local.JWKS(), &set); err != nil {
		t.Fatal(err)
	}
	const noAlgorithm = "no allowed algorithm goes with kty"
	for name, test := range map[string]struct{ member, value, says, fix string }{
		"for encryption":    {"use", "enc", "use is not sig", `have the issuer publish its signing key, with "use":"sig"`},
		"unknown kind":      {"kty", "AKP", noAlgorithm, "have the issuer sign with a key for one of"},
		"another alg":       {"alg", "RSA-OAEP", noAlgorithm, "have the issuer sign with a key for one of"},
		"private key":       {"d", "AQ", "PRIVATE or secret key published", "have the issuer replace this key at once"},
		"small RSA key":     {"n", "AQAB", "", "have the issuer replace this key by a sound one"},
		"not for verifying": {"key_ops", "sign", "key_ops", `have the issuer publish the key with "key_ops":["verify"]`},
	} {
		t.Run(name, func(t *testing.T) {
			key := maps.Clone(set.Keys[0])
			key[test.member] = test.value
			if test.member == "key_ops" {
				key[test.member] = []string{test.value}
			}
			document, err := json.Marshal(map[string]any{"keys": []any{key}})
			if err != nil {
				t.Fatal(err)
			}
			local.PublishJWKS(document)
			call{args: forAPI + local.URL()}.expectMistake(t, `is not used: `+test.says, test.fix)
			output, _ := call{args: forAPI + local.URL()}.run(t)
			if !strings.Contains(output, `!! key        "`+local.KeyID()+`" (`) && test.member != "d" {
				t.Errorf("the first mistake does not name the key:\n%s", output)
			}
			if strings.Contains(output, "must answer 200") {
				t.Errorf("the URL does answer 200:\n%s", output)
			}
		})
	}
}

// The key sets are given, because they are what the authorizer logs: a JWK without kid is
// listed with an empty kid.
func TestKeyWithoutKidIsListedForTokensWithoutKid(t *testing.T) {
	e := endpoint{keys: []publishedKey{{Kid: "a", Kty: "EC", Alg: "ES256"}, {Kty: "RSA", Alg: "RS256"}}}
	both, one := authorizer.KeySet{Kept: []string{"", "a"}}, authorizer.KeySet{Kept: []string{"a"}}
	const other = `ok key        "a" (EC ES256) is used` + "\n"
	const used = "ok key        without kid (RSA RS256) is used, for tokens without kid only\n"
	const notUsed = "?? key        without kid (RSA RS256) is not used: " +
		"it is for none of the allowed algorithms (ES256)\n"
	for name, test := range map[string]struct {
		withSettings authorizer.KeySet
		want         string
	}{
		"used":     {both, used + other},
		"not used": {one, notUsed + other},
	} {
		t.Run(name, func(t *testing.T) {
			var output bytes.Buffer
			d := &doctor{examination: &examination{report: &report{out: &output}}}
			d.use.Algorithms = []string{"ES256"}
			d.listKeys(test.withSettings, both, e)
			if diff := cmp.Diff(test.want, output.String()); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
