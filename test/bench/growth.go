package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"

	"accountapi/test/issuer"
)

// growthResult is how the authorizer fares with more of everything.
type growthResult struct {
	Keys    growthTable `json:"keys"`    // in the set
	Tokens  growthTable `json:"tokens"`  // by size in KB
	Callers growthTable `json:"callers"` // by callers that an environment has answered, each with a token of its own, in thousands
}

// growthTable is latency and memory by some size, with a straight line through each.
type growthTable struct {
	Unit       string      `json:"unit"`
	Rows       []growthRow `json:"rows"`
	P50Line    line        `json:"p50_us_line"`
	MemoryLine line        `json:"peak_memory_mb_line"`
}

type growthRow struct {
	Size         float64 `json:"size"`
	InitMs       float64 `json:"init_ms,omitempty"`
	P50Us        spread  `json:"p50_us"`
	PeakMemoryMB float64 `json:"peak_memory_mb,omitempty"`
}

func (t *growthTable) fit() {
	var sizes, times, memory []float64
	for _, row := range t.Rows {
		sizes, times, memory = append(sizes, row.Size), append(times, row.P50Us.Median), append(memory, row.PeakMemoryMB)
	}
	t.P50Line, t.MemoryLine = fit(sizes, times), fit(sizes, memory)
}

// growth measures the authorizer with larger key sets, larger tokens, and more of them.
func (b *bench) growth(ctx context.Context, r *result) error {
	if err := b.keyGrowth(ctx, &r.Growth.Keys); err != nil {
		return err
	}
	if err := b.tokenGrowth(ctx, &r.Growth.Tokens); err != nil {
		return err
	}
	if err := b.callerGrowth(ctx, &r.Growth.Callers); err != nil {
		return err
	}
	for _, t := range []*growthTable{&r.Growth.Keys, &r.Growth.Tokens, &r.Growth.Callers} {
		t.fit()
	}
	return nil
}

// subjectOfGrowth is one environment that is compared with others, in turns.
type subjectOfGrowth struct {
	row    growthRow
	f      *function
	events []event
	pace   pace
}

// takeTurns warms the environments up, with each of their tokens, and measures them in
// turns.
func (b *bench) takeTurns(ctx context.Context, subjects []*subjectOfGrowth) ([]growthRow, error) {
	for _, s := range subjects {
		defer s.f.Close()
		result, err := s.f.mustAllow(ctx, s.events[0])
		if err != nil {
			return nil, err
		}
		s.row.InitMs = milliseconds(result.InitDuration)
		if err := s.f.batch(ctx, &pace{}, s.events, 0, max(b.plan.warmUp, len(s.events))); err != nil {
			return nil, err
		}
	}
	for round := range b.plan.growth {
		for _, s := range shuffled(round, subjects) {
			if err := s.f.batch(ctx, &s.pace, s.events, round*b.plan.batch, b.plan.batch); err != nil {
				return nil, err
			}
		}
	}
	var rows []growthRow
	for _, s := range subjects {
		s.row.P50Us, s.row.PeakMemoryMB = spreadOf(s.pace.p50), megabytes(s.pace.memory)
		rows = append(rows, s.row)
	}
	return rows, nil
}

func (b *bench) keyGrowth(ctx context.Context, table *growthTable) (err error) {
	table.Unit = "key"
	var subjects []*subjectOfGrowth
	for _, keys := range []int{1, 4, 16, 64} {
		t, err := openTenant(b.scratch, false, 0)
		if err != nil {
			return err
		}
		defer t.close()
		set, err := withMadeUpKeys(t.JWKS(), keys-1)
		if err != nil {
			return err
		}
		t.PublishJWKS(set)
		f, err := b.authorizer().start(t)
		if err != nil {
			return err
		}
		subjects = append(subjects, &subjectOfGrowth{row: growthRow{Size: float64(keys)}, f: f, events: t.mint(50)})
	}
	table.Rows, err = b.takeTurns(ctx, subjects)
	return err
}

// withMadeUpKeys adds so many RSA keys to a JWK Set. Their moduli are random: whoever
// verifies cannot tell, and real ones would take longer to generate than to measure.
func withMadeUpKeys(document []byte, n int) ([]byte, error) {
	var set struct {
		Keys []map[string]any `json:"keys"`
	}
	if err := json.Unmarshal(document, &set); err != nil {
		return nil, err
	}
	for i := range n {
		modulus := make([]byte, 256)
		rand.Read(modulus)
		modulus[0] |= 0x80 // 2048 bits
		modulus[255] |= 1  // odd, as a product of primes is
		set.Keys = append(set.Keys, map[string]any{
			"kty": "RSA", "alg": "RS256", "use": "sig", "e": "AQAB",
			"kid": fmt.Sprintf("made-up-%d", i), "n": base64.RawURLEncoding.EncodeToString(modulus),
		})
	}
	return json.Marshal(set)
}

func (b *bench) tokenGrowth(ctx context.Context, table *growthTable) error {
	table.Unit = "KB of token"
	t, err := openTenant(b.scratch, false, 0)
	if err != nil {
		return err
	}
	defer t.close()
	var subjects []*subjectOfGrowth
	for _, size := range []int{512, 1024, 4096, 8192} {
		var events []event
		for caller := range 50 {
			token := tokenOfSize(t.Issuer, caller, size)
			events = append(events, newEvent(token, subject(caller)))
		}
		f, err := b.authorizer().start(t)
		if err != nil {
			return err
		}
		subjects = append(subjects, &subjectOfGrowth{row: growthRow{Size: float64(size) / 1024}, f: f, events: events})
	}
	table.Rows, err = b.takeTurns(ctx, subjects)
	return err
}

// tokenOfSize mints a token of at most that many bytes, and as near as base64 comes. The
// smallest has only the claims that an access token must have.
func tokenOfSize(i *issuer.Issuer, caller, size int) string {
	options := []issuer.Option{issuer.Subject(subject(caller)), issuer.Without("azp", "gty", "jti"), issuer.WithoutHeader("typ")}
	token := i.Token(options...)
	for free := size - len(token); free > 0; free-- {
		// A claim of twelve roles, say, rather than one long string: JSON costs by its parts.
		padding := issuer.Claim("roles", strings.SplitAfter(strings.Repeat("administrator ", free/14+1)[:free], " "))
		if padded := i.Token(append(options, padding)...); len(padded) <= size {
			return padded
		} else if over := len(padded) - size; over > 8 {
			free -= over / 2
		}
	}
	return token
}

// callerGrowth compares environments that have answered more and more callers.
func (b *bench) callerGrowth(ctx context.Context, table *growthTable) (err error) {
	table.Unit = "thousand callers"
	var subjects []*subjectOfGrowth
	for _, callers := range []int{len(b.events) / 100, len(b.events) / 10, len(b.events)} {
		f, err := b.authorizer().start(b.tenant)
		if err != nil {
			return err
		}
		subjects = append(subjects, &subjectOfGrowth{row: growthRow{Size: float64(callers) / 1000}, f: f, events: b.events[:callers]})
	}
	table.Rows, err = b.takeTurns(ctx, subjects)
	return err
}
