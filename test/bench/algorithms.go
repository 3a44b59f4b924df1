package main

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"accountapi/test/issuer"

	"github.com/auth0/go-jwt-middleware/v3/validator"
	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	"github.com/golang-jwt/jwt/v5"
	jwk2 "github.com/lestrrat-go/jwx/v2/jwk"
	jwt2 "github.com/lestrrat-go/jwx/v2/jwt"
	jwk3 "github.com/lestrrat-go/jwx/v3/jwk"
)

// algorithmRow is the cost of verification alone, without Lambda and network, as a
// multiple of the time that hash and crypto/* take for the same bytes, already decoded.
type algorithmRow struct {
	Algorithm string
	RawUs     float64
	Ratios    map[string]spread // by verifier
}

var algorithmNames = []string{"RS256", "PS256", "ES256", "EdDSA"}

// algorithms measures the libraries in Go in this process, in turns with raw crypto. The
// authorizer's code is in another module; its own benchmark measures in the same way.
func (b *bench) algorithms(ctx context.Context, r *result) error {
	own, err := b.authorizerRatios(ctx)
	if err != nil {
		return err
	}
	i, err := issuer.New(issuer.Config{URL: "https://tenant.example/", Algorithms: algorithmNames})
	if err != nil {
		return err
	}
	for _, name := range algorithmNames {
		row, err := compareVerifiers(ctx, i, name, b.plan.algorithms)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		row.Ratios[authorizerName] = spreadOf(own[name])
		r.Algorithms = append(r.Algorithms, row)
	}
	return nil
}

// authorizerRatios runs the authorizer's benchmark and reads its ratios to raw crypto.
func (b *bench) authorizerRatios(ctx context.Context) (map[string][]float64, error) {
	// Flags of the function's build that matter here, for the build cache to serve both.
	args := append([]string{"test", "-trimpath", "-tags=lambda.norpc", "-run=^$", "-bench=^BenchmarkVerify$", "./..."},
		strings.Fields(b.plan.benchmark)...)
	command := exec.CommandContext(ctx, "go", args...)
	command.Dir = filepath.Join(b.root, "lambdas")
	command.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off", "CGO_ENABLED=0")
	output, err := command.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, output)
	}
	return readRatios(output)
}

var benchmarkLine = regexp.MustCompile(`(?m)^BenchmarkVerify/(\w+)\S*\s.*?([\d.]+) x-raw`)

func readRatios(output []byte) (map[string][]float64, error) {
	found := map[string][]float64{}
	for _, match := range benchmarkLine.FindAllSubmatch(output, -1) {
		ratio, err := strconv.ParseFloat(string(match[2]), 64)
		if err != nil {
			return nil, err
		}
		found[string(match[1])] = append(found[string(match[1])], ratio)
	}
	for _, name := range algorithmNames {
		if len(found[name]) == 0 {
			return nil, fmt.Errorf("BenchmarkVerify reports no x-raw for %s:\n%s", name, output)
		}
	}
	return found, nil
}

// verifier is a library's verification of one token, with the key at hand.
type verifier struct {
	name   string
	verify func(token string) error
}

// compareVerifiers measures each verifier in several rounds, as the authorizer's
// benchmark does: one verification and one of raw crypto in turns, and the ratio of the
// two medians.
func compareVerifiers(ctx context.Context, i *issuer.Issuer, algorithm string, calls int) (algorithmRow, error) {
	const rounds = 5
	token := typical(i, 0, issuer.Algorithm(algorithm))
	raw, err := rawVerifier(i, algorithm, token)
	if err != nil {
		return algorithmRow{}, err
	}
	list, err := libraryVerifiers(ctx, i, algorithm)
	if err != nil {
		return algorithmRow{}, err
	}
	var rawUs []float64
	found := map[string][]float64{}
	for round := range rounds {
		for _, v := range shuffled(round, list) {
			var theirs, alone []float64
			for range calls {
				start := time.Now()
				if err := v.verify(token); err != nil {
					return algorithmRow{}, fmt.Errorf("%s: %w", v.name, err)
				}
				middle := time.Now()
				if err := raw(token); err != nil {
					return algorithmRow{}, err
				}
				theirs = append(theirs, microseconds(middle.Sub(start)))
				alone = append(alone, microseconds(time.Since(middle)))
			}
			rawMedian := spreadOf(alone).Median
			rawUs = append(rawUs, rawMedian)
			found[v.name] = append(found[v.name], spreadOf(theirs).Median/rawMedian)
		}
	}
	row := algorithmRow{Algorithm: algorithm, RawUs: spreadOf(rawUs).Median, Ratios: map[string]spread{}}
	for name, ratios := range found {
		row.Ratios[name] = spreadOf(ratios)
	}
	return row, nil
}

// rawVerifier only hashes the token and verifies its signature.
func rawVerifier(i *issuer.Issuer, algorithm, token string) (func(string) error, error) {
	key, err := publicKey(i, algorithm)
	if err != nil {
		return nil, err
	}
	cut := strings.LastIndexByte(token, '.')
	signed := []byte(token[:cut])
	signature, err := base64.RawURLEncoding.DecodeString(token[cut+1:])
	if err != nil {
		return nil, err
	}
	digest := func() []byte {
		sum := sha256.Sum256(signed)
		return sum[:]
	}
	good := func(ok bool) error {
		if !ok {
			return jwt.ErrSignatureInvalid
		}
		return nil
	}
	switch key := key.(type) {
	case *rsa.PublicKey:
		if algorithm == "PS256" {
			exact := &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}
			return func(string) error { return rsa.VerifyPSS(key, crypto.SHA256, digest(), signature, exact) }, nil
		}
		return func(string) error { return rsa.VerifyPKCS1v15(key, crypto.SHA256, digest(), signature) }, nil
	case *ecdsa.PublicKey:
		half := len(signature) / 2
		r, s := new(big.Int).SetBytes(signature[:half]), new(big.Int).SetBytes(signature[half:])
		return func(string) error { return good(ecdsa.Verify(key, digest(), r, s)) }, nil
	case ed25519.PublicKey:
		return func(string) error { return good(ed25519.Verify(key, signed, signature)) }, nil
	}
	return nil, fmt.Errorf("a key of type %T", key)
}

// publicKey returns the issuer's key for an algorithm.
func publicKey(i *issuer.Issuer, algorithm string) (crypto.PublicKey, error) {
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(i.JWKS(), &set); err != nil {
		return nil, err
	}
	for _, key := range set.Keys {
		if key.Algorithm == algorithm {
			return key.Key, nil
		}
	}
	return nil, fmt.Errorf("the issuer has no key for %s", algorithm)
}

// libraryVerifiers sets each library up as its contestant does, with the key at hand.
func libraryVerifiers(ctx context.Context, i *issuer.Issuer, algorithm string) ([]verifier, error) {
	key, err := publicKey(i, algorithm)
	if err != nil {
		return nil, err
	}
	parser := jwt.NewParser(jwt.WithValidMethods([]string{algorithm}), jwt.WithIssuer(i.URL()),
		jwt.WithAudience(i.Audience()), jwt.WithExpirationRequired())
	fixed := func(*jwt.Token) (any, error) { return key, nil }

	set2, err := jwk2.Parse(i.JWKS())
	if err != nil {
		return nil, err
	}
	set3, err := jwk3.Parse(i.JWKS())
	if err != nil {
		return nil, err
	}
	keys3 := func(context.Context) (any, error) { return set3, nil }
	auth0, err := validator.New(validator.WithKeyFunc(keys3),
		validator.WithAlgorithm(validator.SignatureAlgorithm(algorithm)),
		validator.WithIssuer(i.URL()), validator.WithAudience(i.Audience()))
	if err != nil {
		return nil, err
	}
	static := oidc.NewVerifier(i.URL(), &oidc.StaticKeySet{PublicKeys: []crypto.PublicKey{key}},
		&oidc.Config{ClientID: i.Audience(), SupportedSigningAlgs: []string{algorithm}})

	return []verifier{
		{"golang-jwt", func(token string) error {
			_, err := parser.ParseWithClaims(token, &jwt.RegisteredClaims{}, fixed)
			return err
		}},
		{"jwx", func(token string) error {
			_, err := jwt2.Parse([]byte(token),
				jwt2.WithKeySet(set2), jwt2.WithIssuer(i.URL()), jwt2.WithAudience(i.Audience()))
			return err
		}},
		{"go-oidc", func(token string) error {
			_, err := static.Verify(ctx, token)
			return err
		}},
		{"go-jwt-middleware", func(token string) error {
			_, err := auth0.ValidateToken(ctx, token)
			return err
		}},
	}, nil
}
