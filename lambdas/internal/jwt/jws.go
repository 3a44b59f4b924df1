package jwt

import (
	"bytes"

	"accountapi/lambdas/internal/base64url"
)

// maxSignature is the longest signature that is verified, in bytes: that of an RSA key of
// 8192 bits.
const maxSignature = 1024

// jws is a token in its parts. JWTs are compact only (RFC 7519 section 1), and what is
// signed are the received bytes of the first two parts, never a re-encoding of them.
type jws struct {
	header, payload, signature []byte // decoded
	signed                     []byte
}

// split takes a token apart (RFC 7515 section 3.1).
func split(token string) (jws, error) {
	compact := []byte(token)
	headerEnd := bytes.IndexByte(compact, '.')
	payloadEnd := bytes.LastIndexByte(compact, '.')
	if headerEnd == payloadEnd { // no dot, or one; a third one is not base64url
		return jws{}, ErrMalformedToken
	}
	if base64url.DecodedLen(len(compact)-payloadEnd-1) > maxSignature {
		return jws{}, ErrOversize
	}
	memory := make([]byte, 0, len(compact)) // for all three parts
	header, memory, ok1 := base64url.AppendDecode(memory, compact[:headerEnd])
	payload, memory, ok2 := base64url.AppendDecode(memory, compact[headerEnd+1:payloadEnd])
	signature, _, ok3 := base64url.AppendDecode(memory, compact[payloadEnd+1:])
	if !ok1 || !ok2 || !ok3 {
		return jws{}, ErrMalformedToken
	}
	return jws{header, payload, signature, compact[:payloadEnd]}, nil
}
