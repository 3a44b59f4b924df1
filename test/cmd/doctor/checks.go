package main

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// The authorizer's checks, in its order.
const (
	checkShape = iota
	checkHeader
	checkIssuer
	checkType
	checkKind
	checkAudience
	checkTime
	checkClaims
	checkKey
	checkSignature
	checkCount
)

// failedCheck maps the authorizer's reasons to the check that failed.
var failedCheck = map[string]int{
	"malformed_header": checkShape,
	"oversize":         checkShape,
	"malformed_token":  checkShape,
	"bad_header":       checkHeader,
	"issuer":           checkIssuer,
	"alg_not_allowed":  checkType,
	"token_kind":       checkKind, // or checkType, see lastCheck
	"claim_type":       checkKind,
	"bound_token":      checkKind,
	"audience":         checkAudience,
	"expired":          checkTime,
	"not_yet_valid":    checkTime,
	"required_claim":   checkClaims,
	"refused_claim":    checkClaims,
	"context_size":     checkClaims,
	"kid_unknown":      checkKey,
	"kid_unproven":     checkKey,
	"key_alg_mismatch": checkKey,
	"jwks_unavailable": checkKey,
	"bad_signature":    checkSignature,
	"ok":               checkCount, // none
	"scope":            checkCount, // it is about the whole API, see explainDecision
}

// lastCheck returns the check that failed, checkCount if all have passed, and -1 if the
// authorizer did not check the token or has a reason that is not known here.
func (d *doctor) lastCheck(v verdict) int {
	check, known := failedCheck[v.decision.Reason]
	if !known {
		return -1
	}
	if v.decision.Reason == "token_kind" && !d.typeAccepted() {
		return checkType
	}
	return check
}

// typeAccepted reports whether access tokens of the provider have this typ in the header.
func (d *doctor) typeAccepted() bool {
	return slices.Contains(d.preset().types, d.token.mediaType())
}

func (d *doctor) preset() preset {
	p, _ := presetNamed(d.use.Provider)
	return p
}

// explainDecision reports the checks that have passed, and the one that has failed.
func (d *doctor) explainDecision(v verdict) {
	last := d.lastCheck(v)
	for i, check := range d.checks() {
		switch {
		case i < last && !check.silent:
			d.ok(check.topic, "%s%s", check.facts, check.passed)
		case i == last:
			why, fix := d.refusal(v.decision.Reason)
			if check.facts != "" {
				why = check.facts + ": " + why
			}
			d.wrong(check.topic, fix, "%s", why)
		case check.always && d.token.claims != nil && (last != checkHeader || i != checkType):
			d.note(check.topic, "not checked: %s", check.facts)
		}
	}
	switch {
	case v.decision.Reason == "ok":
		d.examineScopes(v.scope)
	case v.decision.Reason == "scope":
		d.explainWholeAPI()
	case last < 0 && v.decision.Reason != "":
		d.wrong("token", "see this reason in lambdas/internal/jwt/reason.go",
			"the authorizer does not accept it: %s %s", v.decision.Reason, v.decision.Error)
	case last < 0 && len(v.problems) > 0:
		d.note("token", "not checked: the authorizer does not start with these settings")
	}
}

// check is what the report says about one check of the token.
type check struct {
	topic, facts string
	passed       string // is added if the check has passed
	always       bool   // the facts are reported even if the authorizer stopped before
	silent       bool   // reported only if it has failed
}

func (d *doctor) checks() [checkCount]check {
	t := d.token
	audience := d.audienceClaim()
	header := fmt.Sprintf("alg %s, typ %s, kid %s",
		quoted(t.header["alg"]), quoted(t.header["typ"]), quoted(t.header["kid"]))
	return [...]check{
		checkShape:  {topic: "token", facts: fmt.Sprintf("%d bytes in %d parts", t.length, t.parts)},
		checkHeader: {topic: "header", facts: header, silent: true},
		checkIssuer: {topic: "iss", facts: "the token has " + quoted(t.claims["iss"]), always: true},
		checkType:   {topic: "header", facts: header, always: true},
		checkKind:   {topic: "kind", passed: "an access token with the required claims"},
		checkAudience: {topic: audience, facts: fmt.Sprintf("the token is for %s, this API is %s",
			quoted(t.claims[audience]), quoted(strings.Join(d.use.Audiences, " "))), always: true},
		checkTime:      {topic: "exp", facts: t.validity(time.Now()), always: true},
		checkClaims:    {topic: "claims", silent: true},
		checkKey:       {topic: "key", facts: "kid " + quoted(t.header["kid"]), passed: d.keyFound()},
		checkSignature: {topic: "signature", passed: "made with that key"},
	}
}

// audienceClaim returns the claim that names the API. Where that is not aud, aud counts too
// if the token has one.
func (d *doctor) audienceClaim() string {
	claim := d.preset().audience
	ours := func(name string) bool { return slices.Contains(d.use.Audiences, name) }
	if d.token.claims["aud"] != nil && (claim == "iss" || slices.ContainsFunc(d.token.claimStrings(claim), ours)) {
		return "aud"
	}
	return claim
}

// keyFound describes which key the authorizer has found. A token without kid is checked
// if exactly one usable key is for its alg.
func (d *doctor) keyFound() string {
	if d.token.header["kid"] == nil {
		return ": exactly one key in use is for " + quoted(d.token.header["alg"])
	}
	return " is one of the keys in use"
}
