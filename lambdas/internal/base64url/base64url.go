// Package base64url decodes base64url without padding (RFC 7515 section 2), the encoding
// of JSON Web Signatures and Keys.
package base64url

import (
	"bytes"
	"encoding/base64"
)

var strict = base64.RawURLEncoding.Strict()

// AppendDecode appends the bytes that part encodes to memory and returns the decoded
// bytes and the memory with them. It takes no padding, no bits after the last byte, no
// line breaks, which Go's strict decoder would skip, and no empty part.
func AppendDecode(memory, part []byte) (decoded, extended []byte, ok bool) {
	if len(part) == 0 || bytes.IndexByte(part, '\n') >= 0 || bytes.IndexByte(part, '\r') >= 0 {
		return nil, memory, false
	}
	extended, err := strict.AppendDecode(memory, part)
	return extended[len(memory):], extended, err == nil
}

// DecodedLen returns how many bytes so many characters encode.
func DecodedLen(characters int) int { return strict.DecodedLen(characters) }
