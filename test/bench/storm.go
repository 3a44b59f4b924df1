package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
)

// storm is the effect of many tokens under unknown keys on the issuer and other callers.
type storm struct {
	Fetches     int     // of the key set, after the first one
	Allowed     int     // tokens that were let in
	Unchecked   int     // tokens that were answered with an error other than "Unauthorized"
	NewKey      verdict // on a token with a key that was published right after the storm
	NewKeyLater verdict // on another one, stormPause later
}

const (
	stormTokens = 200
	// stormPause is longer than this authorizer waits between two looks for a new key.
	stormPause = 11 * time.Second
)

// storms sends every contestant tokens with unknown key IDs, and then good ones with a
// key that the issuer has just published. The storms come one after the other, so that
// none slows another down; the pauses after them overlap.
func (b *bench) storms(ctx context.Context, _ *result) error {
	var turn sync.Mutex
	var all sync.WaitGroup
	list := b.able()
	failures := make([]error, len(list))
	for i, c := range list {
		if c.kind != reference {
			all.Go(func() {
				if err := b.storm(ctx, c, &turn); err != nil {
					failures[i] = fmt.Errorf("%s: %w", c.name, err)
				}
			})
		}
	}
	all.Wait()
	return errors.Join(failures...)
}

func (b *bench) storm(ctx context.Context, c *contestant, turn *sync.Mutex) error {
	turn.Lock()
	endTurn := sync.OnceFunc(turn.Unlock)
	defer endTurn()
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
	// The new key is generated now, which takes some time, and published after the storm.
	old := t.JWKS()
	t.Rotate()
	rotated := t.JWKS()
	first, second := newEvent(typical(t.Issuer, 1), subject(1)), newEvent(typical(t.Issuer, 2), subject(2))
	t.PublishJWKS(old)
	before := t.JWKSFetches()
	var s storm
	for range stormTokens {
		got, _, err := f.answer(ctx, newEvent(underUnknownKey(good), ""))
		if err != nil {
			return err
		}
		switch got {
		case allow:
			s.Allowed++
		case fault:
			s.Unchecked++
		}
	}
	s.Fetches = t.JWKSFetches() - before
	t.PublishJWKS(rotated)
	if s.NewKey, _, err = f.answer(ctx, first); err != nil {
		return err
	}
	endTurn()
	time.Sleep(stormPause)
	s.NewKeyLater, _, err = f.answer(ctx, second)
	c.row.Storm = s
	return err
}

// underUnknownKey replaces the header of a token by one with an unknown key ID. The
// signature is then wrong too, but without the key nobody can check it.
func underUnknownKey(token string) string {
	_, rest, _ := strings.Cut(token, ".")
	header := fmt.Sprintf(`{"alg":"RS256","kid":%q,"typ":"JWT"}`, rand.Text())
	return base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + rest
}
