package main

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// The test kit: real keys, a real HTTP server that publishes them, and tokens that can be
// edited in any way before or after they are signed.

const (
	testIssuer   = "https://tenant.example/"
	testAudience = "https://api.example"
	testArn      = "arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/prod/GET/profile"
	testStage    = "arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/prod/*"
)

var testNow = time.Unix(1_800_000_000, 0)

// keyPair is a key of a test issuer.
type keyPair struct {
	kid, alg string // the algorithm it signs with
	private  crypto.Signer
}

func rsaKey(kid, alg string, bits int) keyPair {
	private, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		panic(err)
	}
	return keyPair{kid, alg, private}
}

func ecKey(kid, alg string, curve elliptic.Curve) keyPair {
	private, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		panic(err)
	}
	return keyPair{kid, alg, private}
}

func edKey(kid string) keyPair {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	return keyPair{kid, "EdDSA", private}
}

// The keys are made once for the package: RSA takes its time.
var (
	key1     = sync.OnceValue(func() keyPair { return rsaKey("key-1", "RS256", 2048) })
	key2     = sync.OnceValue(func() keyPair { return rsaKey("key-2", "RS256", 2048) })
	stranger = sync.OnceValue(func() keyPair { return rsaKey("key-1", "RS256", 2048) })
	p256     = sync.OnceValue(func() keyPair { return ecKey("p256", "ES256", elliptic.P256()) })
	p384     = sync.OnceValue(func() keyPair { return ecKey("p384", "ES384", elliptic.P384()) })
	p521     = sync.OnceValue(func() keyPair { return ecKey("p521", "ES512", elliptic.P521()) })
	ed       = sync.OnceValue(func() keyPair { return edKey("ed") })
)

func (k keyPair) as(kid, alg string) keyPair { return keyPair{kid, alg, k.private} }

type members = map[string]any

// jwk is the public key as a JWK (RFC 7517), with other members on top; nil removes one.
func (k keyPair) jwk(others ...members) members {
	b64 := base64.RawURLEncoding.EncodeToString
	var m members
	switch public := k.private.Public().(type) {
	case *rsa.PublicKey:
		m = members{"kty": "RSA", "n": b64(public.N.Bytes()), "e": b64(big.NewInt(int64(public.E)).Bytes())}
	case *ecdsa.PublicKey:
		size := (public.Params().BitSize + 7) / 8
		point, err := public.Bytes()
		if err != nil {
			panic(err)
		}
		m = members{"kty": "EC", "crv": public.Params().Name, "x": b64(point[1 : 1+size]), "y": b64(point[1+size:])}
	case ed25519.PublicKey:
		m = members{"kty": "OKP", "crv": "Ed25519", "x": b64(public)}
	}
	maps.Copy(m, members{"kid": k.kid, "use": "sig", "alg": k.alg})
	for _, other := range others {
		maps.Copy(m, other)
	}
	maps.DeleteFunc(m, func(_ string, v any) bool { return v == nil })
	return m
}

func jwks(keys ...members) string { return toJSON(members{"keys": keys}) }

func toJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// sign makes a JWS signature, as the algorithm named alg demands.
func sign(alg string, private crypto.Signer, signed string) []byte {
	hashes := map[string]crypto.Hash{"256": crypto.SHA256, "384": crypto.SHA384, "512": crypto.SHA512}
	hash := hashes[alg[2:]]
	digest := func() []byte {
		h := hash.New()
		h.Write([]byte(signed))
		return h.Sum(nil)
	}
	var signature []byte
	var err error
	switch alg[:2] {
	case "RS":
		signature, err = private.Sign(rand.Reader, digest(), hash)
	case "PS":
		signature, err = private.Sign(rand.Reader, digest(), &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: hash})
	case "ES":
		key := private.(*ecdsa.PrivateKey)
		r, s, signErr := ecdsa.Sign(rand.Reader, key, digest())
		size := (key.Params().BitSize + 7) / 8
		signature, err = append(r.FillBytes(make([]byte, size)), s.FillBytes(make([]byte, size))...), signErr
	case "Ed":
		signature, err = private.Sign(rand.Reader, []byte(signed), crypto.Hash(0))
	}
	if err != nil {
		panic(err)
	}
	return signature
}

// draft is a token before it is signed.
type draft struct {
	key                   keyPair
	header, claims        members
	rawHeader, rawPayload string // instead of header and claims
	signAs                string // the algorithm used, whatever the header says
	signature             func(signed string, signature []byte) []byte
	finish                func(token string) string
}

type edit func(*draft)

// mint makes a token that is good in every way but the edits.
func mint(edits ...edit) string {
	d := draft{key: key1(), claims: goodClaims()}
	d.header = members{"typ": "JWT"}
	for _, e := range edits {
		e(&d)
	}
	for name, value := range map[string]string{"alg": d.key.alg, "kid": d.key.kid} {
		if _, edited := d.header[name]; !edited {
			d.header[name] = value
		}
	}
	removed := func(_ string, v any) bool { return v == absent }
	maps.DeleteFunc(d.header, removed)
	maps.DeleteFunc(d.claims, removed)
	header, payload := d.rawHeader, d.rawPayload
	if header == "" {
		header = toJSON(d.header)
	}
	if payload == "" {
		payload = toJSON(d.claims)
	}
	b64 := base64.RawURLEncoding.EncodeToString
	signed := b64([]byte(header)) + "." + b64([]byte(payload))
	alg := d.key.alg
	if d.signAs != "" {
		alg = d.signAs
	}
	signature := sign(alg, d.key.private, signed)
	if d.signature != nil {
		signature = d.signature(signed, signature)
	}
	token := signed + "." + b64(signature)
	if d.finish != nil {
		token = d.finish(token)
	}
	return token
}

// absent as the value of a member takes it away.
var absent = new(struct{ byte })

func goodClaims() members {
	return members{
		"iss": testIssuer, "sub": "auth0|42", "aud": testAudience, "azp": "client", "scope": "get:profile",
		"iat": testNow.Unix() - 60, "exp": testNow.Unix() + 3600, "jti": "x",
	}
}

func by(key keyPair) edit                      { return func(d *draft) { d.key = key } }
func headerMember(name string, value any) edit { return func(d *draft) { d.header[name] = value } }
func claim(name string, value any) edit        { return func(d *draft) { d.claims[name] = value } }
func rawHeader(text string) edit               { return func(d *draft) { d.rawHeader = text } }
func rawPayload(text string) edit              { return func(d *draft) { d.rawPayload = text } }
func signedAs(alg string) edit                 { return func(d *draft) { d.signAs = alg } }
func finished(f func(string) string) edit      { return func(d *draft) { d.finish = f } }
func signature(f func([]byte) []byte) edit {
	return func(d *draft) { d.signature = func(_ string, s []byte) []byte { return f(s) } }
}
func in(d time.Duration) any { return testNow.Add(d).Unix() }

// part edits one of the three parts of a finished token.
func part(i int, f func(string) string) edit {
	return finished(func(token string) string {
		parts := strings.Split(token, ".")
		parts[i] = f(parts[i])
		return strings.Join(parts, ".")
	})
}

// rawClaims is the JSON of good claims with one more member, written as given.
func rawClaims(more string) edit {
	return rawPayload(strings.TrimSuffix(toJSON(goodClaims()), "}") + "," + more + "}")
}

func hs256(secret []byte) edit {
	return func(d *draft) {
		d.header["alg"] = "HS256"
		d.signature = func(signed string, _ []byte) []byte {
			mac := hmac.New(sha256.New, secret)
			mac.Write([]byte(signed))
			return mac.Sum(nil)
		}
	}
}

// clock is a wall clock that a test moves. Like a real one it never stands still: what
// is fetched after a look at it is younger than that look.
type clock struct{ offset atomic.Int64 }

func (c *clock) now() time.Time {
	return testNow.Add(time.Duration(c.offset.Add(int64(time.Microsecond))))
}
func (c *clock) advance(d time.Duration) { c.offset.Add(int64(d)) }

// syncBuffer is a log that may be written to while it is read: by a fetch for which no
// caller waits any more.
type syncBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}

func (b *syncBuffer) Reset() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.buffer.Reset()
}

// testBed is an authorizer, built as main builds it, with its issuer.
type testBed struct {
	*authorizer
	clock   *clock
	lines   *syncBuffer
	fetches atomic.Int64
	serve   atomic.Pointer[http.HandlerFunc]
}

// publish makes the issuer answer with this document from now on.
func (b *testBed) publish(document string) {
	b.answer(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, document) })
}

func (b *testBed) answer(f http.HandlerFunc) { b.serve.Store(&f) }

// newBed starts an issuer with this JWK Set and an authorizer with these settings on top
// of the usual ones, and fetches the keys as init does.
func newBed(t testing.TB, document string, settings ...string) *testBed {
	t.Helper()
	b := &testBed{clock: &clock{}, lines: &syncBuffer{}}
	b.publish(document)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.fetches.Add(1)
		(*b.serve.Load())(w, r)
	}))
	t.Cleanup(server.Close)
	b.start(t, server.URL, settings...)
	b.keys.prefetch(context.Background())
	return b
}

func (b *testBed) start(t testing.TB, jwksURI string, settings ...string) {
	t.Helper()
	env := map[string]string{"TOKEN_ISSUER": testIssuer, "AUDIENCE": testAudience, "JWKS_URI": jwksURI, "AWS_LAMBDA_FUNCTION_NAME": "authorizer"}
	for _, setting := range settings {
		name, value, _ := strings.Cut(setting, "=")
		env[name] = value
	}
	a, err := newAuthorizer(func(name string) string { return env[name] }, b.lines)
	if err != nil {
		t.Fatal(err)
	}
	a.keys.now = func() time.Time { return b.clock.now().Round(0) }
	a.verifier.now = b.clock.now
	t.Cleanup(a.keys.close)
	b.authorizer = a
}

// all has every kind of key, so that a test can be about the token.
func everyKey() string {
	return jwks(key1().jwk(), key2().jwk(), p256().jwk(), p384().jwk(), p521().jwk(), ed().jwk(),
		key1().as("ps256", "PS256").jwk(), key1().as("no-alg", "").jwk(members{"alg": nil}))
}

const everyAlgorithm = "ALGORITHMS=RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA"

// call sends an Authorization value through the handler and returns the decision and the
// reason, both as logged, after checking that the answer says the same and that nothing of
// the token is in the log or the error.
func (b *testBed) call(t testing.TB, authorization string) (decision, why string) {
	t.Helper()
	return b.callWith(t, context.Background(), authorization)
}

func (b *testBed) callWith(t testing.TB, ctx context.Context, authorization string) (decision, why string) {
	t.Helper()
	b.lines.Reset()
	answer, err := b.handle(ctx, request{Type: "TOKEN", AuthorizationToken: authorization, MethodArn: testArn})
	var line struct{ Decision, Reason string }
	text := b.lines.String()
	for one := range strings.Lines(text) {
		if strings.Contains(one, `"msg":"decision"`) {
			if err := json.Unmarshal([]byte(one), &line); err != nil {
				t.Fatalf("the log line is no JSON: %v\n%s", err, one)
			}
		}
	}
	got := "error"
	switch {
	case err == nil:
		got = strings.ToLower(answer.PolicyDocument.Statement[0].Effect)
	case err.Error() == "Unauthorized":
		got = "refuse"
	}
	if got != line.Decision {
		t.Errorf("answered %q but logged %q", got, line.Decision)
	}
	for part := range strings.FieldsFuncSeq(authorization, func(r rune) bool { return strings.ContainsRune(". ", r) }) {
		if len(part) > 40 && (strings.Contains(text, part) || err != nil && strings.Contains(err.Error(), part)) {
			t.Errorf("a part of the token is in the log or the error: %s", text)
		}
	}
	return line.Decision, line.Reason
}
