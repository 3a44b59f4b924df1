package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"slices"
	"strings"
	"sync"
	"time"

	"accountapi/lambdas/internal/principal"
)

// reason says why a token was not accepted. The set is closed, holds nothing that came
// from a caller, and is what the log and the metrics are counted by.
type reason string

func (r reason) Error() string { return string(r) }

const (
	reasonOK reason = "ok"

	errMissingToken    reason = "missing_token"
	errMalformedHeader reason = "malformed_header" // of the HTTP header Authorization
	errOversize        reason = "oversize"
	errMalformedToken  reason = "malformed_token"
	errBadHeader       reason = "bad_header" // of the token
	errAlgNotAllowed   reason = "alg_not_allowed"
	errKidMissing      reason = "kid_missing"
	errKidUnknown      reason = "kid_unknown"
	errKeyAlgMismatch  reason = "key_alg_mismatch"
	errBadSignature    reason = "bad_signature"
	errIssuer          reason = "issuer"
	errAudience        reason = "audience"
	errExpired         reason = "expired"
	errNotYetValid     reason = "not_yet_valid"
	errClaimType       reason = "claim_type" // a claim is missing or has a wrong type or range
	errTokenKind       reason = "token_kind" // genuine, but not an access token
	errBoundToken      reason = "bound_token"
	errScope           reason = "scope" // genuine, but without a scope the whole API demands

	// Not the caller's fault: the token could not be checked.
	errJWKSUnavailable reason = "jwks_unavailable"
	errInternal        reason = "internal"
)

// Bounds on the parts of a token, in bytes; well above what providers issue.
const (
	maxHeader    = 1024
	maxSignature = 1024 // an RSA key of 8192 bits
	maxKid       = 256
)

// verifier verifies access tokens of one issuer for one API.
type verifier struct {
	provider   provider
	issuer     string
	audiences  []string
	algorithms []*algorithm // allowlist (RFC 8725 section 3.1)
	clockSkew  time.Duration
	keys       *keySet
	now        func() time.Time
	headers    headerMemo
}

func newVerifier(c config, keys *keySet, now func() time.Time) *verifier {
	return &verifier{
		provider: c.provider, issuer: c.issuer, audiences: c.audiences, algorithms: c.algorithms, clockSkew: c.clockSkew,
		keys: keys, now: now,
	}
}

// seen collects for the log what becomes known about a token on the way. Until the
// signature has been verified it is what the caller claims.
type seen struct {
	kid, issuer, subject string
}

// verify returns the principal of a genuine access token for this API. Its error holds
// a [reason]. It goes from cheap to dear: shape, header, issuer, key, signature, claims.
func (v *verifier) verify(ctx context.Context, token string, seen *seen) (who principal.Principal, err error) {
	jws, err := split(token)
	if err != nil {
		return who, err
	}
	header, known := v.headers.get(jws.header)
	if !known {
		header, err = v.header(jws.header)
	}
	seen.kid = header.kid
	if err != nil {
		return who, err
	}
	var members [24]member
	claims, ok := parseObject(jws.payload, members[:0])
	if !ok {
		return who, errMalformedToken
	}
	// Another issuer's token is not worth a look at the keys: they are not its keys.
	if err := v.issuedHere(claims, seen); err != nil {
		return who, err
	}
	set, keys, err := v.keys.find(ctx, header.kid)
	if err != nil {
		return who, err
	}
	err = jws.verify(header.alg, keys)
	if err == errBadSignature {
		// A provider may have replaced a key and kept its kid.
		if keys := v.keys.findReplaced(ctx, set, header.kid); keys != nil {
			err = jws.verify(header.alg, keys)
		}
	}
	if err != nil {
		return who, err
	}
	if !known {
		v.headers.add(jws.header, header)
	}
	return v.validate(claims, seen)
}

// jws is a token in its parts. JWTs are compact only (RFC 7519 section 1), and what is
// signed are the received bytes of the first two parts, never a re-encoding of them.
type jws struct {
	header             []byte // as received
	payload, signature []byte // decoded
	signed             []byte
}

// split takes a token apart (RFC 7515 section 3.1).
func split(token string) (jws, error) {
	if len(token) > maxToken {
		return jws{}, errOversize
	}
	compact := []byte(token)
	headerEnd := bytes.IndexByte(compact, '.')
	payloadEnd := bytes.LastIndexByte(compact, '.')
	if headerEnd == payloadEnd || bytes.IndexByte(compact[headerEnd+1:payloadEnd], '.') >= 0 {
		return jws{}, errMalformedToken
	}
	header := compact[:headerEnd]
	if strictBase64.DecodedLen(len(header)) > maxHeader || strictBase64.DecodedLen(len(compact)-payloadEnd-1) > maxSignature {
		return jws{}, errOversize
	}
	memory := make([]byte, 0, len(compact)) // for both parts
	payload, memory, ok1 := decode(memory, compact[headerEnd+1:payloadEnd])
	signature, _, ok2 := decode(memory, compact[payloadEnd+1:])
	if len(header) == 0 || !ok1 || !ok2 {
		return jws{}, errMalformedToken
	}
	return jws{header, payload, signature, compact[:payloadEnd]}, nil
}

// decode appends the bytes behind one part of a token to memory, and returns them and
// what memory is left. It takes unpadded base64url (RFC 7515 section 2) with no stray
// bits, and nothing else: Go's decoder, also the strict one, skips line breaks.
func decode(memory, part []byte) (decoded, rest []byte, ok bool) {
	if len(part) == 0 || bytes.IndexByte(part, '\n') >= 0 || bytes.IndexByte(part, '\r') >= 0 {
		return nil, memory, false
	}
	all, err := strictBase64.AppendDecode(memory, part)
	return all[len(memory):], all[len(all):], err == nil
}

var strictBase64 = base64.RawURLEncoding.Strict()

// verify tries the keys that the issuer has under the token's kid. There may be several
// (RFC 7517 section 4.5), but only those count that are made for the algorithm.
func (j jws) verify(alg *algorithm, keys []key) error {
	err := errKeyAlgMismatch
	for _, key := range keys {
		if !slices.Contains(key.algorithms, alg) {
			continue
		}
		if alg.verify(alg, key.public, j.signed, j.signature) {
			return nil
		}
		err = errBadSignature
	}
	return err
}

// header is what a JOSE header comes down to.
type header struct {
	alg *algorithm
	kid string
}

// header reads an encoded JOSE header (RFC 7515 section 4). Members that would bring a
// key along (jku, jwk, x5u, x5c) are not looked at: keys come from the issuer's set only
// (RFC 8725 section 3.10). Unknown members are ignored, as section 4 demands. With an
// error, the kid is set if there is one.
func (v *verifier) header(encoded []byte) (h header, err error) {
	raw, _, ok := decode(nil, encoded)
	if !ok {
		return h, errMalformedToken
	}
	var memory [6]member
	members, ok := parseObject(raw, memory[:0])
	if !ok {
		return h, errBadHeader
	}
	// kid comes first so that the log can name it. It is required, although RFC 7515
	// section 4.1.4 leaves it optional: trying every key would be work on request.
	kid, isText := text(members.get("kid"))
	if members.has("kid") && (!isText || len(kid) > maxKid) {
		return h, errBadHeader
	}
	h.kid = kid
	// crit names extensions that must be understood (RFC 7515 section 4.1.11): none is.
	// b64 is forbidden in a JWT (RFC 7797 section 7); cty, zip and enc belong to nested
	// or encrypted tokens.
	for _, refused := range []string{"crit", "b64", "cty", "zip", "enc"} {
		if members.has(refused) {
			return h, errBadHeader
		}
	}
	name, ok := textBytes(members.get("alg"))
	if !ok {
		return h, errBadHeader
	}
	if h.alg = algorithmNamed(v.algorithms, string(name)); h.alg == nil {
		return h, errAlgNotAllowed
	}
	if err := v.kindOfToken(members.get("typ")); err != nil {
		return h, err
	}
	if h.kid == "" {
		return h, errKidMissing
	}
	return h, nil
}

// headerMemo remembers headers that came with a good signature: an issuer writes the same
// one on every token, until it changes its key. What a header comes down to depends on
// nothing but its bytes and the configuration, so an entry is never out of date.
type headerMemo struct {
	mu   sync.RWMutex
	read map[string]header
}

func (m *headerMemo) get(encoded []byte) (header, bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	h, known := m.read[string(encoded)]
	return h, known
}

func (m *headerMemo) add(encoded []byte, h header) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.read == nil {
		m.read = make(map[string]header)
	}
	if len(m.read) < 64 { // an issuer that writes a new one each time gains nothing anyway
		m.read[string(encoded)] = h
	}
}

// kindOfToken refuses what is not an access token by its typ (RFC 8725 section 3.11): the
// issuer signs logout tokens, DPoP proofs and others with the same keys.
func (v *verifier) kindOfToken(typ []byte) error {
	if typ == nil {
		if slices.Contains(v.provider.typ, "") {
			return nil
		}
		return errTokenKind
	}
	mediaType, ok := textBytes(typ)
	if !ok {
		return errBadHeader
	}
	// Media types are case-insensitive, and "application/" may be left out (RFC 7515
	// section 4.1.9).
	const prefix = "application/"
	if len(mediaType) > len(prefix) && strings.EqualFold(string(mediaType[:len(prefix)]), prefix) {
		mediaType = mediaType[len(prefix):]
	}
	for _, accepted := range v.provider.typ {
		if accepted != "" && strings.EqualFold(accepted, string(mediaType)) {
			return nil
		}
	}
	return errTokenKind
}
