// Package jwt verifies access tokens: JSON Web Tokens (RFC 7519) in the compact form of a
// JWS (RFC 7515), by the best current practices (RFC 8725) and, where the issuer follows
// it, by the profile for access tokens (RFC 9068).
//
// A token goes through the files in this order: jws.go takes it apart, header.go reads
// its header, rules.go has what its issuer's tokens must be, with the provider's row in
// provider.go, claims.go checks the claims, and verifier.go has the issuer's key set
// verify the signature. rights.go reads the scopes, condition.go the claims that settings
// name. reason.go lists all the ways to fail.
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

// Config configures a [Verifier].
type Config struct {
	Issuers   []Issuer       // each with another name
	Context   []ContextClaim // what functions get besides the usual claims
	ClockSkew time.Duration  // tolerance for exp, nbf and iat
	Now       func() time.Time
}

// Verifier verifies access tokens for one API. It is safe for concurrent use.
type Verifier struct {
	issuers map[string]*rules // by iss
	now     func() time.Time
}

// NewVerifier returns a verifier.
func NewVerifier(c Config) *Verifier {
	v := &Verifier{make(map[string]*rules, len(c.Issuers)), c.Now}
	for _, issuer := range c.Issuers {
		v.issuers[issuer.Name] = newRules(issuer, c.Context, c.ClockSkew)
	}
	return v
}

// Seen collects for the log what is known about a token so far. Key ID and issuer are
// what the caller claims; the rest is about a token whose signature has been checked.
type Seen struct {
	KeyID, Issuer, Subject string
	ScopesLeftOut          []string
	Keys                   *jwks.Set // nil unless they were asked
}

// Verify returns the principal of a genuine access token for this API. Its error is or
// wraps a [Reason]. The claim iss chooses the rules; claims are checked before the
// signature, so that a token with wrong claims causes no fetch of keys. The caller limits
// the length of the token.
func (v *Verifier) Verify(ctx context.Context, token string, seen *Seen) (who principal.Principal, err error) {
	jws, err := split(token)
	if err != nil {
		return who, err
	}
	header, err := readHeader(jws.header)
	seen.KeyID = header.keyID
	if err != nil {
		return who, err
	}
	var members [24]strictjson.Member
	claims, ok := strictjson.ParseObject(jws.payload, members[:0])
	if !ok {
		return who, ErrMalformedToken
	}
	seen.Issuer, ok = strictjson.String(claims.Get("iss"))
	// Byte for byte: two issuers that differ in a slash are two issuers (RFC 8725 section
	// 3.8).
	rules := v.issuers[seen.Issuer]
	if !ok || rules == nil {
		return who, ErrIssuer
	}
	algorithm, err := rules.checkHeader(header)
	if err != nil {
		return who, err
	}
	claimed, issued, leftOut, err := rules.validate(claims, v.now())
	if err != nil {
		return who, err
	}
	seen.Keys = rules.Keys
	err = verifySignature(ctx, rules.Keys, jwks.Signature{
		KeyID: header.keyID, Algorithm: algorithm, Signed: jws.signed, Value: jws.signature, Issued: issued,
	})
	if err != nil {
		return who, err
	}
	seen.Subject, seen.ScopesLeftOut = claimed.Subject, leftOut
	return claimed, nil
}

// verifySignature translates what the key set says into reasons.
func verifySignature(ctx context.Context, keys *jwks.Set, signature jwks.Signature) error {
	err := keys.Verify(ctx, signature)
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
