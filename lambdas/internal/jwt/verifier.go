// Package jwt verifies access tokens: JSON Web Tokens (RFC 7519) in the compact form of a
// JWS (RFC 7515), by the best current practices (RFC 8725) and, where the issuer follows
// it, by the profile for access tokens (RFC 9068).
//
// A token goes through the files in this order: jws.go takes it apart, header.go reads
// its header, claims.go checks the claims by the provider's row in provider.go, and
// verifier.go has the key set verify the signature. reason.go lists all the ways to fail.
package jwt

import (
	"context"
	"errors"
	"fmt"
	"time"

	"accountapi/lambdas/internal/jwks"
	"accountapi/lambdas/internal/principal"
	"accountapi/lambdas/internal/strictjson"
)

// Config configures a [Verifier]. No field has an empty value that turns a check off.
type Config struct {
	Issuer     string          // the exact value of iss
	Audiences  []string        // one of them must be an audience of the token
	Provider   Provider        // the names of claims
	Algorithms jwks.Algorithms // the allowlist (RFC 8725 section 3.1)
	ClockSkew  time.Duration   // tolerance for exp, nbf and iat
	Keys       *jwks.Set       // the issuer's
	Now        func() time.Time
}

// Verifier verifies access tokens of one issuer for one API. It is safe for concurrent
// use.
type Verifier struct {
	rules      rules
	algorithms jwks.Algorithms
	keys       *jwks.Set
	now        func() time.Time
}

// NewVerifier returns a verifier.
func NewVerifier(c Config) *Verifier {
	return &Verifier{rules{c.Provider, c.Issuer, c.Audiences, c.ClockSkew}, c.Algorithms, c.Keys, c.Now}
}

// Seen collects for the log what is known about a token so far. Key ID and issuer are
// what the caller claims; the subject is that of a verified token.
type Seen struct {
	KeyID, Issuer, Subject string
	KeySetAge              time.Duration // when the keys were asked
	KeysAsked              bool          // else there is no age
}

// Verify returns the principal of a genuine access token for this API. Its error is or
// wraps a [Reason]. Claims are checked before the signature, so that a token
// with wrong claims causes no fetch of keys. The caller limits the length of the token.
func (v *Verifier) Verify(ctx context.Context, token string, seen *Seen) (who principal.Principal, err error) {
	jws, err := split(token)
	if err != nil {
		return who, err
	}
	header, err := readHeader(jws.header, v.algorithms, v.rules.provider.types)
	seen.KeyID = header.keyID
	if err != nil {
		return who, err
	}
	var members [24]strictjson.Member
	claims, ok := strictjson.ParseObject(jws.payload, members[:0])
	if !ok {
		return who, ErrMalformedToken
	}
	seen.Issuer, _ = strictjson.String(claims.Get("iss"))
	claimed, issued, err := v.rules.validate(claims, v.now())
	if err != nil {
		return who, err
	}
	err = v.verifySignature(ctx, jwks.Signature{
		KeyID: header.keyID, Algorithm: header.algorithm, Signed: jws.signed, Value: jws.signature, Issued: issued,
	})
	seen.KeySetAge, seen.KeysAsked = v.keys.Age()
	if err != nil {
		return who, err
	}
	seen.Subject = claimed.Subject
	return claimed, nil
}

// verifySignature translates what the key set says into reasons.
func (v *Verifier) verifySignature(ctx context.Context, signature jwks.Signature) error {
	err := v.keys.Verify(ctx, signature)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, jwks.ErrUnknownKey):
		return ErrKidUnknown
	case errors.Is(err, jwks.ErrUnproven):
		return ErrKidUnproven
	case errors.Is(err, jwks.ErrAlgorithm):
		return ErrKeyAlgMismatch
	case errors.Is(err, jwks.ErrSignature):
		return ErrBadSignature
	default:
		return fmt.Errorf("%w: %w", ErrJWKSUnavailable, err)
	}
}
