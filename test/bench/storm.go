package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"strings"
	"time"
)

// storm is what callers with made-up keys do to the issuer and to everybody else.
type storm struct {
	Tokens     int    `json:"tokens"`
	Fetches    int    `json:"fetches"`         // of the key set, beyond the first one
	Wrong      int    `json:"wrong,omitempty"` // tokens that were not refused
	RotatedKey string `json:"rotated_key"`     // how a token with a new key fared, stormPause later
}

const (
	stormTokens = 200
	// Issuers do not rotate their keys at the very moment a storm ends.
	stormPause = time.Second
)

// storms sends every contestant tokens under keys that nobody knows, and then a good one
// under a key that the issuer has just rotated in. One after the other, because a storm
// that others hold up is none.
func (b *bench) storms(ctx context.Context, _ *result) error {
	for _, c := range b.able() {
		if c.kind == reference {
			continue
		}
		if err := b.storm(ctx, c); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
	}
	return nil
}

func (b *bench) storm(ctx context.Context, c *contestant) error {
	t, err := openTenant(b.scratch, false, 0)
	if err != nil {
		return err
	}
	defer t.close()
	f, err := c.start(t)
	if err != nil {
		return err
	}
	defer f.Close()
	good := typical(t.Issuer, 0)
	if _, err := f.mustAllow(ctx, newEvent(good, subject(0))); err != nil {
		return err
	}
	before := t.JWKSFetches()
	s := storm{Tokens: stormTokens}
	for range stormTokens {
		got, _, err := f.answer(ctx, newEvent(underUnknownKey(good), ""))
		if err != nil {
			return err
		}
		if got != refuse {
			s.Wrong++
		}
	}
	s.Fetches = t.JWKSFetches() - before
	pause := time.After(stormPause)
	t.Rotate()
	<-pause
	got, _, err := f.answer(ctx, newEvent(typical(t.Issuer, 1), subject(1)))
	s.RotatedKey = string(got)
	c.row.Storm = s
	return err
}

// underUnknownKey gives a token a header that names a key nobody has. Its signature does
// not fit any more, but nobody gets as far as that.
func underUnknownKey(token string) string {
	_, rest, _ := strings.Cut(token, ".")
	header := fmt.Sprintf(`{"alg":"RS256","kid":%q,"typ":"JWT"}`, rand.Text())
	return base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + rest
}
