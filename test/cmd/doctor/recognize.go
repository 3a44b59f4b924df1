package main

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// kind returns the kind of issuer, by what shows it best.
func (d *doctor) kind() kind {
	if k, ok := d.kindByURL(); ok {
		return k
	}
	if k, ok := kindOfPreset(d.use.Provider); ok {
		return k
	}
	k, _ := kindOfToken(d.token)
	return k
}

// kindByURL returns the kind of issuer that its name or the URL of its keys shows.
func (d *doctor) kindByURL() (kind, bool) {
	for _, issuer := range []string{d.use.Issuer, d.document.Issuer} {
		if k, ok := kindOfIssuer(issuer); ok {
			return k, true
		}
	}
	for _, address := range []string{d.document.JWKSURI, d.use.JWKSURI} {
		if k, ok := kindOfKeys(address); ok {
			return k, true
		}
	}
	return unknownKind, false
}

// kindOfIssuer returns the kind of issuer that its name shows; false if it shows none.
func kindOfIssuer(issuer string) (kind, bool) {
	u, err := url.Parse(strings.ToLower(issuer))
	if err != nil {
		return unknownKind, false
	}
	matches := func(e *regexp.Regexp, text string) bool { return e != nil && e.MatchString(text) }
	return firstKind(func(k kind) bool { return matches(k.host, u.Hostname()) || matches(k.path, u.Path) })
}

// kindOfKeys returns the kind of issuer that has its keys at this URL.
func kindOfKeys(address string) (kind, bool) {
	u, err := url.Parse(address)
	if err != nil {
		return unknownKind, false
	}
	return firstKind(func(k kind) bool { return k.keys != "" && strings.HasSuffix(u.Path, k.keys) })
}

// kindOfToken returns the kind of issuer that issues tokens with such claims.
func kindOfToken(t token) (kind, bool) {
	if t.claims == nil {
		return unknownKind, false
	}
	return firstKind(func(k kind) bool { return k.token(t) })
}

// kindOfPreset returns the kind of issuer that PROVIDER names. The default does not name
// one.
func kindOfPreset(preset string) (kind, bool) {
	return firstKind(func(k kind) bool { return preset != "" && preset != "auth0" && k.preset == preset })
}

func firstKind(is func(kind) bool) (kind, bool) {
	if i := slices.IndexFunc(kinds, is); i >= 0 {
		return kinds[i], true
	}
	return unknownKind, false
}
