package main

import (
	"context"
	"slices"
	"strings"
)

// allAlgorithms are those that the authorizer supports.
var allAlgorithms = []string{
	"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
}

// allowed describes the algorithms that the settings allow.
func (d *doctor) allowed() string {
	if len(d.use.algorithms) == 0 {
		return "RS256, the default"
	}
	return strings.Join(d.use.algorithms, " ")
}

// examineAlgorithms compares the allowed algorithms with those of the published keys and
// with that of the token.
func (d *doctor) examineAlgorithms(ctx context.Context, withSettings verdict, published []string) error {
	add := "add ALGORITHMS="
	if len(d.given.algorithms) > 0 {
		add = "use ALGORITHMS="
	}
	if len(withSettings.fetch.Kept) == 0 {
		fix, before := add+quote(strings.Join(published, " ")), d.allowed()
		if len(published) == 0 { // the authorizer could read the keys, and the doctor could not
			fix = add + "… with the algorithm of these keys"
		} else {
			d.use.algorithms = published
		}
		d.wrong("algorithms", fix, "none of the keys is for %s", before)
		return nil
	}
	signed := d.token.headerString("alg")
	effective := d.use.algorithms
	if len(effective) == 0 {
		effective = []string{"RS256"}
	}
	if slices.Contains(allAlgorithms, signed) && !slices.Contains(effective, signed) {
		withToken, err := d.fetch(ctx, []string{signed})
		if err != nil {
			return err
		}
		if d.token.canUse(withToken.fetch.Kept) {
			before := d.allowed()
			d.use.algorithms = append(slices.Clone(effective), signed)
			d.wrong("algorithms", add+quote(strings.Join(d.use.algorithms, " ")),
				"the token is signed with %s, allowed is %s", signed, before)
			return nil
		}
	}
	d.ok("algorithms", "%s", d.allowed())
	return nil
}
