package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// token is a decoded token. Nothing in it is verified: it is only shown.
type token struct {
	parts  int  // between the dots
	length int  // in bytes
	intact bool // all parts are base64url
	header map[string]any
	claims map[string]any
}

// decode decodes as much of a token as possible. It leaves out the signature, so that it
// cannot be printed.
func decode(compact string) token {
	parts := strings.Split(compact, ".")
	t := token{parts: len(parts), length: len(compact)}
	t.intact = !slices.ContainsFunc(parts, func(part string) bool {
		_, err := base64.RawURLEncoding.Strict().DecodeString(part)
		return err != nil
	})
	t.header = object(parts[0])
	if len(parts) == 3 {
		t.claims = object(parts[1])
	}
	return t
}

func object(part string) (members map[string]any) {
	text, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil || json.Unmarshal(text, &members) != nil {
		return nil
	}
	return members
}

func (t token) headerString(name string) string {
	text, _ := t.header[name].(string)
	return text
}

// mediaType returns the typ of the header in lower case and without "application/" (RFC
// 7515 section 4.1.9); "" if there is none.
func (t token) mediaType() string {
	return strings.TrimPrefix(strings.ToLower(t.headerString("typ")), "application/")
}

func (t token) claimString(claim string) string {
	text, _ := t.claims[claim].(string)
	return text
}

// idTokenMarks are the claims that only ID tokens have. Keycloak puts nonce into access
// tokens too.
var idTokenMarks = []string{"nonce", "at_hash", "c_hash", "s_hash"}

// idTokenMark returns the claim that marks the token as an ID token, "" if none does.
// Keycloak says in the claim typ what a token is. The iss of an access token of AD FS ends
// in /adfs/services/trust.
func (t token) idTokenMark() string {
	for _, claim := range idTokenMarks {
		if _, marked := t.claims[claim]; marked && t.claimString("typ") != "Bearer" {
			return claim
		}
	}
	if t.claims["apptype"] != nil && strings.HasSuffix(t.claimString("iss"), "/adfs") {
		return "iss"
	}
	return ""
}

// accessIssuer returns the iss of an access token. That of an ID token may be another
// one, as at AD FS.
func (t token) accessIssuer() string {
	if t.idTokenMark() != "" {
		return ""
	}
	return t.claimString("iss")
}

// ofClient reports whether the token shows that it is one of a client without a user.
func (t token) ofClient() bool {
	sub := t.claimString("sub")
	for _, claim := range []string{"azp", "client_id", "cid"} {
		if sub != "" && t.claimString(claim) == sub {
			return true
		}
	}
	return sub == "" || strings.HasSuffix(sub, "@clients") || t.claimString("idtyp") == "app" ||
		t.claimString("gty") == "client-credentials" || slices.Contains(t.claimStrings("gty"), "client_credentials") ||
		strings.HasPrefix(t.claimString("preferred_username"), "service-account-")
}

// canUse reports whether the authorizer would check the token with one of the keys with
// these kids, which are all for the token's alg. Without a kid there must be exactly one.
func (t token) canUse(kids []string) bool {
	if t.header["kid"] == nil {
		return len(kids) == 1
	}
	// A JWK without kid is listed with an empty one. It is for tokens without kid only.
	kid := t.headerString("kid")
	return kid != "" && slices.Contains(kids, kid)
}

// claimStrings returns the values of a claim that is a string or an array.
func (t token) claimStrings(claim string) (values []string) {
	switch value := t.claims[claim].(type) {
	case string:
		return []string{value}
	case []any:
		for _, item := range value {
			values = append(values, fmt.Sprint(item))
		}
	}
	return values
}

// endOf9999 is the last date that the authorizer accepts, in seconds since 1970.
const endOf9999 = 253_402_300_799

// validity describes from when and until when the token is valid.
func (t token) validity(now time.Time) string {
	for _, name := range []string{"nbf", "iat"} {
		if seconds, ok := t.claims[name].(float64); ok && seconds <= endOf9999 {
			if from := time.Unix(int64(seconds), 0); from.After(now) {
				return fmt.Sprintf("%s is in %s (%s)", name, span(from.Sub(now)), from.UTC().Format(time.DateTime))
			}
		}
	}
	seconds, ok := t.claims["exp"].(float64)
	switch {
	case !ok:
		return "there is no exp"
	case seconds > endOf9999:
		return "exp is not a time in seconds (milliseconds?)"
	}
	exp := time.Unix(int64(seconds), 0)
	if exp.Before(now) {
		return fmt.Sprintf("expired %s ago (%s UTC)", span(now.Sub(exp)), exp.UTC().Format(time.DateTime))
	}
	return fmt.Sprintf("valid for another %s (until %s UTC)", span(exp.Sub(now)), exp.UTC().Format(time.DateTime))
}

// span formats a duration in its two largest units.
func span(d time.Duration) string {
	days, hours, minutes, seconds := d/(24*time.Hour), d/time.Hour%24, d/time.Minute%60, d/time.Second%60
	switch {
	case days > 0:
		return fmt.Sprintf("%d d %d h", days, hours)
	case hours > 0:
		return fmt.Sprintf("%d h %d min", hours, minutes)
	case minutes > 0:
		return fmt.Sprintf("%d min %d s", minutes, seconds)
	}
	return fmt.Sprintf("%d s", seconds)
}

// quoted formats a header parameter or a claim of any type on one line of limited length:
// strings in quotation marks, so that "7" and 7 differ.
func quoted(value any) string {
	switch value := value.(type) {
	case nil:
		return "none"
	case string:
		return fmt.Sprintf("%.200q", value)
	case []any:
		if len(value) > 0 && areStrings(value) {
			return quotedAll(stringsOf(value))
		}
	}
	return fmt.Sprintf("%.200s", toJSON(value))
}

func quotedAll(values []string) string {
	items := make([]string, len(values))
	for i, value := range values {
		items[i] = quoted(value)
	}
	return strings.Join(items, ", ")
}
