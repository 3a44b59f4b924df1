package jwt

import (
	"math"
	"slices"
	"time"

	"accountapi/lambdas/internal/principal"
	"accountapi/lambdas/internal/strictjson"
)

// maxSubject is the longest subject that is accepted, in bytes. OpenID Connect Core
// section 2 allows 255.
const maxSubject = 256

// validate checks the claims (RFC 7519 section 4.1) but iss, which has chosen the rules.
// It returns the principal, the time when the token was issued (zero without iat), and
// the values that are left out of the scopes. A claim with a wrong type is never treated
// as missing.
func (r *rules) validate(claims strictjson.Object, now time.Time) (
	who principal.Principal, issued time.Time, leftOut []string, err error,
) {
	var ok bool
	who.Issuer = r.Name
	who.ClientID, ok = strictjson.String(firstOf(claims, r.client))
	if err := r.checkSubject(claims, &who); err != nil {
		return who, issued, leftOut, err
	}
	if err := r.checkKind(claims); err != nil {
		return who, issued, leftOut, err
	}
	if err := r.checkAudience(claims); err != nil {
		return who, issued, leftOut, err
	}
	if issued, who.Expiry, err = r.checkTimes(claims, now); err != nil {
		return who, issued, leftOut, err
	}
	who.Until = who.Expiry.Add(r.clockSkew)
	if !ok || r.Provider.has(namesClient) && who.ClientID == "" {
		return who, issued, leftOut, ErrClaimType
	}
	if who.Scopes, leftOut, ok = scopesIn(firstOf(claims, r.Scopes)); !ok {
		return who, issued, leftOut, ErrClaimType
	}
	// Nothing is read from jti, but a jti of another type makes the token malformed (RFC
	// 7519 section 4.1.7).
	if _, ok := strictjson.StringBytes(claims.Get("jti")); claims.Has("jti") && !ok {
		return who, issued, leftOut, ErrClaimType
	}
	for _, c := range r.refused {
		if c.holds(claims) {
			return who, issued, leftOut, ErrRefusedClaim
		}
	}
	for _, c := range r.required {
		if !c.holds(claims) {
			return who, issued, leftOut, ErrRequiredClaim
		}
	}
	who.Claims, err = r.contextOf(claims)
	return who, issued, leftOut, err
}

// checkSubject sets the subject. A token of a client may have none at some providers, and
// the principal is then the client.
func (r *rules) checkSubject(claims strictjson.Object, who *principal.Principal) error {
	if r.Provider.has(noSubject) && !claims.Has("sub") && who.ClientID != "" {
		return nil
	}
	who.Subject, _ = strictjson.String(claims.Get("sub"))
	if who.Subject == "" || len(who.Subject) > maxSubject {
		return ErrClaimType // the principal would have no name
	}
	return nil
}

// checkKind refuses tokens that the same issuer signed for another purpose (RFC 8725
// section 3.12).
func (r *rules) checkKind(claims strictjson.Object) error {
	// Only an ID token has these (OpenID Connect Core sections 2 and 3.3.2.11, FAPI 1.0
	// part 2 section 5.1), only a security event token events (RFC 8417 section 2.2), and
	// only a refresh token granted_scopes (Cloud Foundry UAA).
	for _, mark := range []string{"nonce", "at_hash", "c_hash", "s_hash", "events", "granted_scopes"} {
		if claims.Has(mark) && !(mark == "nonce" && r.Provider.has(nonceAllowed)) {
			return ErrTokenKind
		}
	}
	for _, c := range r.must {
		if value, _ := strictjson.String(claims.Get(c.claim)); value != c.values[0] { // no array
			return ErrTokenKind
		}
	}
	for _, c := range r.mustNot {
		if c.holds(claims) {
			return ErrTokenKind
		}
	}
	for _, name := range r.present {
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
func (r *rules) checkAudience(claims strictjson.Object) error {
	forUs := func(name string) bool {
		list, _ := strictjson.Strings(claims.Get(name))
		return slices.ContainsFunc(list, func(s string) bool { return slices.Contains(r.Audiences, s) })
	}
	// If another claim names the API, aud may be missing, but an aud in the token is
	// checked too.
	named := r.audience
	if named != "" && !forUs(named) || named != "aud" && claims.Has("aud") && !forUs("aud") {
		return ErrAudience
	}
	return nil
}

// checkTimes checks exp, nbf and iat against the clock, and returns iat and exp.
func (r *rules) checkTimes(claims strictjson.Object, now time.Time) (issued, expiry time.Time, err error) {
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
