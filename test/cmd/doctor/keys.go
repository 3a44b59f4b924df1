package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"accountapi/test/internal/authorizer"
)

// examineKeys has the authorizer fetch the keys and reports which of them it uses. usable
// says whether there is one.
func (d *doctor) examineKeys(ctx context.Context) (usable bool, err error) {
	if d.use.jwksURI == "" {
		d.note("keys", "not fetched, because their URL is not known")
		return false, nil
	}
	withSettings, err := d.fetch(ctx, d.use.algorithms)
	if err != nil {
		return false, err
	}
	if len(withSettings.problems) > 0 {
		d.explainProblems(withSettings.problems)
		return false, nil
	}
	withAll, err := d.fetch(ctx, allAlgorithms)
	if err != nil {
		return false, err
	}
	endpoint := readEndpoint(ctx, d.use.jwksURI)
	if withAll.fetch.Error != "" {
		why := strings.ReplaceAll(withAll.fetch.Error, fmt.Sprintf("failed to fetch %q: ", d.use.jwksURI), "")
		d.wrong("keys", d.fixForEndpoint(endpoint),
			"the authorizer gets no keys from %s: %s", shown(d.use.jwksURI), why)
	}
	d.listKeys(withSettings.fetch, withAll.fetch, endpoint)
	if len(withAll.fetch.Kept) == 0 {
		return false, nil
	}
	return true, d.examineAlgorithms(ctx, withSettings, endpoint.algorithms(withAll.fetch.Kept))
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
		if strings.HasPrefix(dropped.Why, "PRIVATE") {
			d.wrong("key", "have the issuer replace this key at once: anybody who has seen it can sign tokens",
				"%q is not used: %s", dropped.Kid, dropped.Why)
		} else {
			d.note("key", "%q%s is not used: %s", dropped.Kid, e.describe(dropped.Kid), dropped.Why)
		}
	}
}

// fetch has the authorizer fetch the keys for these algorithms.
func (d *doctor) fetch(ctx context.Context, algorithms []string) (verdict, error) {
	s := d.use
	s.algorithms, s.token = algorithms, ""
	return ask(ctx, d.bootstrap, s)
}

// explainProblems reports the settings with which the authorizer does not start.
func (d *doctor) explainProblems(lines []string) {
	for _, line := range lines {
		name, _, _ := strings.Cut(line, " ")
		switch {
		case strings.HasPrefix(line, "authorizer:"):
			// the heading of the problems
		case name == "JWKS_URI" && d.document.JWKSURI != "" && d.document.JWKSURI != d.use.jwksURI:
			d.wrong("settings", "use JWKS_URI="+quote(d.document.JWKSURI), "%s", line)
		case name == "TOKEN_ISSUER":
			d.wrong("settings", "correct ISSUER", "%s", line)
		default:
			d.wrong("settings", "correct "+name, "%s", line)
		}
	}
}
