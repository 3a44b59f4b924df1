package main

import (
	"context"
	"slices"
	"strings"
)

// allAlgorithms are those that the authorizer supports.
var allAlgorithms = []string{
	"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519",
}

// allowed describes the algorithms that the settings allow.
func (d *doctor) allowed() string {
	if len(d.use.Algorithms) == 0 {
		return "RS256, the default"
	}
	return strings.Join(d.use.Algorithms, " ")
}

// examineAlgorithms compares the allowed algorithms with those of the published keys and
// with that of the token.
func (d *doctor) examineAlgorithms(ctx context.Context, withSettings verdict, published []string) error {
	signed := d.token.headerString("alg")
	effective := d.use.Algorithms
	if len(effective) == 0 {
		effective = []string{"RS256"}
	}
	fits := false
	if slices.Contains(allAlgorithms, signed) && !slices.Contains(effective, signed) {
		withToken, err := d.fetch(ctx, []string{signed})
		if err != nil {
			return err
		}
		fits = d.token.canUse(withToken.fetch.Kept)
	}
	before := d.allowed()
	switch {
	case len(withSettings.fetch.Kept) == 0 && fits:
		d.use.Algorithms = []string{signed}
	case len(withSettings.fetch.Kept) == 0:
		d.use.Algorithms = published
	case fits:
		d.use.Algorithms = append(slices.Clone(effective), signed)
		d.wrong("algorithms", d.set("algorithms", d.use.Algorithms...),
			"the token is signed with %s, allowed is %s", signed, before)
		return nil
	default:
		d.ok("algorithms", "%s", d.allowed())
		return nil
	}
	fix := d.set("algorithms", d.use.Algorithms...)
	if len(d.use.Algorithms) == 0 { // the authorizer could read the keys, and the doctor could not
		fix = d.set("algorithms", "…") + " with the algorithm of these keys"
	}
	d.wrong("algorithms", fix, "none of the keys is for %s", before)
	return nil
}
