package jwt

import (
	"slices"
	"strings"

	"accountapi/lambdas/internal/jwks"
	"accountapi/lambdas/internal/strictjson"
)

// header is what is needed of a JOSE header.
type header struct {
	keyID string // "" without a kid
	alg   []byte
	typ   []byte // as JSON, nil without one
}

// readHeader reads a JOSE header (RFC 7515 section 4). Members that bring a key
// along (jku, jwk, x5u, x5c) are not read: keys come from the issuer's set only (RFC
// 8725 section 3.10). Unknown members are ignored, as section 4 demands. With an error,
// the kid is set if there is one.
func readHeader(raw []byte) (h header, err error) {
	var memory [6]strictjson.Member
	members, ok := strictjson.ParseObject(raw, memory[:0])
	if !ok {
		return h, ErrBadHeader
	}
	// kid comes first so that the log can name it. It is optional (RFC 7515 section 4.1.4).
	kid, _ := strictjson.String(members.Get("kid"))
	if members.Has("kid") && (kid == "" || len(kid) > jwks.MaxKeyID) {
		return h, ErrBadHeader
	}
	h.keyID = kid
	// crit names extensions that must be understood (RFC 7515 section 4.1.11): none is.
	// b64 is forbidden in a JWT (RFC 7797 section 7); cty, zip and enc belong to nested or
	// encrypted tokens.
	for _, refused := range []string{"crit", "b64", "cty", "zip", "enc"} {
		if members.Has(refused) {
			return h, ErrBadHeader
		}
	}
	if h.alg, ok = strictjson.StringBytes(members.Get("alg")); !ok {
		return h, ErrBadHeader
	}
	h.typ = members.Get("typ")
	return h, nil
}

// checkHeader returns the algorithm of a token that the issuer may have made.
func (r *rules) checkHeader(h header) (*jwks.Algorithm, error) {
	algorithm := r.Algorithms.Named(string(h.alg))
	if algorithm == nil {
		return nil, ErrAlgNotAllowed
	}
	return algorithm, checkType(h.typ, r.types)
}

// checkType refuses tokens whose typ is not that of an access token (RFC 8725 section
// 3.11): the issuer signs logout tokens, DPoP proofs and others with the same keys.
func checkType(typ []byte, accepted []string) error {
	if typ == nil {
		if slices.Contains(accepted, "") {
			return nil
		}
		return ErrTokenKind
	}
	mediaType, ok := strictjson.String(typ)
	if !ok {
		return ErrBadHeader
	}
	// Media types are case-insensitive, and "application/" may be left out (RFC 7515
	// section 4.1.9).
	const prefix = "application/"
	if len(mediaType) > len(prefix) && strings.EqualFold(mediaType[:len(prefix)], prefix) {
		mediaType = mediaType[len(prefix):]
	}
	for _, name := range accepted {
		if name != "" && strings.EqualFold(name, mediaType) {
			return nil
		}
	}
	return ErrTokenKind
}
