package jwks

import (
	"testing"
	"time"
)

func TestKeysAreTrustedToTheNanosecond(t *testing.T) {
	fetched := time.Unix(1_800_000_000, 0)
	for _, test := range []struct {
		age                time.Duration
		trusted, withdrawn bool // whether a set of this age is trusted, and one without a usable key since
	}{
		{0, true, true},
		{time.Hour - 1, true, true},
		{time.Hour, true, false},
		{24*time.Hour - 1, true, false},
		{24 * time.Hour, false, false},
		{-1, false, false}, // the clock was set back
	} {
		now := fetched.Add(test.age)
		if got := (&snapshot{fetched: fetched}).trusted(now); got != test.trusted {
			t.Errorf("a set of %v: trusted %v, want %v", test.age, got, test.trusted)
		}
		if got := (&snapshot{fetched: fetched, withdrawn: true}).trusted(now); got != test.withdrawn {
			t.Errorf("a set of %v, withdrawn: trusted %v, want %v", test.age, got, test.withdrawn)
		}
		if got := (&snapshot{fetched: fetched}).age(now); test.age >= 0 && got != test.age {
			t.Errorf("the age is %v, want %v", got, test.age)
		}
	}
}

func TestTokenWithoutKidIsCheckedWithTheOneKeyForItsAlgorithm(t *testing.T) {
	nameless := func(jwk members) members { jwk["kid"] = nil; return withoutNull(jwk) }
	four := repeat(nameless(p256().JWK()), 4)
	for name, test := range map[string]struct {
		document string
		want     error
	}{
		"the only key":                         {jwks(key1().JWK()), nil},
		"the only key, without kid":            {jwks(nameless(key1().JWK())), nil},
		"the only one for RS256":               {jwks(p256().JWK(), key1().JWK(), ed().JWK()), nil},
		"the only one that is usable":          {jwks(key1().JWK(), key2().JWK(members{"use": "enc"})), nil},
		"one of two":                           {jwks(key1().JWK(), key2().JWK()), ErrUnknownKey},
		"one of two under the same kid":        {jwks(key1().JWK(), key2().As("key-1", "RS256").JWK()), ErrUnknownKey},
		"one of two, the other without kid":    {jwks(key1().JWK(), nameless(key2().JWK())), ErrUnknownKey},
		"one of two, the other without alg":    {jwks(key1().JWK(), key2().JWK(members{"alg": nil})), ErrUnknownKey},
		"another algorithm":                    {jwks(p256().JWK()), ErrUnknownKey},
		"another key":                          {jwks(key2().JWK()), ErrSignature},
		"the fifth without kid":                {jwks(append(four, nameless(key1().JWK()))...), nil},
		"five keys without kid, one for ES256": {jwks(append(repeat(nameless(p256().JWK()), 5), key1().JWK())...), nil},
	} {
		t.Run(name, func(t *testing.T) {
			bed := newBed(t, test.document, Supported()...)
			bed.expect(t, test.want, key1().As("", "RS256"))
		})
	}
}

func TestKeyWithoutKidServesTokensWithoutKidOnly(t *testing.T) {
	bed := newBed(t, jwks(withoutNull(key1().JWK(members{"kid": nil}))))
	bed.expect(t, ErrUnknownKey, key1())
	bed.expect(t, nil, key1().As("", "RS256"))
}

func withoutNull(jwk members) members {
	for name, value := range jwk {
		if value == nil {
			delete(jwk, name)
		}
	}
	return jwk
}

func TestBadSignatureIsReportedWhateverElseIsUnderTheKid(t *testing.T) {
	rsa, ec := key1().As("a", "RS256").JWK(), p256().As("a", "ES256").JWK()
	for _, document := range []string{jwks(rsa, ec), jwks(ec, rsa)} {
		newBed(t, document, Supported()...).expect(t, ErrSignature, stranger().As("a", "RS256"))
	}
}
