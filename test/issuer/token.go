package issuer

import (
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Token mints an access token as the token endpoint would, for the configured audience and with all the API's scopes, changed by
// options. They apply in order, so a later one wins. With no options the token is good.
//
// It panics when it cannot be minted: no key of that name, or a claim that JSON has no form for. That is a mistake in the
// test that asked, which should not have to handle it in every row of its table (as httptest.NewRequest).
func (i *Issuer) Token(options ...Option) string {
	return must(i.mint(options...))
}

// Sign returns a compact JWS (RFC 7515 section 7.1) over exactly these bytes, signed with the key that signs by default:
// for headers and payloads that no option can make, repeated members for one.
func (i *Issuer) Sign(header, payload []byte) string {
	i.mu.Lock()
	signer := i.signing[0]
	i.mu.Unlock()
	return must(signer.sign(header, payload))
}

// An Option changes a token while it is minted. Besides the functions below, every TokenFault is one.
type Option interface{ apply(*draft) }

// draft is a token that is not signed yet.
type draft struct {
	now      time.Time
	lifetime time.Duration
	claims   map[string]any
	header   map[string]any // what differs from the signing key's alg and kid, and from typ "JWT"
	without  []string       // header members to leave out
	kid      *string        // nil for a key that signs by default
	alg      string         // empty for the first
	fault    TokenFault     // of those that concern the signature
}

type optionFunc func(*draft)

func (f optionFunc) apply(d *draft) { f(d) }

// Subject sets sub, which is "CLIENT_ID@clients" otherwise, as for Auth0's client credentials grant.
func Subject(sub string) Option { return Claim("sub", sub) }

// Audience sets aud: a string when it is one, an array when there are several.
func Audience(audiences ...string) Option {
	if len(audiences) == 1 {
		return Claim("aud", audiences[0])
	}
	return Claim("aud", audiences)
}

// Scopes sets scope, separated by spaces (RFC 8693 section 4.2). Scopes() leaves the claim out: a genuine token without permission.
func Scopes(scopes ...string) Option {
	if len(scopes) == 0 {
		return Without("scope")
	}
	return Claim("scope", strings.Join(scopes, " "))
}

// Lifetime sets exp that long after iat, to the second.
func Lifetime(lifetime time.Duration) Option {
	return optionFunc(func(d *draft) {
		d.lifetime = lifetime
		d.claims["exp"] = d.now.Add(lifetime).Unix()
	})
}

// Claim sets any claim to anything that encoding/json accepts; nil is null.
func Claim(name string, value any) Option {
	return optionFunc(func(d *draft) { d.claims[name] = value })
}

// Without leaves claims out.
func Without(claims ...string) Option {
	return optionFunc(func(d *draft) {
		for _, name := range claims {
			delete(d.claims, name)
		}
	})
}

// Header sets any header parameter to anything that encoding/json accepts, alg and kid too: the header then lies, the key stays
// the same.
func Header(name string, value any) Option {
	return optionFunc(func(d *draft) { d.header[name] = value })
}

// WithoutHeader leaves header parameters out, even if another option sets them.
func WithoutHeader(names ...string) Option {
	return optionFunc(func(d *draft) { d.without = append(d.without, names...) })
}

// SignedBy signs with the published key of that kid, the latest if there are several.
func SignedBy(kid string) Option { return optionFunc(func(d *draft) { d.kid = &kid }) }

// Algorithm signs with the current key for one of Config.Algorithms.
func Algorithm(alg string) Option { return optionFunc(func(d *draft) { d.alg = alg }) }

// A TokenFault is a classic reason to refuse a token. As an Option it gives the token that one fault and leaves the rest good.
type TokenFault string

// The classic faults. Each must lead to 401.
const (
	// Expired has exp an hour ago.
	Expired TokenFault = "expired"
	// NotYetValid has nbf in an hour.
	NotYetValid TokenFault = "not-yet-valid"
	// WrongAudience is for another API of the same tenant.
	WrongAudience TokenFault = "wrong-audience"
	// WrongIssuer says in iss that it comes from another tenant, but is signed with this one's key.
	WrongIssuer TokenFault = "wrong-issuer"
	// UnknownKey is signed with a key that the JWK Set does not list, and says so in kid.
	UnknownKey TokenFault = "unknown-key"
	// WrongKey is signed with that same key, but names the right one in kid.
	WrongKey TokenFault = "wrong-key"
	// AlgNone is not signed at all (RFC 8725 section 2.1).
	AlgNone TokenFault = "alg-none"
	// Tampered is a good token whose subject was changed after it was signed.
	Tampered TokenFault = "tampered"
	// HMACWithPublicKey has alg HS256 and a MAC keyed by the PEM of the public key (RFC 8725 section 2.1).
	HMACWithPublicKey TokenFault = "hs256-with-public-key"
)

// TokenFaults returns every TokenFault, in the order of their documentation.
func TokenFaults() []TokenFault {
	return []TokenFault{Expired, NotYetValid, WrongAudience, WrongIssuer, UnknownKey, WrongKey, AlgNone, Tampered, HMACWithPublicKey}
}

func (f TokenFault) apply(d *draft) {
	switch f {
	case Expired:
		d.claims["iat"] = d.now.Add(-time.Hour - d.lifetime).Unix()
		d.claims["exp"] = d.now.Add(-time.Hour).Unix()
	case NotYetValid:
		d.claims["nbf"] = d.now.Add(time.Hour).Unix()
		d.claims["exp"] = d.now.Add(time.Hour + d.lifetime).Unix()
	case WrongAudience:
		d.claims["aud"] = "https://another-api.example.com/"
	case WrongIssuer:
		d.claims["iss"] = "https://another-tenant.example.com/"
	default:
		d.fault = f
	}
}

// mint is Token for the endpoints, where what is asked for comes from outside and an error goes back there.
func (i *Issuer) mint(options ...Option) (string, error) {
	now := i.config.Now()
	d := &draft{
		now:      now,
		lifetime: i.config.Lifetime,
		header:   map[string]any{},
		claims: map[string]any{ // the claims of an Auth0 access token from the client credentials grant, and jti
			"iss": i.config.URL,
			"sub": i.subject(),
			"aud": i.config.Audience,
			"iat": now.Unix(),
			"exp": now.Add(i.config.Lifetime).Unix(),
			"azp": i.config.ClientID,
			"gty": "client-credentials",
			"jti": rand.Text(),
		},
	}
	Scopes(i.config.Scopes...).apply(d)
	for _, option := range options {
		option.apply(d)
	}

	signer, err := i.signer(d.kid, d.alg)
	if err != nil {
		return "", err
	}
	switch d.fault {
	case UnknownKey:
		signer = i.stray(signer.algorithm)
	case WrongKey:
		signer = &key{id: signer.id, algorithm: signer.algorithm, private: i.stray(signer.algorithm).private}
	}
	parameters := map[string]any{"alg": signer.algorithm, "kid": signer.id, "typ": "JWT"}
	switch d.fault {
	case AlgNone:
		parameters["alg"] = "none"
	case HMACWithPublicKey:
		parameters["alg"] = "HS256"
	}
	maps.Copy(parameters, d.header)
	for _, name := range d.without {
		delete(parameters, name)
	}

	header, err := json.Marshal(parameters)
	if err != nil {
		return "", fmt.Errorf("token header: %w", err)
	}
	payload, err := json.Marshal(d.claims)
	if err != nil {
		return "", fmt.Errorf("token claims: %w", err)
	}
	switch d.fault {
	case AlgNone:
		return signingInput(header, payload) + ".", nil
	case HMACWithPublicKey:
		return signer.signHMAC(header, payload)
	case Tampered:
		token, err := signer.sign(header, payload)
		if err != nil {
			return "", err
		}
		d.claims["sub"] = "somebody-else"
		signature := token[strings.LastIndexByte(token, '.'):]
		return signingInput(header, must(json.Marshal(d.claims))) + signature, nil
	}
	return signer.sign(header, payload)
}

// subject is sub for the client itself, as Auth0 writes it.
func (i *Issuer) subject() string { return i.config.ClientID + "@clients" }

// signer finds the key that a token asks for: by kid if there is one, else the current one for alg.
func (i *Issuer) signer(kid *string, alg string) (*key, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if kid != nil {
		for _, k := range slices.Backward(i.published) {
			if k.id == *kid {
				return k, nil
			}
		}
		return nil, fmt.Errorf("no published key has the kid %q", *kid)
	}
	if alg == "" {
		return i.signing[0], nil
	}
	n := slices.Index(i.config.Algorithms, alg)
	if n < 0 {
		return nil, fmt.Errorf("no key signs with %q, only with %s", alg, strings.Join(i.config.Algorithms, ", "))
	}
	return i.signing[n], nil
}

// sign puts the compact form together by hand: a signing library would not sign a header that contradicts its key.
func (k *key) sign(header, payload []byte) (string, error) {
	return compact(header, payload, jwt.GetSigningMethod(k.algorithm), k.private)
}

func (k *key) signHMAC(header, payload []byte) (string, error) {
	der, err := x509.MarshalPKIXPublicKey(k.private.Public())
	if err != nil {
		return "", fmt.Errorf("encode the public key: %w", err)
	}
	return compact(header, payload, jwt.SigningMethodHS256, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

func compact(header, payload []byte, method jwt.SigningMethod, with any) (string, error) {
	input := signingInput(header, payload)
	signature, err := method.Sign(input, with)
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	return input + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}

// signingInput is the JWS Signing Input of RFC 7515 section 5.1.
func signingInput(header, payload []byte) string {
	return base64.RawURLEncoding.EncodeToString(header) + "." + base64.RawURLEncoding.EncodeToString(payload)
}
