package main

import "fmt"

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
		d.use.jwksURI = published // make run reads it from the discovery document
		d.ok("jwksUri", "%q, where the issuer says that its keys are", published)
	case published != "":
		d.use.jwksURI = published
		problem := fmt.Sprintf("would look for the keys at %s", convention)
		if convention == "" {
			problem = "knows no conventional URL for the keys of this issuer"
		}
		d.wrong("jwksUri", "add JWKS_URI="+quote(published),
			"without JWKS_URI a deploy %s; the issuer says that they are at %q", problem, published)
	case convention != "":
		d.use.jwksURI = convention
		d.note("jwksUri", "%q, by convention: the issuer does not say where its keys are", convention)
	default:
		d.wrong("jwksUri", "add JWKS_URI=https://… from the provider's documentation",
			"the URL of the keys is not known: there is no convention for this issuer, and it does not say")
	}
}
