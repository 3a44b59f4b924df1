// Package differential compares the authorizer with three well-known verifiers of JSON
// Web Tokens: golang-jwt with keyfunc, go-jose and jwx. They must accept every token that
// the authorizer accepts, and read the same subject in it.
//
// Tokens that the authorizer refuses are not compared: it has reasons to refuse some that
// the others accept. The authorizer is the binary that ships, behind a Runtime API.
//
// go test runs the seeds; go test -fuzz FuzzDifferential ./test/differential looks for
// more.
package differential

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"accountapi/test/internal/authorizer"
	"accountapi/test/runtimeapi"

	"github.com/go-jose/go-jose/v4"
	"github.com/golang-jwt/jwt/v5"
)

// What the tokens say. All times are fixed, so that a finding of the fuzzer can be
// repeated.
const (
	issuer   = "https://issuer.example/"
	audience = "https://api.example"
	subject  = "user|42"
	issued   = "1700000000" // in 2023
	expires  = "4000000000" // in 2096

	clockSkew = 30 * time.Second // the authorizer's
)

var algorithms = []string{"RS256", "PS256", "ES256", "EdDSA"}

// verifiers is the authorizer and its peers, all with the same keys.
type verifiers struct {
	keys       map[string]any // private, by algorithm, which is also the kid
	authorizer *runtimeapi.Function
	peers      []peer
}

func newVerifiers(tb testing.TB) *verifiers {
	tb.Helper()
	must := func(err error) {
		if err != nil {
			tb.Fatal(err)
		}
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	must(err)
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	must(err)
	v := &verifiers{keys: map[string]any{"RS256": rsaKey, "PS256": rsaKey, "ES256": ecKey, "EdDSA": edKey}}
	var set jose.JSONWebKeySet
	for _, algorithm := range algorithms {
		key := jose.JSONWebKey{Key: v.keys[algorithm], KeyID: algorithm, Algorithm: algorithm, Use: "sig"}
		set.Keys = append(set.Keys, key.Public())
	}
	document, err := json.Marshal(set)
	must(err)
	v.peers, err = newPeers(document)
	must(err)

	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write(document) }))
	tb.Cleanup(server.Close)
	v.authorizer, err = authorizer.Start(runtimeapi.Config{
		Timeout: 10 * time.Second,
		Env: map[string]string{
			"TOKEN_ISSUER": issuer, "AUDIENCE": audience, "JWKS_URI": server.URL,
			"ALGORITHMS": strings.Join(algorithms, " "), "CLOCK_SKEW_SECONDS": fmt.Sprint(clockSkew.Seconds()),
		},
	})
	must(err)
	tb.Cleanup(func() { v.authorizer.Close() })
	return v
}

// judge asks the authorizer. It fails the test if the answer is neither Allow nor
// Unauthorized: the authorizer has the keys, so there is no token that it cannot check.
func (v *verifiers) judge(t testing.TB, token string) (principal string, accepted bool) {
	t.Helper()
	answer, err := authorizer.Ask(t.Context(), v.authorizer, "Bearer "+token)
	if err != nil {
		t.Fatal(err)
	}
	if answer.Effect != "Allow" && answer.Error != "Unauthorized" {
		t.Fatalf("the authorizer failed: %+v\n%s", answer, readable(token))
	}
	return answer.PrincipalID, answer.Effect == "Allow"
}

// compare compares the authorizer's verdict with every peer's, and returns it.
func (v *verifiers) compare(t testing.TB, token string) (accepted bool) {
	t.Helper()
	principal, accepted := v.judge(t, token)
	if !accepted {
		return false
	}
	token = strings.TrimLeft(token, " ") // RFC 6750 section 2.1 allows spaces after the scheme
	for _, p := range v.peers {
		sub, err := p.verify(token)
		switch {
		case err == nil && sub != principal:
			t.Errorf("%s reads the subject %q, the authorizer %q\n%s", p.name, sub, principal, readable(token))
		case err != nil && p.excuse(token, err) == "":
			t.Errorf("the authorizer accepts what %s refuses: %v\n%s", p.name, err, readable(token))
		}
	}
	return true
}

// readable returns a token with header and claims decoded.
func readable(token string) string {
	parts := strings.Split(token, ".")
	for n, part := range parts[:len(parts)-1] {
		if text, err := base64.RawURLEncoding.DecodeString(part); err == nil {
			parts[n] = fmt.Sprintf("%q", text)
		}
	}
	return strings.Join(parts, "\n")
}

func FuzzDifferential(f *testing.F) {
	programs := seeds()
	for _, seed := range programs {
		f.Add([]byte(seed))
	}
	v := newVerifiers(f)
	accepted := 0
	f.Fuzz(func(t *testing.T, program []byte) {
		if v.compare(t, v.run(program)) {
			accepted++
		}
	})
	// Only accepted tokens are compared, so the seeds must have enough of them. While
	// fuzzing, other processes count them.
	fuzzing := flag.Lookup("test.fuzz").Value.String() != ""
	if share := float64(accepted) / float64(len(programs)); !fuzzing && (share < 0.3 || share > 0.9) {
		f.Errorf("%d of %d seeds are accepted, want 30 to 90 %%", accepted, len(programs))
	}
}

// sign makes a compact JWS of exactly these bytes.
func (v *verifiers) sign(algorithm string, header, payload []byte) string {
	input := base64.RawURLEncoding.EncodeToString(header) + "." + base64.RawURLEncoding.EncodeToString(payload)
	signature, err := jwt.GetSigningMethod(algorithm).Sign(input, v.keys[algorithm])
	if err != nil {
		panic(err) // each key is of its algorithm
	}
	return input + "." + base64.RawURLEncoding.EncodeToString(signature)
}
