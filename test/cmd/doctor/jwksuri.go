package main

import "fmt"

// examineJWKSURI finds out where the keys are, and whether the settings lead there.
func (d *doctor) examineJWKSURI() {
	published := d.document.JWKSURI
	convention := keysAt(d.use.Provider, d.use.Issuer)
	switch given := d.given.JWKSURI; {
	case given != "" && published != "" && given != published:
		d.note("jwksUri", "%s, although the issuer says that its keys are at %q", shown(given), published)
	case given != "":
		d.ok("jwksUri", "%s", shown(given))
	case published != "" && (published == convention || isLocal(d.use.Issuer)):
		d.use.JWKSURI = published // make run reads it from the discovery document
		d.ok("jwksUri", "%q, where the issuer says that its keys are", published)
	case published != "":
		d.use.JWKSURI = published
		problem := fmt.Sprintf("would look for the keys at %s", convention)
		if convention == "" {
			problem = "knows no conventional URL for the keys of this issuer"
		}
		d.wrong("jwksUri", d.set("jwksUri", published),
			"without %s a deploy %s; the issuer says that they are at %q", d.named("jwksUri"), problem, published)
	case convention != "":
		d.use.JWKSURI = convention
		d.note("jwksUri", "%q, by convention: the issuer does not say where its keys are", convention)
	default:
		d.wrong("jwksUri", d.set("jwksUri", "https://…")+" from the provider's documentation",
			"the URL of the keys is not known: there is no convention for this issuer, and it does not say")
	}
}
