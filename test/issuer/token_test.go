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

// decode returns the header and claims of a compact token without verifying it.
func decode(t *testing.T, token string) (header, claims map[string]any) {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("token has %d parts", len(parts))
	}
	return decodePart(t, parts[0]), decodePart(t, parts[1])
}

func decodePart(t *testing.T, part string) (object map[string]any) {
	t.Helper()
	raw, err := base64.RawURLEncoding.Strict().DecodeString(part)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &object); err != nil {
		t.Fatal(err)
	}
	return object
}

// noon is the time of the tests' issuers.
var noon = time.Date(2030, 1, 2, 12, 0, 0, 0, time.UTC)

func newIssuer(t *testing.T, algorithms ...string) *issuer.Issuer {
	t.Helper()
	i, err := issuer.New(issuer.Config{
		URL:        "http://127.0.0.1:3001/",
		Audience:   "https://api.example.com/",
		Scopes:     []string{"read:things", "write:things"},
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

func TestTokensHaveTheFormOfAuth0s(t *testing.T) {
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
		"scope": "read:things write:things",
		"gty":   "client-credentials",
	}, claims); diff != "" {
		t.Error(diff)
	}
}

// TestOptions lists what each option changes in the token of
// TestTokensHaveTheFormOfAuth0s: the members that differ, nil for those that are missing.
func TestOptions(t *testing.T) {
	type options = []issuer.Option
	type members = map[string]any
	null := json.RawMessage("null")
	after := func(seconds int64) float64 { return float64(noon.Unix() + seconds) }
	i := newIssuer(t)
	if err := i.AddKey("spare", "ES256"); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name           string
		options        options
		header, claims members
	}{
		{"subject", options{issuer.Subject("auth0|1")}, nil, members{"sub": "auth0|1"}},
		{"one audience", options{issuer.Audience("a")}, nil, members{"aud": "a"}},
		{"two audiences", options{issuer.Audience("a", "b")}, nil, members{"aud": []any{"a", "b"}}},
		{"scopes", options{issuer.Scopes("a", "b")}, nil, members{"scope": "a b"}},
		{"no scopes", options{issuer.Scopes()}, nil, members{"scope": nil}},
		{"lifetime", options{issuer.Lifetime(time.Minute)}, nil, members{"exp": after(60)}},
		{"negative lifetime", options{issuer.Lifetime(-time.Second)}, nil, members{"exp": after(-1)}},
		{"any claim", options{issuer.Claim("token_use", "access")}, nil, members{"token_use": "access"}},
		{"a claim that is null", options{issuer.Claim("sub", nil)}, nil, members{"sub": null}},
		{"claims left out", options{issuer.Without("exp", "gty")}, nil, members{"exp": nil, "gty": nil}},
		{"typ of RFC 9068", options{issuer.Header("typ", "at+jwt")}, members{"typ": "at+jwt"}, nil},
		{"a header that does not match the key",
			options{issuer.Header("alg", "PS256"), issuer.Header("kid", 7)}, members{"alg": "PS256", "kid": 7.0}, nil},
		{"header members left out", options{issuer.WithoutHeader("typ", "kid")}, members{"typ": nil, "kid": nil}, nil},
		{"the same option twice", options{issuer.Subject("a"), issuer.Subject("b")}, nil, members{"sub": "b"}},
		{"an option after a fault", options{issuer.WrongAudience, issuer.Audience("a")}, nil, members{"aud": "a"}},
		{"expired, with a lifetime",
			options{issuer.Lifetime(time.Minute), issuer.Expired}, nil,
			members{"iat": after(-3660), "exp": after(-3600)}},
		{"not yet valid", options{issuer.NotYetValid}, nil, members{"nbf": after(3600), "exp": after(7200)}},
		{"wrong issuer", options{issuer.WrongIssuer}, nil, members{"iss": "https://another-tenant.example.com/"}},
		{"tampered", options{issuer.Tampered}, nil, members{"sub": "somebody-else"}},
		{"unsigned", options{issuer.AlgNone}, members{"alg": "none"}, nil},
		{"unsigned, in mixed case", options{issuer.AlgNone, issuer.Header("alg", "nOnE")}, members{"alg": "nOnE"}, nil},
		{"wrong key", options{issuer.WrongKey}, nil, nil},
		{"HMAC with the public key", options{issuer.HMACWithPublicKey}, members{"alg": "HS256"}, nil},
		{"signed by a key ID", options{issuer.SignedBy("spare")}, members{"alg": "ES256", "kid": "spare"}, nil},
		{"signed by an algorithm", options{issuer.Algorithm("RS256")}, nil, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
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

// TestEachTokenFaultIsTheOnlyReasonToRefuse verifies with golang-jwt, which must report
// the fault and nothing else.
func TestEachTokenFaultIsTheOnlyReasonToRefuse(t *testing.T) {
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
	all := []error{
		jwt.ErrTokenExpired, jwt.ErrTokenNotValidYet, jwt.ErrTokenInvalidAudience, jwt.ErrTokenInvalidIssuer,
		unknownKey, jwt.ErrTokenSignatureInvalid,
	}

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
			},
				jwt.WithIssuer("http://127.0.0.1:3001/"), jwt.WithAudience("https://api.example.com/"),
				jwt.WithExpirationRequired(), jwt.WithTimeFunc(func() time.Time { return noon }))
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
				if fault == issuer.HMACWithPublicKey && err != nil &&
					strings.Contains(err.Error(), "key is of invalid type") {
					return // golang-jwt detects this attack by itself, see TestHMACWithPublicKey
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

// TestHMACWithPublicKey verifies as a verifier does that trusts the alg of the token: it
// must accept the token, or the fault would test nothing.
func TestHMACWithPublicKey(t *testing.T) {
	i := newIssuer(t)
	token := i.Token(issuer.HMACWithPublicKey)
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(i.JWKS(), &set); err != nil {
		t.Fatal(err)
	}
	key := func(*jwt.Token) (any, error) { return publicPEM(t, set.Keys[0].Key), nil }
	if _, err := jwt.Parse(token, key, jwt.WithoutClaimsValidation()); err != nil {
		t.Errorf("the token is refused even so: %v", err)
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

func TestTokenPanicsWhenItCannotBeCreated(t *testing.T) {
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
