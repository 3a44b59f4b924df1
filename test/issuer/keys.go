package issuer

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/go-jose/go-jose/v4"
)

// algorithms are the signature algorithms of RFC 7518 section 3.1, RFC 8037 and RFC 9864
// with a public key.
var algorithms = []string{
	"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519",
}

// A key is a key pair with the kid and alg of its JWK.
type key struct {
	id        string
	algorithm string
	private   crypto.Signer
}

// newKey generates the key pair for one of algorithms. Its ID is the beginning of its
// thumbprint (RFC 7638), with the length of Auth0's key IDs.
func newKey(algorithm string) *key {
	var private crypto.Signer
	switch algorithm {
	case "ES256":
		private = must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	case "ES384":
		private = must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))
	case "ES512":
		private = must(ecdsa.GenerateKey(elliptic.P521(), rand.Reader))
	case "EdDSA", "Ed25519":
		_, ed, err := ed25519.GenerateKey(rand.Reader)
		private = must(ed, err)
	default:
		private = must(rsa.GenerateKey(rand.Reader, 2048))
	}
	k := &key{algorithm: algorithm, private: private}
	k.id = base64.RawURLEncoding.EncodeToString(must(k.jwk().Thumbprint(crypto.SHA256)))[:21]
	return k
}

// must returns the value of a call that cannot fail with its arguments.
func must[T any](value T, err error) T {
	if err != nil {
		panic(fmt.Sprintf("issuer: %v", err))
	}
	return value
}

// jwk returns the public key with the members that Auth0's keys have.
func (k *key) jwk() *jose.JSONWebKey {
	return &jose.JSONWebKey{Key: k.private.Public(), KeyID: k.id, Algorithm: k.algorithm, Use: "sig"}
}

// KeyID returns the kid of the key that signs by default.
func (i *Issuer) KeyID() string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.signing[0].id
}

// Rotate creates and publishes a new signing key for every algorithm, and returns the kid
// of the one that signs by default. The old keys remain published, so tokens signed with
// them remain good until RetireOldKeys.
func (i *Issuer) Rotate() string {
	fresh := make([]*key, len(i.config.Algorithms))
	for n, algorithm := range i.config.Algorithms {
		fresh[n] = newKey(algorithm) // before the lock, because generating an RSA key is slow
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.signing = fresh
	i.published = append(i.published, fresh...)
	return fresh[0].id
}

// RetireOldKeys removes every key from the set that is not a current signing key,
// including those of AddKey. A verifier must refuse tokens signed with them after it has
// fetched the new set.
func (i *Issuer) RetireOldKeys() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.published = slices.Clone(i.signing)
}

// AddKey publishes another key with the given kid, which may be in use already, or empty.
// It signs only tokens created with SignedBy(kid); of several keys with the same kid, the
// latest signs.
func (i *Issuer) AddKey(kid, algorithm string) error {
	if !slices.Contains(algorithms, algorithm) {
		return fmt.Errorf("add key %q: unknown algorithm %q, want one of %v", kid, algorithm, algorithms)
	}
	k := newKey(algorithm)
	k.id = kid
	i.mu.Lock()
	defer i.mu.Unlock()
	i.published = append(i.published, k)
	return nil
}

// PublishJWKS makes the JWK Set endpoint answer with document, unchecked, instead of the
// issuer's keys. nil ends that. JWKS returns a good document to begin with.
func (i *Issuer) PublishJWKS(document []byte) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.document = slices.Clone(document)
}

// JWKS returns the JWK Set (RFC 7517 section 5) that the endpoint serves.
func (i *Issuer) JWKS() []byte {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.document != nil {
		return slices.Clone(i.document)
	}
	set := struct {
		Keys []*jose.JSONWebKey `json:"keys"`
	}{}
	for _, k := range i.published {
		set.Keys = append(set.Keys, k.jwk())
	}
	return must(json.Marshal(set))
}

// stray returns a key for the algorithm that is never published.
func (i *Issuer) stray(algorithm string) *key {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.strays[algorithm] == nil {
		i.strays[algorithm] = newKey(algorithm) // under the lock, so that all faults use the same key
	}
	return i.strays[algorithm]
}
