package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// profileScope is what GET /profile demands.
const profileScope = "get:profile"

// The steps of a verdict, in the order in which the authorizer takes them.
const (
	stepShape = iota
	stepHeader
	stepIssuer
	stepKey
	stepSignature
	stepKind
	stepAudience
	stepTime
	stepsTaken // all of them
)

// examineToken has the authorizer decide about the token and explains the verdict, step by
// step.
func (d *doctor) examineToken(ctx context.Context) error {
	d.examineShape()
	var v verdict
	if d.use.jwksURI != "" {
		var err error
		if v, err = ask(ctx, d.bootstrap, d.use); err != nil {
			return err
		}
	}
	last := reached(v)
	for i, step := range d.steps() {
		switch {
		case i < last:
			d.ok(step.topic, "%s%s", step.facts, step.passed)
		case i == last:
			why, fix := d.refusal(v.decision.Reason)
			if step.facts != "" {
				why = step.facts + ": " + why
			}
			d.wrong(step.topic, fix, "%s", why)
		case step.telling && d.token.claims != nil:
			d.note(step.topic, "not judged: %s", step.facts)
		}
	}
	switch {
	case last == stepsTaken:
		d.examineScopes(v.scope)
	case last < 0 && v.decision.Reason != "":
		// Not of the reasons known here: then it is at least not accepted.
		d.wrong("token", "see lambdas/authorizer/verifier.go for what that is", "the authorizer says %s %s", v.decision.Reason, v.decision.Error)
	}
	return nil
}

// examineShape looks whether a token gives away what kind of provider made it.
func (d *doctor) examineShape() {
	shape := byShape(d.token)
	if shape == "" || d.use.provider != "" || byHost(d.use.issuer) != "" {
		return
	}
	d.use.provider = shape
	switch shape {
	case "cognito":
		d.wrong("provider", "add PROVIDER=cognito", "the token has the shape of Cognito's, which name no API but an app client")
	default:
		d.note("provider", "the token has the shape of %s: PROVIDER=%[1]s holds all tokens to it", shape)
	}
}

// reached is the step that the authorizer did not get beyond; -1 if it did not look at all.
func reached(v verdict) int {
	switch v.decision.Reason {
	case "missing_token", "malformed_header", "oversize", "malformed_token":
		return stepShape
	case "bad_header", "alg_not_allowed", "kid_missing":
		return stepHeader
	case "issuer":
		return stepIssuer
	case "kid_unknown", "key_alg_mismatch", "jwks_unavailable":
		return stepKey
	case "bad_signature":
		return stepSignature
	case "token_kind":
		if v.decision.Issuer == "" {
			return stepHeader // the typ; it comes before the issuer
		}
		return stepKind
	case "claim_type", "bound_token":
		return stepKind
	case "audience":
		return stepAudience
	case "expired", "not_yet_valid":
		return stepTime
	case "ok":
		return stepsTaken
	}
	return -1
}

// step is what the token has for one step.
type step struct {
	topic, facts string
	passed       string // what more can be said when it is taken
	telling      bool   // also if the authorizer did not get that far
}

func (d *doctor) steps() [stepsTaken]step {
	t := d.token
	return [...]step{
		stepShape:     {topic: "token", facts: fmt.Sprintf("%d bytes in %d parts", t.length, t.parts)},
		stepHeader:    {topic: "header", facts: fmt.Sprintf("alg %s, typ %s, kid %s", quoted(t.header["alg"]), quoted(t.header["typ"]), quoted(t.header["kid"])), telling: true},
		stepIssuer:    {topic: "iss", facts: "the token says " + quoted(t.claims["iss"]), telling: true},
		stepKey:       {topic: "key", facts: "kid " + quoted(t.header["kid"]), passed: " is one of those in use"},
		stepSignature: {topic: "signature", passed: "made with that key"},
		stepKind:      {topic: "kind", passed: "an access token, with the claims it needs"},
		stepAudience: {topic: d.audienceClaim(), facts: fmt.Sprintf("the token is for %s, this API is %s",
			quoted(t.claims[d.audienceClaim()]), quoted(strings.Join(d.use.audiences, " "))), telling: true},
		stepTime: {topic: "exp", facts: t.validity(time.Now()), telling: true},
	}
}

// audienceClaim is the claim that names what a token is for.
func (d *doctor) audienceClaim() string {
	if d.use.provider == "cognito" {
		return "client_id"
	}
	return "aud"
}

// examineScopes looks whether a token that is let in may do what this API is for.
func (d *doctor) examineScopes(scope string) {
	if slices.Contains(strings.Fields(scope), profileScope) {
		d.ok("scope", "%s is among %q: GET /profile answers 200", profileScope, scope)
		return
	}
	fix := "grant it to the client at the issuer (Auth0: Applications → APIs → the API → Permissions, then Machine To Machine Applications), and ask for SCOPE=" + profileScope
	for _, claim := range []string{"permissions", "roles"} {
		if slices.Contains(d.token.texts(claim), profileScope) {
			fix = fmt.Sprintf("ask for it with SCOPE=%s: it is in the claim %s, which only says what the issuer would grant", profileScope, claim)
		}
	}
	d.wrong("scope", fix, "the token is let in, but GET /profile answers 403: it has %q, not %s", scope, profileScope)
}
