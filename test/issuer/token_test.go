package issuer_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"accountapi/test/issuer"

	"github.com/go-jose/go-jose/v4"
	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"
)

// decode takes a compact token apart without verifying it.
func decode(t *testing.T, token string) (header, claims map[string]any) {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("token has %d parts", len(parts))
	}
	for n, into := range []*map[string]any{&header, &claims} {
		raw, err := base64.RawURLEncoding.Strict().DecodeString(parts[n])
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(raw, into); err != nil {
			t.Fatal(err)
		}
	}
	return header, claims
}

// noon is when the tests' issuers live.
var noon = time.Date(2030, 1, 2, 12, 0, 0, 0, time.UTC)

func newIssuer(t *testing.T, algorithms ...string) *issuer.Issuer {
	t.Helper()
	i, err := issuer.New(issuer.Config{
		URL:        "http://127.0.0.1:3001/",
		Audience:   "https://api.example.com/",
		Scopes:     []string{"get:profile", "update:profile"},
		ClientID:   "client",
		Lifetime:   time.Hour,
		Algorithms: algorithms,
		Now:        func() time.Time { return noon },
	})
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func TestATokenLooksLikeAuth0s(t *testing.T) {
	i := newIssuer(t)
	header, claims := decode(t, i.Token())
	if diff := cmp.Diff(map[string]any{"alg": "RS256", "typ": "JWT", "kid": i.KeyID()}, header); diff != "" {
		t.Error(diff)
	}
	if jti, ok := claims["jti"].(string); !ok || jti == "" {
		t.Errorf("jti %v", claims["jti"])
	}
	delete(claims, "jti")
	if diff := cmp.Diff(map[string]any{
		"iss":   "http://127.0.0.1:3001/",
		"sub":   "client@clients",
		"aud":   "https://api.example.com/",
		"iat":   float64(noon.Unix()),
		"exp":   float64(noon.Add(time.Hour).Unix()),
		"azp":   "client",
		"scope": "get:profile update:profile",
		"gty":   "client-credentials",
	}, claims); diff != "" {
		t.Error(diff)
	}
}

// TestOptions lists what each option makes of the token that TestATokenLooksLikeAuth0s shows: only the members that differ, nil for
// those that are gone.
func TestOptions(t *testing.T) {
	type members = map[string]any
	null := json.RawMessage("null")
	i := newIssuer(t)
	if err := i.AddKey("spare", "ES256"); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		options        []issuer.Option
		header, claims members
	}{
		"subject":                   {options: []issuer.Option{issuer.Subject("auth0|1")}, claims: members{"sub": "auth0|1"}},
		"one audience is a string":  {options: []issuer.Option{issuer.Audience("a")}, claims: members{"aud": "a"}},
		"several are an array":      {options: []issuer.Option{issuer.Audience("a", "b")}, claims: members{"aud": []any{"a", "b"}}},
		"scopes":                    {options: []issuer.Option{issuer.Scopes("a", "b")}, claims: members{"scope": "a b"}},
		"no scopes":                 {options: []issuer.Option{issuer.Scopes()}, claims: members{"scope": nil}},
		"lifetime":                  {options: []issuer.Option{issuer.Lifetime(time.Minute)}, claims: members{"exp": float64(noon.Unix() + 60)}},
		"lifetime in the past":      {options: []issuer.Option{issuer.Lifetime(-time.Second)}, claims: members{"exp": float64(noon.Unix() - 1)}},
		"any claim":                 {options: []issuer.Option{issuer.Claim("token_use", "access")}, claims: members{"token_use": "access"}},
		"a claim that is null":      {options: []issuer.Option{issuer.Claim("sub", nil)}, claims: members{"sub": null}},
		"claims left out":           {options: []issuer.Option{issuer.Without("exp", "gty")}, claims: members{"exp": nil, "gty": nil}},
		"typ of RFC 9068":           {options: []issuer.Option{issuer.Header("typ", "at+jwt")}, header: members{"typ": "at+jwt"}},
		"a header that lies":        {options: []issuer.Option{issuer.Header("alg", "PS256"), issuer.Header("kid", 7)}, header: members{"alg": "PS256", "kid": 7.0}},
		"header members left out":   {options: []issuer.Option{issuer.WithoutHeader("typ", "kid")}, header: members{"typ": nil, "kid": nil}},
		"the later option wins":     {options: []issuer.Option{issuer.Subject("a"), issuer.Subject("b")}, claims: members{"sub": "b"}},
		"an option after a fault":   {options: []issuer.Option{issuer.WrongAudience, issuer.Audience("a")}, claims: members{"aud": "a"}},
		"expired, with a lifetime":  {options: []issuer.Option{issuer.Lifetime(time.Minute), issuer.Expired}, claims: members{"iat": float64(noon.Unix() - 3660), "exp": float64(noon.Unix() - 3600)}},
		"not yet valid":             {options: []issuer.Option{issuer.NotYetValid}, claims: members{"nbf": float64(noon.Unix() + 3600), "exp": float64(noon.Unix() + 7200)}},
		"wrong issuer":              {options: []issuer.Option{issuer.WrongIssuer}, claims: members{"iss": "https://another-tenant.example.com/"}},
		"tampered":                  {options: []issuer.Option{issuer.Tampered}, claims: members{"sub": "somebody-else"}},
		"unsigned":                  {options: []issuer.Option{issuer.AlgNone}, header: members{"alg": "none"}},
		"unsigned, spelled oddly":   {options: []issuer.Option{issuer.AlgNone, issuer.Header("alg", "nOnE")}, header: members{"alg": "nOnE"}},
		"wrong key looks innocent":  {options: []issuer.Option{issuer.WrongKey}},
		"HMAC with the public key":  {options: []issuer.Option{issuer.HMACWithPublicKey}, header: members{"alg": "HS256"}},
		"named by the kid it has":   {options: []issuer.Option{issuer.SignedBy("spare")}, header: members{"alg": "ES256", "kid": "spare"}},
		"the algorithm that signs ": {options: []issuer.Option{issuer.Algorithm("RS256")}},
	} {
		t.Run(name, func(t *testing.T) {
			wantHeader, wantClaims := decode(t, i.Token())
			for _, change := range []struct{ want, by members }{{wantHeader, test.header}, {wantClaims, test.claims}} {
				for name, value := range change.by {
					switch value := value.(type) {
					case nil:
						delete(change.want, name)
					case json.RawMessage:
						change.want[name] = nil
					default:
						change.want[name] = value
					}
				}
			}
			header, claims := decode(t, i.Token(test.options...))
			claims["jti"] = wantClaims["jti"] // new for every token
			if diff := cmp.Diff(wantHeader, header); diff != "" {
				t.Error("header:", diff)
			}
			if diff := cmp.Diff(wantClaims, claims); diff != "" {
				t.Error("claims:", diff)
			}
		})
	}
}

// TestEveryFaultIsTheOnlyOne lets golang-jwt find each fault, which then has nothing else to complain about.
func TestEveryFaultIsTheOnlyOne(t *testing.T) {
	unknownKey := errors.New("kid not in the set")
	want := map[issuer.TokenFault]error{
		issuer.Expired:           jwt.ErrTokenExpired,
		issuer.NotYetValid:       jwt.ErrTokenNotValidYet,
		issuer.WrongAudience:     jwt.ErrTokenInvalidAudience,
		issuer.WrongIssuer:       jwt.ErrTokenInvalidIssuer,
		issuer.UnknownKey:        unknownKey,
		issuer.WrongKey:          jwt.ErrTokenSignatureInvalid,
		issuer.AlgNone:           jwt.ErrTokenSignatureInvalid,
		issuer.Tampered:          jwt.ErrTokenSignatureInvalid,
		issuer.HMACWithPublicKey: jwt.ErrTokenSignatureInvalid,
	}
	all := []error{jwt.ErrTokenExpired, jwt.ErrTokenNotValidYet, jwt.ErrTokenInvalidAudience, jwt.ErrTokenInvalidIssuer, unknownKey, jwt.ErrTokenSignatureInvalid}

	for _, algorithm := range []string{"RS256", "PS256", "ES256", "EdDSA"} {
		i := newIssuer(t, algorithm)
		var set jose.JSONWebKeySet
		if err := json.Unmarshal(i.JWKS(), &set); err != nil {
			t.Fatal(err)
		}
		verify := func(token string) error {
			_, err := jwt.Parse(token, func(parsed *jwt.Token) (any, error) {
				keys := set.Key(parsed.Header["kid"].(string))
				if len(keys) == 0 {
					return nil, unknownKey
				}
				return keys[0].Key, nil
			}, jwt.WithIssuer("http://127.0.0.1:3001/"), jwt.WithAudience("https://api.example.com/"), jwt.WithExpirationRequired(),
				jwt.WithTimeFunc(func() time.Time { return noon }))
			return err
		}
		t.Run(algorithm+" good", func(t *testing.T) {
			if err := verify(i.Token()); err != nil {
				t.Error(err)
			}
		})
		for _, fault := range issuer.TokenFaults() {
			t.Run(algorithm+" "+string(fault), func(t *testing.T) {
				token := i.Token(fault)
				err := verify(token)
				if fault == issuer.HMACWithPublicKey && err != nil && strings.Contains(err.Error(), "key is of invalid type") {
					return // golang-jwt knows the trick; TestHMACWithPublicKey makes sure that it is one
				}
				if !errors.Is(err, want[fault]) {
					t.Fatalf("verified with %v, want %v", err, want[fault])
				}
				for _, other := range all {
					if other != want[fault] && errors.Is(err, other) {
						t.Errorf("also %v", other)
					}
				}
			})
		}
	}
}

// TestHMACWithPublicKey plays the verifier that lets the token choose the algorithm.
func TestHMACWithPublicKey(t *testing.T) {
	i := newIssuer(t)
	token := i.Token(issuer.HMACWithPublicKey)
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(i.JWKS(), &set); err != nil {
		t.Fatal(err)
	}
	if _, err := jwt.Parse(token, func(*jwt.Token) (any, error) { return publicPEM(t, set.Keys[0].Key), nil }, jwt.WithoutClaimsValidation()); err != nil {
		t.Errorf("the fault fools nobody: %v", err)
	}
}

func TestSignSignsExactlyTheBytesGiven(t *testing.T) {
	i := newIssuer(t, "EdDSA")
	header, payload := `{"alg":"EdDSA","alg":"none"}`, `{"sub":"a","sub":"b"} `
	parts := strings.Split(i.Sign([]byte(header), []byte(payload)), ".")
	for n, want := range []string{header, payload} {
		if got, err := base64.RawURLEncoding.DecodeString(parts[n]); err != nil || string(got) != want {
			t.Errorf("part %d is %q (%v), want %q", n, got, err, want)
		}
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		t.Fatal(err)
	}
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(i.JWKS(), &set); err != nil {
		t.Fatal(err)
	}
	if err := jwt.SigningMethodEdDSA.Verify(parts[0]+"."+parts[1], signature, set.Keys[0].Key); err != nil {
		t.Error(err)
	}
}

func TestATokenThatCannotBePanics(t *testing.T) {
	i := newIssuer(t)
	for name, option := range map[string]issuer.Option{
		"no key of that kid":       issuer.SignedBy("nobody"),
		"no key for the algorithm": issuer.Algorithm("ES256"),
		"a claim without JSON":     issuer.Claim("sub", func() {}),
		"a header without JSON":    issuer.Header("typ", func() {}),
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			i.Token(option)
		})
	}
}
