package main

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// The authorizer's checks, in its order.
const (
	checkShape = iota
	checkHeader
	checkIssuer
	checkKey
	checkSignature
	checkKind
	checkAudience
	checkTime
	checkCount
)

// failedCheck maps the authorizer's reasons to the check that failed.
var failedCheck = map[string]int{
	"malformed_header": checkShape,
	"oversize":         checkShape,
	"malformed_token":  checkShape,
	"bad_header":       checkHeader,
	"alg_not_allowed":  checkHeader,
	"kid_missing":      checkHeader,
	"issuer":           checkIssuer,
	"kid_unknown":      checkKey,
	"kid_unproven":     checkKey,
	"key_alg_mismatch": checkKey,
	"jwks_unavailable": checkKey,
	"bad_signature":    checkSignature,
	"token_kind":       checkKind, // or checkHeader, see lastCheck
	"claim_type":       checkKind,
	"bound_token":      checkKind,
	"audience":         checkAudience,
	"expired":          checkTime,
	"not_yet_valid":    checkTime,
	"ok":               checkCount, // none
}

// lastCheck returns the check that failed, checkCount if all have passed, and -1 if the
// authorizer did not check the token or has a reason that is not known here.
func lastCheck(v verdict) int {
	check, known := failedCheck[v.decision.Reason]
	if !known {
		return -1
	}
	if v.decision.Reason == "token_kind" && v.decision.Issuer == "" {
		return checkHeader // the typ, which is checked before the issuer is known
	}
	return check
}

// examineToken has the authorizer decide about the token and explains the decision.
func (d *doctor) examineToken(ctx context.Context) error {
	d.examineTokenKind()
	var v verdict
	if d.use.jwksURI != "" {
		var err error
		if v, err = ask(ctx, d.bootstrap, d.use); err != nil {
			return err
		}
	}
	d.explainDecision(v)
	return nil
}

// explainDecision reports the checks that have passed, and the one that has failed.
func (d *doctor) explainDecision(v verdict) {
	last := lastCheck(v)
	for i, check := range d.checks() {
		switch {
		case i < last:
			d.ok(check.topic, "%s%s", check.facts, check.passed)
		case i == last:
			why, fix := d.refusal(v.decision.Reason)
			if check.facts != "" {
				why = check.facts + ": " + why
			}
			d.wrong(check.topic, fix, "%s", why)
		case check.always && d.token.claims != nil:
			d.note(check.topic, "not checked: %s", check.facts)
		}
	}
	switch {
	case last == checkCount:
		d.examineScopes(v.scope)
	case last < 0 && v.decision.Reason != "":
		d.wrong("token", "see this reason in lambdas/internal/jwt/reason.go",
			"the authorizer does not accept it: %s %s", v.decision.Reason, v.decision.Error)
	}
}

// check is what the report says about one check of the token.
type check struct {
	topic, facts string
	passed       string // is added if the check has passed
	always       bool   // the facts are reported even if the authorizer stopped before
}

func (d *doctor) checks() [checkCount]check {
	t := d.token
	return [...]check{
		checkShape: {topic: "token", facts: fmt.Sprintf("%d bytes in %d parts", t.length, t.parts)},
		checkHeader: {topic: "header", facts: fmt.Sprintf("alg %s, typ %s, kid %s",
			quoted(t.header["alg"]), quoted(t.header["typ"]), quoted(t.header["kid"])), always: true},
		checkIssuer:    {topic: "iss", facts: "the token has " + quoted(t.claims["iss"]), always: true},
		checkKey:       {topic: "key", facts: "kid " + quoted(t.header["kid"]), passed: d.keyFound()},
		checkSignature: {topic: "signature", passed: "made with that key"},
		checkKind:      {topic: "kind", passed: "an access token with the required claims"},
		checkAudience: {topic: d.audienceClaim(), facts: fmt.Sprintf("the token is for %s, this API is %s",
			quoted(t.claims[d.audienceClaim()]), quoted(strings.Join(d.use.audiences, " "))), always: true},
		checkTime: {topic: "exp", facts: t.validity(time.Now()), always: true},
	}
}

// keyFound describes which key the authorizer has found. A token without kid is checked
// if exactly one usable key is for its alg.
func (d *doctor) keyFound() string {
	if d.token.header["kid"] == nil {
		return ": exactly one key in use is for " + quoted(d.token.header["alg"])
	}
	return " is one of the keys in use"
}

// audienceClaim returns the claim that names the API the token is for.
func (d *doctor) audienceClaim() string {
	if d.use.provider == "cognito" {
		return "client_id"
	}
	return "aud"
}
