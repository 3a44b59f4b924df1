package main

import (
	"strings"

	"accountapi/lambdas/internal/jwt"
)

// maxToken is the longest token that is accepted, in bytes: what API Gateway accepts for
// all headers of a request together (AWS: "Amazon API Gateway quotas").
const maxToken = 10_240

// bearer takes the token out of the value of the Authorization header, which is
// "Bearer" 1*SP b64token (RFC 6750 section 2.1).
func bearer(value string) (string, error) {
	scheme, rest, _ := strings.Cut(value, " ")
	// The scheme is case-insensitive (RFC 9110 section 11.1).
	if !strings.EqualFold(scheme, "Bearer") {
		if value == "" {
			return "", jwt.ErrMissingToken
		}
		return "", jwt.ErrMalformedHeader
	}
	token := strings.TrimLeft(rest, " ")
	if token == "" {
		return "", jwt.ErrMissingToken
	}
	if len(token) > maxToken {
		return "", jwt.ErrOversize
	}
	if !isB64Token(token) {
		return "", jwt.ErrMalformedHeader
	}
	return token, nil
}

// isB64Token reports whether s is
// 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"=".
func isB64Token(s string) bool {
	s = strings.TrimRight(s, "=")
	for i := range len(s) {
		if !b64TokenByte[s[i]] {
			return false
		}
	}
	return s != ""
}

// b64TokenByte is a table, because a processor cannot predict comparisons of random
// bytes: with comparisons, this check took longer than reading the JSON of the token.
var b64TokenByte = func() (table [256]bool) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/") {
		table[c] = true
	}
	return table
}()
