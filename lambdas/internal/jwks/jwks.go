// Package jwks holds the public keys of an issuer: its JWK Set (RFC 7517), fetched over
// HTTP, cleaned, kept in memory, and fetched again when due. It verifies signatures (RFC
// 7515, RFC 7518) with them, and knows nothing of claims.
//
// From the bottom up: algorithms.go and key.go verify one signature with one key;
// document.go turns a published document into keys; http.go fetches the document; jwx.go
// is the seam to the library that parses and caches it; fetches.go has one fetch at a
// time; looks.go limits the fetches that tokens cause; set.go decides what is trusted
// for how long, and when to fetch.
//
// It is made for a process that is frozen between invocations: network happens inside
// init or an invocation, never between. There are no timers, and keys in hand are read
// without a lock that a fetch might hold.
package jwks

import "errors"

// Why a signature is not accepted. [ErrUnavailable] says nothing about the signature:
// it could not be checked.
var (
	ErrUnknownKey  = errors.New("the issuer has no key of this kid")
	ErrAlgorithm   = errors.New("the key is not for this algorithm")
	ErrSignature   = errors.New("the signature is not by this key")
	ErrUnavailable = errors.New("the keys are not available")
)

// maxKeyID is the longest kid looked at, in bytes.
const maxKeyID = 256
