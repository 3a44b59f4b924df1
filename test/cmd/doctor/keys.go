package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// allAlgorithms are those that the authorizer knows.
var allAlgorithms = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}

// examineJWKSURI finds out where the keys are, and whether the settings lead there.
func (d *doctor) examineJWKSURI() {
	published := d.document.JWKSURI
	convention := keysAt(d.use.provider, d.use.issuer)
	switch given := d.given.jwksURI; {
	case given != "" && published != "" && given != published:
		d.note("jwksUri", "%s, although the issuer says that its keys are at %q", shown(given), published)
	case given != "":
		d.ok("jwksUri", "%s", shown(given))
	case published != "" && (published == convention || isLocal(d.use.issuer)):
		d.use.jwksURI = published // the local runner asks the issuer
		d.ok("jwksUri", "%q, where the issuer says that its keys are", published)
	case published != "":
		d.use.jwksURI = published
		where := fmt.Sprintf("would look for the keys at %s", convention)
		if convention == "" {
			where = "knows no usual place for the keys of this issuer"
		}
		d.wrong("jwksUri", "add JWKS_URI="+quote(published), "without JWKS_URI a deploy %s; the issuer says that they are at %q", where, published)
	case convention != "":
		d.use.jwksURI = convention
		d.note("jwksUri", "%q, by convention: the issuer does not say", convention)
	default:
		d.wrong("jwksUri", "add JWKS_URI=https://… from the provider's documentation", "where the keys are is not known: there is no usual place for this issuer, and it does not say")
	}
}

// examineKeys lets the authorizer fetch the keys and says which of them it would use.
// usable tells whether there is one.
func (d *doctor) examineKeys(ctx context.Context) (usable bool, err error) {
	if d.use.jwksURI == "" {
		d.note("keys", "not looked at, as long as it is not known where they are")
		return false, nil
	}
	withSettings, err := d.fetch(ctx, d.use.algorithms)
	if err != nil {
		return false, err
	}
	if len(withSettings.complaints) > 0 {
		d.explainComplaints(withSettings.complaints)
		return false, nil
	}
	withAll, err := d.fetch(ctx, allAlgorithms)
	if err != nil {
		return false, err
	}
	endpoint := look(ctx, d.use.jwksURI)
	if withAll.fetch.Error != "" {
		why := strings.ReplaceAll(withAll.fetch.Error, fmt.Sprintf("failed to fetch %q: ", d.use.jwksURI), "")
		d.wrong("keys", d.fixForEndpoint(endpoint), "the authorizer gets no keys from %s: %s", shown(d.use.jwksURI), why)
	}
	for _, kid := range withAll.fetch.Kept {
		if slices.Contains(withSettings.fetch.Kept, kid) {
			d.ok("key", "%q%s is used", kid, endpoint.describe(kid))
		} else {
			d.note("key", "%q%s is not used: it goes with none of the allowed algorithms (%s)", kid, endpoint.describe(kid), d.allowed())
		}
	}
	for _, dropped := range withAll.fetch.Dropped {
		if strings.HasPrefix(dropped.Why, "PRIVATE") {
			d.wrong("key", "have the issuer replace this key at once: whoever has seen it can make tokens", "%q is not used: %s", dropped.Kid, dropped.Why)
		} else {
			d.note("key", "%q%s is not used: %s", dropped.Kid, endpoint.describe(dropped.Kid), dropped.Why)
		}
	}
	if len(withAll.fetch.Kept) == 0 {
		return false, nil
	}
	return true, d.examineAlgorithms(ctx, withSettings, endpoint.algorithms(withAll.fetch.Kept))
}

// fetch has the authorizer fetch the keys that go with these algorithms.
func (d *doctor) fetch(ctx context.Context, algorithms []string) (verdict, error) {
	s := d.use
	s.algorithms, s.token = algorithms, ""
	return ask(ctx, d.bootstrap, s)
}

// allowed are the algorithms in force, in words.
func (d *doctor) allowed() string {
	if len(d.use.algorithms) == 0 {
		return "RS256, the default"
	}
	return strings.Join(d.use.algorithms, " ")
}

// examineAlgorithms compares the allowed algorithms with those of the published keys, and
// with the token's.
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
		d.wrong("algorithms", fix, "none of the keys goes with %s", before)
		return nil
	}
	signed := d.token.headerText("alg")
	effective := d.use.algorithms
	if len(effective) == 0 {
		effective = []string{"RS256"}
	}
	if slices.Contains(allAlgorithms, signed) && !slices.Contains(effective, signed) {
		withToken, err := d.fetch(ctx, []string{signed})
		if err != nil {
			return err
		}
		if slices.Contains(withToken.fetch.Kept, d.token.headerText("kid")) {
			before := d.allowed()
			d.use.algorithms = append(slices.Clone(effective), signed)
			d.wrong("algorithms", add+quote(strings.Join(d.use.algorithms, " ")), "the token is signed with %s, allowed is %s", signed, before)
			return nil
		}
	}
	d.ok("algorithms", "%s", d.allowed())
	return nil
}

// explainComplaints names what the authorizer does not start with.
func (d *doctor) explainComplaints(lines []string) {
	for _, line := range lines {
		name, _, _ := strings.Cut(line, " ")
		switch {
		case strings.HasPrefix(line, "authorizer:"):
			// the heading of what follows
		case name == "JWKS_URI" && d.document.JWKSURI != "" && d.document.JWKSURI != d.use.jwksURI:
			d.wrong("settings", "use JWKS_URI="+quote(d.document.JWKSURI), "%s", line)
		case name == "TOKEN_ISSUER":
			d.wrong("settings", "correct ISSUER", "%s", line)
		default:
			d.wrong("settings", "correct "+name, "%s", line)
		}
	}
}

// fixForEndpoint says how the authorizer gets at the keys.
func (d *doctor) fixForEndpoint(e endpoint) string {
	switch published := d.document.JWKSURI; {
	case published != "" && published != d.use.jwksURI:
		return "use JWKS_URI=" + quote(published)
	case e.jwksURI != "":
		return "that is a discovery document, the keys are where it says: use JWKS_URI=" + quote(e.jwksURI)
	case d.offline:
		return "try again where there is a way to it"
	case e.redirect != "":
		return "no redirect is followed, it could lead anywhere: use JWKS_URI=" + quote(e.redirect)
	}
	return `the address must answer 200 with a JWK Set ({"keys": […]}), to anybody on the Internet, without a login and within 1.5 seconds`
}
