package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"accountapi/test/internal/authorizer"
)

// examineKeys has the authorizer fetch the keys and reports which of them it uses.
func (d *doctor) examineKeys(ctx context.Context) error {
	if d.use.JWKSURI == "" {
		d.note("keys", "not fetched, because their URL is not known")
		return nil
	}
	withSettings, err := d.fetch(ctx, d.use.Algorithms)
	if err != nil {
		return err
	}
	if len(withSettings.problems) > 0 {
		d.explainProblems(withSettings.problems)
		return nil
	}
	withAll, err := d.fetch(ctx, allAlgorithms)
	if err != nil {
		return err
	}
	endpoint := readEndpoint(ctx, d.use.JWKSURI)
	if withAll.fetch.Error != "" {
		why := strings.ReplaceAll(withAll.fetch.Error, fmt.Sprintf("failed to fetch %q: ", d.use.JWKSURI), "")
		if len(withAll.fetch.Dropped) > 0 {
			d.explainUnusable(withAll.fetch, endpoint)
			return nil
		}
		d.wrong("keys", d.fixForEndpoint(endpoint),
			"the authorizer gets no keys from %s: %s", shown(d.use.JWKSURI), why)
	}
	d.listKeys(withSettings.fetch, withAll.fetch, endpoint)
	if len(withAll.fetch.Kept) == 0 {
		return nil
	}
	d.usable = true
	return d.examineAlgorithms(ctx, withSettings, endpoint.algorithms(withAll.fetch.Kept))
}

// explainUnusable reports a JWK Set that can be read and has no usable key: first which
// member of which key is the reason.
func (d *doctor) explainUnusable(set authorizer.KeySet, e endpoint) {
	for i, dropped := range set.Dropped {
		text := fmt.Sprintf("%s%s is not used: %s", nameOf(dropped.Kid), e.describe(dropped.Kid), dropped.Why)
		if i == 0 || isPrivate(dropped.Why) {
			d.wrong("key", fixForKey(dropped.Why), "%s", text)
		} else {
			d.note("key", "%s", text)
		}
	}
	d.note("keys", "%s answers with a JWK Set, but no key in it can be used", shown(d.use.JWKSURI))
}

// keyFixes are what the issuer must change in a key that is not used, by the beginning of
// the reason.
var keyFixes = []struct{ why, fix string }{
	{"PRIVATE", "have the issuer replace this key at once: anybody who has seen it can sign tokens"},
	{"use is not sig", "have the issuer publish its signing key, with \"use\":\"sig\" or without use"},
	{"key_ops", "have the issuer publish the key with \"key_ops\":[\"verify\"] or without key_ops"},
	{"alg is not", "have the issuer publish the key with the name of an algorithm in alg, or without alg"},
	{"no usable kid", "have the issuer publish the key with a text in kid, or without kid"},
	{"no allowed algorithm", "have the issuer sign with a key for one of these: " + strings.Join(allAlgorithms, " ")},
}

func fixForKey(why string) string {
	for _, row := range keyFixes {
		if strings.HasPrefix(why, row.why) {
			return row.fix
		}
	}
	return "have the issuer replace this key by a sound one (RSA with at least 2048 bits, EC or Ed25519)"
}

func isPrivate(why string) bool { return strings.HasPrefix(why, "PRIVATE") }

// nameOf names the key with this kid.
func nameOf(kid string) string {
	if kid == "" {
		return "the key without kid"
	}
	return strconv.Quote(kid)
}

// listKeys reports which keys the authorizer uses: withSettings is the key set with the
// allowed algorithms, withAll with all algorithms.
func (d *doctor) listKeys(withSettings, withAll authorizer.KeySet, e endpoint) {
	for _, kid := range withAll.Kept {
		name, purpose := strconv.Quote(kid), ""
		if kid == "" {
			name, purpose = "without kid", ", for tokens without kid only"
		}
		if slices.Contains(withSettings.Kept, kid) {
			d.ok("key", "%s%s is used%s", name, e.describe(kid), purpose)
		} else {
			d.note("key", "%s%s is not used: it is for none of the allowed algorithms (%s)",
				name, e.describe(kid), d.allowed())
		}
	}
	for _, dropped := range withAll.Dropped {
		if isPrivate(dropped.Why) {
			d.wrong("key", fixForKey(dropped.Why), "%s is not used: %s", nameOf(dropped.Kid), dropped.Why)
		} else {
			d.note("key", "%s%s is not used: %s", nameOf(dropped.Kid), e.describe(dropped.Kid), dropped.Why)
		}
	}
}

// fetch has the authorizer fetch the keys for these algorithms.
func (d *doctor) fetch(ctx context.Context, algorithms []string) (verdict, error) {
	s := d.use
	s.Algorithms = algorithms
	return d.ask(ctx, []trusted{s}, "")
}

// explainProblems reports the settings with which the authorizer does not start.
func (d *doctor) explainProblems(lines []string) {
	for _, line := range lines {
		key := ""
		if _, name, found := strings.Cut(line, "ISSUERS[0]."); found {
			key, _, _ = strings.Cut(name, " ")
		}
		for _, v := range d.use.values() {
			if strings.HasPrefix(line, v.environment+" ") {
				key = v.key
			}
		}
		switch {
		case strings.HasPrefix(line, "authorizer:"):
			// the heading of the problems
		case key == "jwksUri" && d.document.JWKSURI != "" && d.document.JWKSURI != d.use.JWKSURI:
			d.wrong("settings", d.set("jwksUri", d.document.JWKSURI), "%s", line)
		case key != "":
			d.wrong("settings", "correct "+d.named(key), "%s", line)
		default:
			d.wrong("settings", "correct this setting", "%s", line)
		}
	}
}
