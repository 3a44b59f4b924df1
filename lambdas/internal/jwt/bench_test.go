package jwt

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"accountapi/lambdas/internal/tokentest"
)

// oneKilobyte pads the claims to what a token with a profile in it has.
var oneKilobyte = claim("https://account-api.example/records", members{
	"email": "daniel@example.com", "roles": []string{"reader", "writer", "owner"},
	"department": strings.Repeat("long names ", 24),
})

// BenchmarkVerify measures verify against nothing but hash and crypto on the same decoded
// bytes, interleaved, so that the ratio means something on a busy machine too.
func BenchmarkVerify(b *testing.B) {
	for _, key := range []tokentest.Key{key1(), key1().As("ps256", "PS256"), p256(), ed()} {
		b.Run(key.Algorithm, func(b *testing.B) {
			bed := newBed(b, tokentest.EveryKey())
			token := mint(by(key), oneKilobyte)
			cut := strings.LastIndexByte(token, '.')
			signature, _ := base64.RawURLEncoding.DecodeString(token[cut+1:])
			raw := rawVerify(key, []byte(token[:cut]), signature)
			ctx := context.Background()
			b.SetBytes(int64(len(token)))

			var ours, alone []time.Duration
			for b.Loop() {
				start := time.Now()
				if _, err := bed.Verify(ctx, token, &Seen{}); err != nil {
					b.Fatal(err)
				}
				middle := time.Now()
				if !raw() {
					b.Fatal("the raw verification failed")
				}
				ours = append(ours, middle.Sub(start))
				alone = append(alone, time.Since(middle))
			}
			slices.Sort(ours)
			slices.Sort(alone)
			b.ReportMetric(float64(ours[len(ours)/2])/float64(alone[len(alone)/2]), "x-raw")
			b.ReportMetric(testing.AllocsPerRun(100, func() { bed.Verify(ctx, token, &Seen{}) }), "verify-allocs/op")
		})
	}
}

// rawVerify is what no verifier can do without.
func rawVerify(key tokentest.Key, signed, signature []byte) func() bool {
	digest := func() []byte {
		sum := sha256.Sum256(signed)
		return sum[:]
	}
	switch public := key.Private.Public().(type) {
	case *rsa.PublicKey:
		if key.Algorithm == "PS256" {
			exact := &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}
			return func() bool { return rsa.VerifyPSS(public, crypto.SHA256, digest(), signature, exact) == nil }
		}
		return func() bool { return rsa.VerifyPKCS1v15(public, crypto.SHA256, digest(), signature) == nil }
	case *ecdsa.PublicKey:
		half := len(signature) / 2
		r, s := new(big.Int).SetBytes(signature[:half]), new(big.Int).SetBytes(signature[half:])
		return func() bool { return ecdsa.Verify(public, digest(), r, s) }
	case ed25519.PublicKey:
		return func() bool { return ed25519.Verify(public, signed, signature) }
	}
	panic("no such key")
}

// BenchmarkRefuse measures refusals that need no cryptography: requests that cost an
// attacker nothing must cost little here.
func BenchmarkRefuse(b *testing.B) {
	bed := newBed(b, tokentest.EveryKey())
	token := mint(oneKilobyte)
	for name, token := range map[string]string{
		"two parts":       token[:strings.LastIndexByte(token, '.')],
		"alg none":        mint(withHeader("alg", "none"), oneKilobyte),
		"unknown kid":     mint(withHeader("kid", "other"), oneKilobyte),
		"other issuer":    mint(claim("iss", "https://other.example/"), oneKilobyte),
		"8 KiB of claims": mint(claim("pad", strings.Repeat("x", 5000)), claim("iss", "x")),
		"many members":    mint(rawPayload(`{"iss":"x",` + numbered(180) + `}`)),
	} {
		b.Run(strings.ReplaceAll(name, " ", "-"), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := bed.Verify(context.Background(), token, &Seen{}); err == nil {
					b.Fatal("accepted")
				}
			}
		})
	}
}
