package issuer

import (
	"cmp"
	"strings"
	"time"
)

// An Option changes a token before it is signed. Besides the functions below, every
// TokenFault and every Kind is one.
type Option interface{ apply(*draft) }

// draft is a token that is not signed yet.
type draft struct {
	issuer   *Issuer
	shape    shape
	now      time.Time
	lifetime time.Duration
	claims   members
	header   members    // what differs from the signing key's alg and kid
	without  []string   // header members to leave out
	kid      *string    // nil for a key that signs by default
	alg      string     // empty for the first
	fault    TokenFault // one that affects the signature
	err      error      // of an option
}

type optionFunc func(*draft)

func (f optionFunc) apply(d *draft) { f(d) }

// Subject sets sub.
func Subject(sub string) Option { return Claim("sub", sub) }

// Audience sets the claim that names the API, which is aud with most providers: a string
// for one audience, an array for several.
func Audience(audiences ...string) Option {
	return optionFunc(func(d *draft) {
		name := cmp.Or(d.shape.audience, "aud")
		if d.claims[name] = audiences; len(audiences) == 1 {
			d.claims[name] = audiences[0]
		}
	})
}

// Scopes sets the claim that the provider has scopes in: scope, separated by spaces (RFC
// 8693 section 4.2), with most of them. Scopes() leaves the claim out: the token is
// genuine, but has no permissions. It changes no kind of token that has no scopes.
func Scopes(scopes ...string) Option {
	return optionFunc(func(d *draft) {
		switch name := d.shape.scope; {
		case len(scopes) == 0 || name == "":
			delete(d.claims, name)
		case d.shape.list:
			d.claims[name] = scopes
		default:
			d.claims[name] = strings.Join(scopes, " ")
		}
	})
}

// Lifetime sets exp to iat plus lifetime, in whole seconds.
func Lifetime(lifetime time.Duration) Option {
	return optionFunc(func(d *draft) {
		d.lifetime = lifetime
		d.claims["exp"] = d.now.Add(lifetime).Unix()
	})
}

// Claim sets any claim to any value that encoding/json accepts; nil is null.
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

// Header sets any header parameter to any value that encoding/json accepts. The signing
// key does not change, even if the parameter is alg or kid.
func Header(name string, value any) Option {
	return optionFunc(func(d *draft) { d.header[name] = value })
}

// WithoutHeader leaves header parameters out, even if another option sets them.
func WithoutHeader(names ...string) Option {
	return optionFunc(func(d *draft) { d.without = append(d.without, names...) })
}

// SignedBy signs with the published key with this kid, the latest if there are several.
func SignedBy(kid string) Option { return optionFunc(func(d *draft) { d.kid = &kid }) }

// Algorithm signs with the current key for one of Config.Algorithms.
func Algorithm(alg string) Option { return optionFunc(func(d *draft) { d.alg = alg }) }
