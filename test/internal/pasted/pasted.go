// Package pasted finds mistakes in a token that a person has copied. Its results contain
// no part of the token.
package pasted

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"
	"unicode"
)

// Form returns what is wrong with the form of a token, and what to do about it; "" if it
// looks like a signed JWT.
func Form(token string) (mistake, fix string) {
	hasSpace := func(text string) bool { return strings.ContainsFunc(text, unicode.IsSpace) }
	scheme, _, _ := strings.Cut(token, " ")
	switch {
	case strings.ContainsAny(token, "\"'`“”„‘’"):
		return "it has quotation marks", "pass the token without them"
	case strings.EqualFold(scheme, "Bearer"):
		return "it begins with the scheme Bearer", "pass the token alone"
	case strings.ContainsAny(token, "\r\n"):
		return "it has a line break", "copy the token again, complete and on one line"
	case hasSpace(token):
		return "it has a space", "copy the token again, complete and without spaces"
	case strings.Contains(token, "…") || strings.Contains(token, "..."):
		return "it is shortened", "copy the token again, complete"
	case strings.Count(token, ".") != 2:
		return "it is not a signed JWT, which has three parts between dots",
			"copy the token again, complete, or request one for this API"
	}
	return "", ""
}

// Expiry returns when the token expires according to its claim exp, which is not
// verified; ok is false if that cannot be read.
func Expiry(token string) (exp time.Time, ok bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return time.Time{}, false
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	var claims struct{ Exp *float64 }
	if err != nil || json.Unmarshal(text, &claims) != nil || claims.Exp == nil {
		return time.Time{}, false
	}
	return time.Unix(int64(*claims.Exp), 0), true
}
