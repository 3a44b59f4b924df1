package jwt

import (
	"math"
	"slices"
	"strings"
	"time"

	"accountapi/lambdas/internal/principal"
	"accountapi/lambdas/internal/strictjson"
)

// maxSubject is the longest subject that is accepted, in bytes. OpenID Connect Core
// section 2 allows 255.
const maxSubject = 256

// rules say what the claims of a token must be.
type rules struct {
	provider  Provider
	issuer    string
	audiences []string
	clockSkew time.Duration
}

// validate checks the claims (RFC 7519 section 4.1) and returns the principal, and when
// the token was issued, zero without iat. A claim with a wrong type is never treated as
// missing.
func (r rules) validate(claims strictjson.Object, now time.Time) (
	who principal.Principal, issued time.Time, err error,
) {
	issuer, ok := strictjson.StringBytes(claims.Get("iss"))
	// Byte for byte: two issuers that differ in a slash are two issuers (RFC 8725 section
	// 3.8).
	if !ok || string(issuer) != r.issuer {
		return who, issued, ErrIssuer
	}
	who.Issuer = r.issuer
	who.Subject, _ = strictjson.String(claims.Get("sub"))
	if who.Subject == "" || len(who.Subject) > maxSubject {
		return who, issued, ErrClaimType // the principal would have no name
	}
	if err := r.checkKind(claims); err != nil {
		return who, issued, err
	}
	if err := r.checkAudience(claims); err != nil {
		return who, issued, err
	}
	if issued, who.Expiry, err = r.checkTimes(claims, now); err != nil {
		return who, issued, err
	}
	who.Until = who.Expiry.Add(r.clockSkew)
	who.ClientID, ok = strictjson.String(firstOf(claims, r.provider.clientID, []byte(`""`)))
	if !ok || r.provider.client && who.ClientID == "" {
		return who, issued, ErrClaimType
	}
	if who.Scopes, ok = scopesIn(firstOf(claims, r.provider.scope, []byte(`""`))); !ok {
		return who, issued, ErrClaimType
	}
	// Nothing is read from jti, but a jti of another type makes the token malformed (RFC
	// 7519 section 4.1.7).
	if _, ok := strictjson.StringBytes(claims.Get("jti")); claims.Has("jti") && !ok {
		return who, issued, ErrClaimType
	}
	return who, issued, nil
}

// scopesIn reads scopes from a string, in which spaces and nothing else separate them
// (RFC 8693 section 4.2, RFC 6749 section 3.3), or from an array with one in each string.
func scopesIn(value []byte) (scopes []string, ok bool) {
	if one, ok := strictjson.String(value); ok {
		return principal.Scopes(one), true
	}
	scopes, ok = strictjson.Strings(value)
	// On the way to the handlers scopes are joined by spaces: with one inside, a scope
	// would become two.
	hasSpace := func(scope string) bool { return strings.Contains(scope, " ") }
	return scopes, ok && !slices.ContainsFunc(scopes, hasSpace)
}

// checkKind refuses tokens that the same issuer signed for another purpose (RFC 8725
// section 3.12).
func (r rules) checkKind(claims strictjson.Object) error {
	// Only an ID token has these (OpenID Connect Core sections 2 and 3.3.2.11, FAPI 1.0
	// part 2 section 5.1), and only a security event token the last (RFC 8417 section 2.2).
	for _, mark := range []string{"nonce", "at_hash", "c_hash", "s_hash", "events"} {
		if claims.Has(mark) {
			return ErrTokenKind
		}
	}
	// Only Cognito sets token_use, but "id" is an ID token from any provider.
	if use, _ := strictjson.String(claims.Get("token_use")); use == "id" {
		return ErrTokenKind
	}
	for name, want := range r.provider.marks {
		if got, ok := strictjson.String(claims.Get(name)); !ok || got != want {
			return ErrTokenKind
		}
	}
	for _, name := range r.provider.required {
		if !claims.Has(name) {
			return ErrClaimType
		}
	}
	// The token is bound to a key that its holder must prove to have (RFC 7800, RFC 9449
	// section 7.2, RFC 8705 section 3). Under the scheme Bearer there is no such proof.
	if claims.Has("cnf") {
		return ErrBoundToken
	}
	return nil
}

// checkAudience checks that one of the audiences is one of ours (RFC 7519 section 4.1.3).
func (r rules) checkAudience(claims strictjson.Object) error {
	forUs := func(name string) bool {
		list, ok := strictjson.Strings(claims.Get(name))
		return ok && slices.ContainsFunc(list, func(s string) bool { return slices.Contains(r.audiences, s) })
	}
	// Where another claim names the API, aud is not demanded, but if it is there it counts
	// too.
	named := r.provider.audience
	if !forUs(named) || named != "aud" && claims.Has("aud") && !forUs("aud") {
		return ErrAudience
	}
	return nil
}

// checkTimes checks exp, nbf and iat against the clock, and returns iat and exp.
func (r rules) checkTimes(claims strictjson.Object, now time.Time) (issued, expiry time.Time, err error) {
	expiry, ok := numericDate(claims.Get("exp"))
	if !ok {
		return issued, expiry, ErrClaimType // required: RFC 9068 section 2.2
	}
	if !now.Before(expiry.Add(r.clockSkew)) {
		return issued, expiry, ErrExpired
	}
	for _, name := range []string{"nbf", "iat"} {
		value := claims.Get(name)
		if value == nil {
			continue
		}
		from, ok := numericDate(value)
		if !ok {
			return issued, expiry, ErrClaimType
		}
		if now.Before(from.Add(-r.clockSkew)) {
			return issued, expiry, ErrNotYetValid
		}
		if name == "iat" {
			issued = from
		}
	}
	return issued, expiry, nil
}

// numericDate reads a NumericDate (RFC 7519 section 2): seconds since 1970, fractions
// allowed; milliseconds are kept. A date after the year 9999 is a mistake, such as
// milliseconds in place of seconds.
func numericDate(value []byte) (date time.Time, ok bool) {
	const endOf9999 = 253_402_300_799
	seconds, ok := strictjson.Number(value)
	if !ok || seconds < 0 || seconds > endOf9999 {
		return date, false
	}
	return time.UnixMilli(int64(math.Floor(seconds * 1000))), true
}

// firstOf returns the value of the first of these claims that is there, else otherwise.
func firstOf(claims strictjson.Object, names []string, otherwise []byte) []byte {
	for _, name := range names {
		if value := claims.Get(name); value != nil {
			return value
		}
	}
	return otherwise
}
