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

// storm is what callers with made-up keys do to the issuer and to everybody else.
type storm struct {
	Tokens      int     `json:"tokens"`
	Fetches     int     `json:"fetches"`         // of the key set, beyond the first one
	Wrong       int     `json:"wrong,omitempty"` // tokens that were not refused
	NewKey      verdict `json:"new_key"`         // how a token fared with a key that was new right after the storm
	NewKeyLater verdict `json:"new_key_later"`   // and stormPause later
}

const (
	stormTokens = 200
	stormPause  = time.Second
)

// storms sends every contestant tokens under keys that nobody knows, and then good ones
// under a key that the issuer has just rotated in. Storms come one after the other,
// because one that others hold up is none; the pauses after them overlap.
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
	// The new key is made now, which takes a while, and published when the storm is over.
	old := t.JWKS()
	t.Rotate()
	rotated := t.JWKS()
	first, second := newEvent(typical(t.Issuer, 1), subject(1)), newEvent(typical(t.Issuer, 2), subject(2))
	t.PublishJWKS(old)
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

// underUnknownKey gives a token a header that names a key nobody has. Its signature does
// not fit any more, but nobody gets as far as that.
func underUnknownKey(token string) string {
	_, rest, _ := strings.Cut(token, ".")
	header := fmt.Sprintf(`{"alg":"RS256","kid":%q,"typ":"JWT"}`, rand.Text())
	return base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + rest
}
