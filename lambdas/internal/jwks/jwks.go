// Package jwks holds the public keys of an issuer: its JWK Set (RFC 7517), fetched over
// HTTP, cleaned, kept in memory, and fetched again when due. It verifies signatures (RFC
// 7515, RFC 7518) with them. It does not read claims.
//
// From the bottom up: algorithms.go and key.go verify one signature with one key;
// document.go turns a published document into keys; transport.go says which servers are
// trusted; http.go fetches the document; jwx.go connects the library that parses and
// caches it; fetches.go does one fetch at a time; looks.go says which tokens may cause a
// fetch; snapshot.go decides for how long keys are trusted, and set.go when to fetch.
//
// It is made for a process that is frozen between invocations: the network is used during
// init and invocations only. There are no timers, and keys in memory are read without a
// lock that a fetch may hold.
package jwks

import "errors"

// Why a signature is not accepted. With the last two nothing is known about the
// signature: it could not be checked.
var (
	ErrUnknownKey  = errors.New("the issuer has no such key")
	ErrAlgorithm   = errors.New("the key is not for this algorithm")
	ErrSignature   = errors.New("the signature is not by this key")
	ErrUnproven    = errors.New("the key may be newer than the keys in memory, and no fetch is allowed now")
	ErrUnavailable = errors.New("the keys are not available")
)

// MaxKeyID is the longest kid of a key, in bytes.
const MaxKeyID = 256
