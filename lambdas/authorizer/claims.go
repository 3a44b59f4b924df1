package main

import (
	"math"
	"slices"
	"strings"
	"time"

	"accountapi/lambdas/internal/principal"
)

// provider is how the access tokens of one kind of issuer differ from another's. The
// rules are the same for all; only the names of claims and the marks differ.
type provider struct {
	name     string
	typ      []string          // accepted typ, lower case, without "application/"; "" is none
	audience string            // the claim that names the API the token is for
	scope    []string          // claims that hold the scopes, the first present one counts
	clientID []string          // claims that hold the client, the first present one counts
	required []string          // claims that must be there
	client   bool              // a client must be named, as in no ID token of theirs
	marks    map[string]string // claims that must have this value
}

var providers = []provider{
	{
		// Auth0, and most OpenID providers in their default settings.
		name:     "auth0",
		typ:      []string{"jwt", "at+jwt", ""},
		audience: "aud",
		scope:    []string{"scope", "scp"},
		clientID: []string{"client_id", "azp"},
	},
	{
		// RFC 9068 section 2: JSON Web Token (JWT) Profile for OAuth 2.0 Access Tokens.
		name:     "rfc9068",
		typ:      []string{"at+jwt"},
		audience: "aud",
		scope:    []string{"scope"},
		clientID: []string{"client_id"},
		required: []string{"iat", "jti"},
		client:   true,
	},
	{
		// Amazon Cognito: an access token has no aud, unless a resource was asked for; it
		// is the app client that is trusted (AWS: "Understanding the access token").
		name:     "cognito",
		typ:      []string{"jwt", "at+jwt", ""},
		audience: "client_id",
		scope:    []string{"scope"},
		clientID: []string{"client_id"},
		marks:    map[string]string{"token_use": "access"},
	},
	{
		// Microsoft Entra ID, v2.0 and v1.0 (Microsoft: "Access token claims reference").
		name:     "entra",
		typ:      []string{"jwt", "at+jwt", ""},
		audience: "aud",
		scope:    []string{"scp"},
		clientID: []string{"azp", "appid"},
		client:   true,
	},
	{
		// Okta custom authorization server (Okta: "OAuth 2.0 and OpenID Connect overview").
		name:     "okta",
		typ:      []string{"jwt", "at+jwt", ""},
		audience: "aud",
		scope:    []string{"scp"},
		clientID: []string{"cid"},
		client:   true,
	},
}

// maxSubject is the longest subject taken, in bytes. OpenID Connect Core section 2 stops
// at 255.
const maxSubject = 256

// issuedHere checks iss, to the letter: two issuers that differ in a slash are two
// issuers (RFC 8725 section 3.8).
func (v *verifier) issuedHere(claims object, seen *seen) error {
	issuer, ok := textBytes(claims.get("iss"))
	if !ok || string(issuer) != v.issuer {
		seen.issuer = string(issuer)
		return errIssuer
	}
	seen.issuer = v.issuer
	return nil
}

// validate checks the claims of a token whose signature is good (RFC 7519 section 4.1).
// A claim with a wrong type is never taken for one that is not there.
func (v *verifier) validate(claims object, seen *seen) (principal.Principal, error) {
	subject, ok := text(claims.get("sub"))
	if !ok || subject == "" || len(subject) > maxSubject {
		return principal.Principal{}, errClaimType // nobody to name as the principal
	}
	seen.subject = subject
	if err := v.isAccessToken(claims); err != nil {
		return principal.Principal{}, err
	}
	if err := v.forThisAPI(claims); err != nil {
		return principal.Principal{}, err
	}
	expiry, err := v.validNow(claims)
	if err != nil {
		return principal.Principal{}, err
	}
	clientID, ok := text(firstOf(claims, v.provider.clientID, []byte(`""`)))
	if !ok || v.provider.client && clientID == "" {
		return principal.Principal{}, errClaimType
	}
	scopes, ok := scopesIn(firstOf(claims, v.provider.scope, []byte(`""`)))
	if !ok {
		return principal.Principal{}, errClaimType
	}
	// Nothing is read from jti, but a token that has one of another type is not one
	// (RFC 7519 section 4.1.7).
	if _, ok := textBytes(claims.get("jti")); claims.has("jti") && !ok {
		return principal.Principal{}, errClaimType
	}
	return principal.Principal{
		Subject:  subject,
		ClientID: clientID,
		Scopes:   scopes,
		Issuer:   v.issuer,
		Expiry:   expiry,
	}, nil
}

// scopesIn reads scopes from a string, in which spaces and nothing else separate them (RFC
// 8693 section 4.2, RFC 6749 section 3.3), or from an array with one in each string.
func scopesIn(value []byte) (scopes []string, ok bool) {
	if one, ok := text(value); ok {
		return principal.Scopes(one), true
	}
	scopes, ok = texts(value)
	// On the way to the handlers scopes are joined by spaces: with one inside, a scope
	// would become two.
	hasSpace := func(scope string) bool { return strings.Contains(scope, " ") }
	return scopes, ok && !slices.ContainsFunc(scopes, hasSpace)
}

// isAccessToken refuses tokens that the same issuer signed for another purpose (RFC 8725
// section 3.12).
func (v *verifier) isAccessToken(claims object) error {
	// Only an ID token has these (OpenID Connect Core sections 2 and 3.3.2.11, FAPI 1.0
	// part 2 section 5.1), and only a security event token the last (RFC 8417 section 2.2).
	for _, mark := range []string{"nonce", "at_hash", "c_hash", "s_hash", "events"} {
		if claims.has(mark) {
			return errTokenKind
		}
	}
	// Cognito says what a token is for; if anybody says "id", it is not for us.
	if use, _ := text(claims.get("token_use")); use == "id" {
		return errTokenKind
	}
	for name, want := range v.provider.marks {
		if got, ok := text(claims.get(name)); !ok || got != want {
			return errTokenKind
		}
	}
	for _, name := range v.provider.required {
		if !claims.has(name) {
			return errClaimType
		}
	}
	// The token is bound to a key that its holder must prove to have (RFC 7800, RFC 9449
	// section 7.2, RFC 8705 section 3). Under the scheme Bearer there is no such proof.
	if claims.has("cnf") {
		return errBoundToken
	}
	return nil
}

// forThisAPI checks that one of the audiences is one of ours (RFC 7519 section 4.1.3).
func (v *verifier) forThisAPI(claims object) error {
	names := []string{v.provider.audience}
	if v.provider.audience != "aud" && claims.has("aud") {
		names = append(names, "aud") // not demanded, but then it counts too
	}
	for _, name := range names {
		list, ok := texts(claims.get(name))
		ours := func(s string) bool { return slices.Contains(v.audiences, s) }
		if !ok || !slices.ContainsFunc(list, ours) {
			return errAudience
		}
	}
	return nil
}

// validNow checks exp, nbf and iat against the clock, and returns exp.
func (v *verifier) validNow(claims object) (expiry time.Time, err error) {
	now := float64(v.now().UnixMilli()) / 1000
	skew := v.clockSkew.Seconds()
	exp, ok := numericDate(claims.get("exp"))
	if !ok {
		return time.Time{}, errClaimType // required: RFC 9068 section 2.2
	}
	if now >= exp+skew {
		return time.Time{}, errExpired
	}
	for _, name := range []string{"nbf", "iat"} {
		value := claims.get(name)
		if value == nil {
			continue
		}
		from, ok := numericDate(value)
		if !ok {
			return time.Time{}, errClaimType
		}
		if now < from-skew {
			return time.Time{}, errNotYetValid
		}
	}
	return time.Unix(int64(math.Floor(exp)), 0), nil
}

// numericDate reads a NumericDate (RFC 7519 section 2): seconds since 1970, fractions
// allowed. After the year 9999 it is no date but a mistake, such as milliseconds.
func numericDate(value []byte) (seconds float64, ok bool) {
	const endOf9999 = 253_402_300_799
	seconds, ok = number(value)
	return seconds, ok && seconds >= 0 && seconds <= endOf9999
}

// firstOf returns the value of the first of these claims that is there, else otherwise.
func firstOf(claims object, names []string, otherwise []byte) []byte {
	for _, name := range names {
		if value := claims.get(name); value != nil {
			return value
		}
	}
	return otherwise
}
