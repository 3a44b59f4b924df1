package main

import (
	"context"
	"fmt"
	"strings"

	"accountapi/test/issuer"
)

// verdicts sends every contestant a good token and bad ones, and notes its wrong
// verdicts. A contestant that refuses the good token is left out of the rest. References,
// which are no authorizers, get only the good token.
func (b *bench) verdicts(ctx context.Context, _ *result) error {
	bad := map[issuer.TokenFault]event{}
	for _, fault := range issuer.TokenFaults() {
		bad[fault] = newEvent(b.tenant.Token(fault), "")
	}
	for _, c := range b.able() {
		if err := c.judge(ctx, b.tenant, b.events[0], bad); err != nil {
			if c.kind != peer {
				return err
			}
			c.row.Skipped = strings.Join(strings.Fields(err.Error()), " ") // its lines in one
			b.say("leaving out %s", c.row.Skipped)
		}
	}
	return ctx.Err()
}

func (c *contestant) judge(ctx context.Context, t *tenant, good event, bad map[issuer.TokenFault]event) error {
	f, err := c.start(t)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.mustAllow(ctx, good); err != nil || c.kind == reference {
		return err
	}
	for _, fault := range issuer.TokenFaults() {
		got, _, err := f.answer(ctx, bad[fault])
		if err != nil {
			return err
		}
		if got != refuse {
			c.row.Wrong = append(c.row.Wrong, fmt.Sprintf("%s: %s", fault, got))
		}
	}
	return nil
}
