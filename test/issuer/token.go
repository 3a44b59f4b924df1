package issuer

import (
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Token returns a new access token of the first of [Issuer.Kinds], for the configured
// audience and with all scopes of the API, changed by options. They apply in order: a
// later one overrides an earlier one. Without options the token is good.
//
// It panics when the token cannot be created: there is no key with that kid, or JSON
// cannot represent a claim. Both are mistakes in the calling test, which should not have
// to handle an error in every row of its table (as with httptest.NewRequest).
func (i *Issuer) Token(options ...Option) string {
	return must(i.mint(options...))
}

// Sign returns a compact JWS (RFC 7515 section 7.1) of exactly these bytes, signed with
// the key that signs by default: for headers and payloads that options cannot create,
// such as repeated members.
func (i *Issuer) Sign(header, payload []byte) string {
	i.mu.Lock()
	signer := i.signing[0]
	i.mu.Unlock()
	return must(signer.sign(header, payload))
}

// A TokenFault is a common reason to refuse a token. As an Option it gives the token this
// fault and no other.
type TokenFault string

// The faults. Each must lead to 401.
const (
	// Expired has an exp one hour ago.
	Expired TokenFault = "expired"
	// NotYetValid has an nbf in one hour.
	NotYetValid TokenFault = "not-yet-valid"
	// WrongAudience is for another API of the same tenant.
	WrongAudience TokenFault = "wrong-audience"
	// WrongIssuer has another tenant's iss, but is signed with this tenant's key.
	WrongIssuer TokenFault = "wrong-issuer"
	// UnknownKey is signed with a key that is not in the JWK Set, and has that key's kid.
	UnknownKey TokenFault = "unknown-key"
	// WrongKey is signed with that same key, but has the kid of a published key.
	WrongKey TokenFault = "wrong-key"
	// AlgNone is not signed (RFC 8725 section 2.1).
	AlgNone TokenFault = "alg-none"
	// Tampered is a good token whose subject was changed after it was signed.
	Tampered TokenFault = "tampered"
	// HMACWithPublicKey has alg HS256 and a MAC whose key is the PEM of the public key
	// (RFC 8725 section 2.1).
	HMACWithPublicKey TokenFault = "hs256-with-public-key"
)

// TokenFaults returns every TokenFault, in the order of their documentation.
func TokenFaults() []TokenFault {
	return []TokenFault{
		Expired, NotYetValid, WrongAudience, WrongIssuer, UnknownKey, WrongKey, AlgNone, Tampered, HMACWithPublicKey,
	}
}

func (f TokenFault) apply(d *draft) {
	switch f {
	case Expired:
		d.claims["iat"] = d.now.Add(-time.Hour - d.lifetime).Unix()
		d.claims["exp"] = d.now.Add(-time.Hour).Unix()
	case NotYetValid:
		d.claims["nbf"] = d.now.Add(time.Hour).Unix()
		d.claims["exp"] = d.now.Add(time.Hour + d.lifetime).Unix()
	case WrongAudience:
		Audience("https://another-api.example.com/").apply(d)
	case WrongIssuer:
		d.claims["iss"] = "https://another-tenant.example.com/"
	default:
		d.fault = f
	}
}

// mint is Token for the endpoints, which answer with the error.
func (i *Issuer) mint(options ...Option) (string, error) {
	d := &draft{issuer: i, now: i.config.Now(), lifetime: i.config.Lifetime}
	for _, option := range append([]Option{i.Kinds()[0]}, options...) {
		option.apply(d)
	}
	if d.err != nil {
		return "", d.err
	}

	signer, err := i.signer(d.kid, d.alg)
	if err != nil {
		return "", err
	}
	switch d.fault {
	case UnknownKey:
		signer = i.stray(signer.algorithm)
	case WrongKey:
		signer = &key{id: signer.id, algorithm: signer.algorithm, private: i.stray(signer.algorithm).private}
	}
	parameters := members{"alg": signer.algorithm, "kid": signer.id}
	isHMAC, isEncrypted := d.shape.header["alg"] == "HS512", d.shape.header["enc"] != nil
	switch {
	case isHMAC:
		parameters["kid"] = rand.Text() // of a secret of the issuer
	case isEncrypted:
		delete(parameters, "kid")
	}
	switch d.fault {
	case AlgNone:
		parameters["alg"] = "none"
	case HMACWithPublicKey:
		parameters["alg"] = "HS256"
	}
	maps.Copy(parameters, d.header)
	for _, name := range d.without {
		delete(parameters, name)
	}

	header, err := json.Marshal(parameters)
	if err != nil {
		return "", fmt.Errorf("token header: %w", err)
	}
	payload, err := json.Marshal(d.claims)
	if err != nil {
		return "", fmt.Errorf("token claims: %w", err)
	}
	switch {
	case isHMAC:
		return compact(header, payload, jwt.SigningMethodHS512, []byte(rand.Text()))
	case isEncrypted: // a JWE (RFC 7516 section 3.1): nobody but the issuer can read it
		part := func() string { return base64.RawURLEncoding.EncodeToString([]byte(rand.Text())) }
		return strings.Join([]string{base64.RawURLEncoding.EncodeToString(header), part(), part(), part(), part()}, "."), nil
	}
	switch d.fault {
	case AlgNone:
		return signingInput(header, payload) + ".", nil
	case HMACWithPublicKey:
		return signer.signHMAC(header, payload)
	case Tampered:
		token, err := signer.sign(header, payload)
		if err != nil {
			return "", err
		}
		d.claims["sub"] = "somebody-else"
		signature := token[strings.LastIndexByte(token, '.'):]
		return signingInput(header, must(json.Marshal(d.claims))) + signature, nil
	}
	return signer.sign(header, payload)
}

// signer returns the key that signs a token: the one with this kid if it is set, else the
// current one for alg.
func (i *Issuer) signer(kid *string, alg string) (*key, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if kid != nil {
		for _, k := range slices.Backward(i.published) {
			if k.id == *kid {
				return k, nil
			}
		}
		return nil, fmt.Errorf("no published key has the kid %q", *kid)
	}
	if alg == "" {
		return i.signing[0], nil
	}
	n := slices.Index(i.config.Algorithms, alg)
	if n < 0 {
		return nil, fmt.Errorf("no key signs with %q, only with %s", alg, strings.Join(i.config.Algorithms, ", "))
	}
	return i.signing[n], nil
}

// sign builds the compact form itself, because a signing library would not sign a header
// that contradicts its key.
func (k *key) sign(header, payload []byte) (string, error) {
	method := jwt.GetSigningMethod(k.algorithm)
	if k.algorithm == "Ed25519" { // EdDSA with one curve (RFC 9864 section 2.2)
		method = jwt.SigningMethodEdDSA
	}
	return compact(header, payload, method, k.private)
}

func (k *key) signHMAC(header, payload []byte) (string, error) {
	der, err := x509.MarshalPKIXPublicKey(k.private.Public())
	if err != nil {
		return "", fmt.Errorf("encode the public key: %w", err)
	}
	return compact(header, payload, jwt.SigningMethodHS256, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

func compact(header, payload []byte, method jwt.SigningMethod, with any) (string, error) {
	input := signingInput(header, payload)
	signature, err := method.Sign(input, with)
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	return input + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}

// signingInput is the JWS Signing Input of RFC 7515 section 5.1.
func signingInput(header, payload []byte) string {
	return base64.RawURLEncoding.EncodeToString(header) + "." + base64.RawURLEncoding.EncodeToString(payload)
}
