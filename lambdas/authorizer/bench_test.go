package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/base64"
	"io"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"
)

// oneKilobyte pads the claims to what a token with a profile in it has.
var oneKilobyte = claim("https://account-api.example/profile", members{
	"email": "daniel@example.com", "roles": []string{"reader", "writer", "owner"}, "department": strings.Repeat("long names ", 24),
})

// BenchmarkVerify measures verify against nothing but hash and crypto on the same decoded
// bytes, interleaved, so that the ratio means something on a busy machine too.
func BenchmarkVerify(b *testing.B) {
	for _, key := range []keyPair{key1(), key1().as("ps256", "PS256"), p256(), ed()} {
		b.Run(key.alg, func(b *testing.B) {
			bed := newBed(b, everyKey(), everyAlgorithm)
			token := mint(by(key), oneKilobyte)
			cut := strings.LastIndexByte(token, '.')
			signature, _ := base64.RawURLEncoding.DecodeString(token[cut+1:])
			raw := rawVerify(key, []byte(token[:cut]), signature)
			ctx := context.Background()
			b.SetBytes(int64(len(token)))

			var ours, alone []time.Duration
			for b.Loop() {
				start := time.Now()
				if _, err := bed.verifier.verify(ctx, token, &seen{}); err != nil {
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
			b.ReportMetric(testing.AllocsPerRun(100, func() { bed.verifier.verify(ctx, token, &seen{}) }), "verify-allocs/op")
		})
	}
}

// rawVerify is what no verifier can do without.
func rawVerify(key keyPair, signed, signature []byte) func() bool {
	alg := algorithmNamed(algorithms, key.alg)
	switch public := key.private.Public().(type) {
	case *rsa.PublicKey:
		if strings.HasPrefix(key.alg, "PS") {
			return func() bool {
				return rsa.VerifyPSS(public, alg.hash, alg.digest(signed), signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}) == nil
			}
		}
		return func() bool { return rsa.VerifyPKCS1v15(public, alg.hash, alg.digest(signed), signature) == nil }
	case *ecdsa.PublicKey:
		half := len(signature) / 2
		r, s := new(big.Int).SetBytes(signature[:half]), new(big.Int).SetBytes(signature[half:])
		return func() bool { return ecdsa.Verify(public, alg.digest(signed), r, s) }
	case ed25519.PublicKey:
		return func() bool { return ed25519.Verify(public, signed, signature) }
	}
	panic("no such key")
}

// BenchmarkRefuse measures refusals that need no cryptography: what an attacker gets for
// free should cost us next to nothing.
func BenchmarkRefuse(b *testing.B) {
	bed := newBed(b, everyKey())
	token := mint(oneKilobyte)
	for name, authorization := range map[string]string{
		"no token":        "",
		"no bearer":       "Basic dXNlcjpwYXNz",
		"two parts":       "Bearer " + token[:strings.LastIndexByte(token, '.')],
		"alg none":        bearerOf(headerMember("alg", "none"), oneKilobyte),
		"unknown kid":     bearerOf(headerMember("kid", "other"), oneKilobyte),
		"other issuer":    bearerOf(claim("iss", "https://other.example/"), oneKilobyte),
		"8 KiB of claims": bearerOf(claim("pad", strings.Repeat("x", 5000)), claim("iss", "x")),
		"many members":    bearerOf(rawPayload(`{"iss":"x",` + numbered(180) + `}`)),
	} {
		b.Run(strings.ReplaceAll(name, " ", "-"), func(b *testing.B) {
			b.ReportAllocs()
			ctx := context.Background()
			for b.Loop() {
				token, err := bearer(authorization)
				if err == nil {
					_, err = bed.verifier.verify(ctx, token, &seen{})
				}
				if err == nil {
					b.Fatal("let in")
				}
			}
		})
	}
}

// BenchmarkHandle measures the whole handler with its log line.
func BenchmarkHandle(b *testing.B) {
	bed := newBed(b, everyKey())
	bed.log = newDecisionLog(io.Discard, "authorizer", testIssuer)
	event := request{Type: "TOKEN", MethodArn: testArn, AuthorizationToken: bearerOf(oneKilobyte)}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := bed.handle(context.Background(), event); err != nil {
			b.Fatal(err)
		}
	}
}
