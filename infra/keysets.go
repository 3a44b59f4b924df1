package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// keySet is one JWK Set. Issuers with the same jwksUri share it, and the authorizer
// fetches it once for all of them.
type keySet struct {
	uri     string
	issuers []string
	suffix  string // of the names of its alarms: "" if there is only one set
}

// keySets returns the distinct JWK Sets of the issuers, in their order.
func (c Config) keySets() []keySet {
	var sets []keySet
	for _, one := range c.Issuers {
		n := slices.IndexFunc(sets, func(set keySet) bool { return set.uri == one.JWKSURI })
		if n < 0 {
			n = len(sets)
			sets = append(sets, keySet{uri: one.JWKSURI})
		}
		sets[n].issuers = append(sets[n].issuers, one.Issuer)
	}
	if len(sets) == 1 {
		return sets
	}
	taken := map[string]bool{}
	for n := range sets {
		base := slug(sets[n].issuers)
		suffix := base
		for i := 2; taken[suffix]; i++ {
			suffix = fmt.Sprintf("%s-%d", base, i)
		}
		taken[suffix] = true
		sets[n].suffix = "-" + suffix
	}
	return sets
}

// slug writes issuers as a part of a name: without the schemes, and with hyphens for all
// characters but letters and digits. Names of alarms have up to 255 characters.
func slug(issuers []string) string {
	var parts []string
	for _, issuer := range issuers {
		if _, rest, ok := strings.Cut(issuer, "://"); ok {
			issuer = rest
		}
		parts = append(parts, strings.Trim(regexp.MustCompile(`[^A-Za-z0-9]+`).ReplaceAllString(issuer, "-"), "-"))
	}
	all := strings.Trim(strings.Join(parts, "-"), "-")
	if all == "" {
		return "issuer"
	}
	return strings.TrimRight(all[:min(len(all), 100)], "-")
}

// who names the issuers of the set in a description. CloudWatch allows 1,024 characters
// for the description of an alarm.
func (k keySet) who() string {
	names := []rune(strings.Join(k.issuers, ", "))
	if len(names) > 400 {
		return string(names[:400]) + "…"
	}
	return string(names)
}
