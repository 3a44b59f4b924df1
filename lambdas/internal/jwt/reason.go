package jwt

// Reason says why a token was not accepted. There are only those below; the log and the
// metrics count by them. None holds anything that came from a caller.
type Reason string

func (r Reason) Error() string { return string(r) }

// The reasons. All but the last three lie in the token, and are 401s, except for
// ErrScope, which is a 403.
const (
	OK Reason = "ok"

	ErrMissingToken    Reason = "missing_token"
	ErrMalformedHeader Reason = "malformed_header" // of the HTTP header Authorization
	ErrOversize        Reason = "oversize"
	ErrMalformedToken  Reason = "malformed_token"
	ErrBadHeader       Reason = "bad_header" // of the token
	ErrAlgNotAllowed   Reason = "alg_not_allowed"
	ErrKidUnknown      Reason = "kid_unknown" // also without a kid, unless one key goes with alg
	ErrKeyAlgMismatch  Reason = "key_alg_mismatch"
	ErrBadSignature    Reason = "bad_signature"
	ErrIssuer          Reason = "issuer"
	ErrAudience        Reason = "audience"
	ErrExpired         Reason = "expired"
	ErrNotYetValid     Reason = "not_yet_valid"
	ErrClaimType       Reason = "claim_type" // a claim is missing or has a wrong type or range
	ErrTokenKind       Reason = "token_kind" // genuine, but not an access token
	ErrBoundToken      Reason = "bound_token"
	ErrRequiredClaim   Reason = "required_claim" // a claim has not the value that a setting requires
	ErrRefusedClaim    Reason = "refused_claim"  // a claim has a value that a setting refuses
	ErrContextSize     Reason = "context_size"   // the claims for the context are too long together
	ErrScope           Reason = "scope"          // genuine, but without a scope that the whole API demands

	// Not the caller's fault: the token could not be checked.
	ErrKidUnproven     Reason = "kid_unproven" // perhaps a new key, and no fetch is allowed now
	ErrJWKSUnavailable Reason = "jwks_unavailable"
	ErrInternal        Reason = "internal"
)
