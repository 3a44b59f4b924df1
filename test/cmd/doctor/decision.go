package main

import (
	"context"
	"slices"
)

// examineToken has the authorizer decide about the token, with the settings of all
// issuers, and explains the decision.
func (d *doctor) examineToken(ctx context.Context) error {
	v, err := d.decide(ctx)
	if err != nil {
		return err
	}
	if d.suggested != "" {
		if v, err = d.tryProvider(ctx, v); err != nil {
			return err
		}
	}
	if err := d.findSigner(ctx, v.decision.Reason); err != nil {
		return err
	}
	d.explainDecision(v)
	return nil
}

// findSigner finds out whether a token with a wrong signature, or of an unknown key, is
// signed with a key of another trusted issuer: their URLs may be swapped.
func (d *doctor) findSigner(ctx context.Context, reason string) error {
	if !slices.Contains([]string{"bad_signature", "kid_unknown", "kid_unproven"}, reason) {
		return nil
	}
	for _, other := range d.doctors {
		if !other.usable || other.use.JWKSURI == d.use.JWKSURI {
			continue
		}
		as := d.use
		as.JWKSURI = other.use.JWKSURI
		v, err := d.ask(ctx, []trusted{as}, d.settings.token)
		if err != nil {
			return err
		}
		if v.decision.Reason == "ok" || v.decision.Reason == "scope" {
			d.signer = other
		}
	}
	return nil
}

// decide has the authorizer decide about the token.
func (d *doctor) decide(ctx context.Context) (v verdict, err error) {
	if d.use.JWKSURI == "" {
		return v, nil
	}
	var issuers []trusted
	for _, other := range d.doctors {
		if other.use.JWKSURI != "" {
			issuers = append(issuers, other.use)
		}
	}
	return d.ask(ctx, issuers, d.settings.token)
}

// tryProvider has the authorizer decide with the suggested provider too. If the token
// then passes more checks, the missing setting is a mistake. If it passes fewer checks,
// the suggestion is withdrawn.
func (d *doctor) tryProvider(ctx context.Context, without verdict) (verdict, error) {
	given := d.use.Provider
	d.use.Provider = d.suggested
	with, err := d.decide(ctx)
	if err != nil {
		return with, err
	}
	before, after := failedCheck[without.decision.Reason], failedCheck[with.decision.Reason]
	d.use.Provider = given
	switch {
	case after < before:
		d.suggested = ""
		return without, nil
	case after == before && with.scope == without.scope:
		return without, nil
	case after == before:
		d.wrong("provider", d.set("provider", d.suggested),
			"without the provider %s, the token has the scopes %q, and with it %q", d.suggested, without.scope, with.scope)
	default:
		why, _ := d.refusal(without.decision.Reason)
		d.wrong("provider", d.set("provider", d.suggested), "without the provider %s, the authorizer refuses the token: %s", d.suggested, why)
	}
	d.use.Provider = d.suggested
	return with, nil
}
