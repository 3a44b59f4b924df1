package jwt

import (
	"strings"
	"time"

	"accountapi/lambdas/internal/jwks"
)

// Issuer is an issuer that is trusted, and what its tokens must be. No field has an empty
// value that turns a check off.
type Issuer struct {
	Name       string              // the exact value of iss
	Audiences  []string            // one of them must be an audience of the token
	Provider   Provider            // the names of claims
	Algorithms jwks.Algorithms     // the allowlist (RFC 8725 section 3.1)
	Scopes     []string            // claims that hold the scopes, instead of the provider's
	Required   map[string][]string // claims that must have one of these values
	Refused    map[string][]string // claims that must have none of these
	Keys       *jwks.Set           // its own, or that of issuers with the same keys
}

// ContextClaim is a claim that the functions get in the authorizer's context.
type ContextClaim struct {
	Name  string // in the context
	Claim string
}

// rules are an issuer and its provider, in the form in which a token is checked.
type rules struct {
	Issuer
	types             []string // accepted typ; "" is none
	audience          string   // the claim that names the API, "" if iss does
	client            []string // claims that hold the client, the first present one counts
	present           []string // claims that must be there
	must, mustNot     []condition
	required, refused []condition
	clockSkew         time.Duration
	context           []ContextClaim
}

func newRules(issuer Issuer, context []ContextClaim, clockSkew time.Duration) *rules {
	row := issuer.Provider
	r := &rules{
		Issuer:    issuer,
		types:     strings.Fields(row.types),
		audience:  row.audience,
		client:    strings.Fields(row.client),
		present:   strings.Fields(row.present),
		must:      conditionsOf(row.must),
		mustNot:   conditionsOf(otherKinds + " " + row.mustNot),
		required:  conditions(issuer.Required),
		refused:   conditions(issuer.Refused),
		clockSkew: clockSkew,
		context:   context,
	}
	if len(r.Scopes) == 0 {
		r.Scopes = strings.Fields(row.scope)
	}
	for i, name := range r.types {
		if name == "none" {
			r.types[i] = ""
		}
	}
	if row.audience == "iss" {
		r.audience = "aud"
		if clientIn(issuer.Name) != "" {
			r.audience = ""
		}
	}
	return r
}
