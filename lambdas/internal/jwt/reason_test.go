package jwt

import "testing"

// Alarms, dashboards and people search for these words.
func TestReasonsAreTheseWords(t *testing.T) {
	for reason, want := range map[Reason]string{
		OK:                 "ok",
		ErrMissingToken:    "missing_token",
		ErrMalformedHeader: "malformed_header",
		ErrOversize:        "oversize",
		ErrMalformedToken:  "malformed_token",
		ErrBadHeader:       "bad_header",
		ErrAlgNotAllowed:   "alg_not_allowed",
		ErrKidUnknown:      "kid_unknown",
		ErrKeyAlgMismatch:  "key_alg_mismatch",
		ErrBadSignature:    "bad_signature",
		ErrIssuer:          "issuer",
		ErrAudience:        "audience",
		ErrExpired:         "expired",
		ErrNotYetValid:     "not_yet_valid",
		ErrClaimType:       "claim_type",
		ErrTokenKind:       "token_kind",
		ErrBoundToken:      "bound_token",
		ErrRequiredClaim:   "required_claim",
		ErrRefusedClaim:    "refused_claim",
		ErrContextSize:     "context_size",
		ErrScope:           "scope",
		ErrKidUnproven:     "kid_unproven",
		ErrJWKSUnavailable: "jwks_unavailable",
		ErrInternal:        "internal",
	} {
		if reason.Error() != want {
			t.Errorf("a reason is %q, want %q", reason.Error(), want)
		}
	}
}
