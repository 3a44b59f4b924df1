package main

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// issuer is one issuer whose tokens are trusted. In JSON it is an element of the
// authorizer's variable ISSUERS.
type issuer struct {
	Issuer     string   `json:"issuer"` // expected iss, byte for byte (RFC 7519 section 4.1.1)
	Audience   []string `json:"audience"`
	JWKSURI    string   `json:"jwksUri"`
	Provider   string   `json:"provider"`
	Algorithms []string `json:"algorithms"` // allowlist (RFC 8725 section 3.1)

	// Claims are named by their whole name, or by a JSON Pointer (RFC 6901).
	ScopeClaims    []string            `json:"scopeClaims,omitempty"`    // the first that a token has counts
	RequiredClaims map[string][]string `json:"requiredClaims,omitempty"` // one of the values must be there
	RefusedClaims  map[string][]string `json:"refusedClaims,omitempty"`  // none of the values may be there
}

// The settings of an issuer: flatKeys are also settings of the context, for one issuer.
var (
	flatKeys   = []string{"issuer", "audience", "jwksUri", "provider", "algorithms"}
	issuerKeys = append(slices.Clone(flatKeys), "scopeClaims", "requiredClaims", "refusedClaims")
)

// algorithms are the asymmetric signature algorithms of RFC 7518 section 3.1, RFC 8037 and
// RFC 9864 that the authorizer implements. No HMAC: the keys of a JWK Set are public, so
// anybody could sign.
var algorithms = []string{
	"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519",
}

// issuers reads the flat keys, or the list issuers. Both are one list.
func (s *settings) issuers() []issuer {
	if value := s.values["issuers"]; value == nil || value == "" {
		return []issuer{s.issuer()}
	}
	var both []string
	for _, key := range flatKeys {
		if value := s.values[key]; value != nil && value != "" {
			both = append(both, "-c "+key)
		}
	}
	if len(both) > 0 {
		s.problem("issuers", "and %s are two forms of the same settings: keep one of them, "+
			"in the objects of issuers or without issuers", strings.Join(both, ", "))
		return nil
	}

	var list []issuer
	place := map[string]string{} // of each issuer
	for n, item := range s.issuerList() {
		name := fmt.Sprintf("issuers[%d]", n)
		values, ok := item.(map[string]any)
		if !ok {
			s.problem(name, "must be an object with the keys %s", strings.Join(issuerKeys, ", "))
			continue
		}
		own := &settings{values: values, reported: map[string]bool{}, prefix: name + "."}
		own.refuseOtherThan(issuerKeys, "a setting of an issuer")
		one := own.issuer()
		if first, twice := place[one.Issuer]; twice && one.Issuer != "" {
			own.problem("issuer", "%q is in %s too: write one object, which can have several audiences", one.Issuer, first)
		} else {
			place[one.Issuer] = name
		}
		s.problems = append(s.problems, own.problems...)
		list = append(list, one)
	}
	return list
}

// issuerList returns the list issuers from cdk.json, or from JSON after -c.
func (s *settings) issuerList() []any {
	value, ok := s.decoded("issuers", "a list of objects")
	if !ok {
		return nil
	}
	list, ok := value.([]any)
	if !ok || len(list) == 0 {
		s.problem("issuers", `must be a list of objects, for example `+
			`[{"issuer": "https://TENANT.eu.auth0.com/", "audience": "https://api.example.com"}]`)
		return nil
	}
	return list
}

// issuer reads one issuer, whose settings depend on each other.
func (s *settings) issuer() issuer {
	i := issuer{
		Audience:       s.list("audience"),
		JWKSURI:        s.text("jwksUri", ""),
		Provider:       s.text("provider", "auth0"),
		Algorithms:     s.list("algorithms", "RS256"),
		ScopeClaims:    s.claims("scopeClaims"),
		RequiredClaims: s.claimValues("requiredClaims"),
		RefusedClaims:  s.claimValues("refusedClaims"),
	}
	if _, known := providers[i.Provider]; !known {
		s.problem("provider", "%q is not supported: choose from %s", i.Provider, providerNames())
	}
	if i.JWKSURI != "" {
		// A query is allowed here: Entra and Azure AD B2C publish keys under one.
		problem := urlProblem(i.JWKSURI, true)
		switch {
		case problem != "" && isLoopback(i.JWKSURI):
			s.problem("jwksUri", "%q is on this machine, which AWS cannot reach: "+
				"make run has its own settings for such an issuer (test/README.md)", redacted(i.JWKSURI))
		case problem != "":
			s.problem("jwksUri", "%s: use the jwks_uri of the issuer's discovery document", problem)
		case strings.HasSuffix(i.JWKSURI, "/.well-known/openid-configuration"):
			s.problem("jwksUri", "%q is the discovery document: use the jwks_uri in it", redacted(i.JWKSURI))
		}
	}
	for _, algorithm := range i.Algorithms {
		if !slices.Contains(algorithms, algorithm) {
			s.problem("algorithms", "%q is not supported: choose from %s, for example %s",
				algorithm, strings.Join(algorithms, " "), s.assign("algorithms", "RS256"))
		}
	}
	s.readIssuer(&i)
	// The URL is a dimension of metrics, which is ASCII (AWS: "Dimension" in the CloudWatch
	// API reference) and which the CDK limits to 255 characters.
	if len(i.JWKSURI) > 255 || strings.ContainsFunc(i.JWKSURI, func(r rune) bool { return r > unicode.MaxASCII }) {
		s.problem("jwksUri", "%q must be at most 255 ASCII characters", redacted(i.JWKSURI))
	}
	s.checkAudience(i)
	return i
}

// readIssuer reads iss, which may be any string (StringOrURI in RFC 7519 section 4.1.1),
// and derives the URL of the keys from it if jwksUri is not set.
func (s *settings) readIssuer(i *issuer) {
	example := s.assign("issuer", "https://TENANT.eu.auth0.com/")
	if several(s.values["issuer"]) {
		s.problem("issuer", "is a list: each issuer is an object in issuers, for example "+
			`{"issuer": "https://TENANT.eu.auth0.com/", "audience": "https://api.example.com"}`)
		return
	}
	switch i.Issuer = s.text("issuer", ""); {
	case s.reported["issuer"]:
		return
	case i.Issuer == "":
		s.problem("issuer", "is missing: set it to the issuer whose tokens are trusted, for example %s", example)
		return
	case strings.ContainsFunc(i.Issuer, unicode.IsControl) || strings.TrimSpace(i.Issuer) != i.Issuer:
		s.problem("issuer", "%q has a control character, or a blank at an end: use the iss of the tokens", i.Issuer)
		return
	}
	problem := urlProblem(i.Issuer, false)
	if i.JWKSURI == "" && strings.HasPrefix(i.Issuer, "https:") && problem != "" {
		s.problem("issuer", "%s: use the issuer of the discovery document, for example %s", problem, example)
		return
	}
	if allTenants.MatchString(i.Issuer) {
		s.problem("issuer", "%q is for the users of all tenants, and no token has it as iss: "+
			"use %s with the ID of your tenant", i.Issuer, s.assign("issuer", "https://login.microsoftonline.com/TENANT_ID/v2.0"))
		return
	}
	providerGiven := s.text("provider", "") != ""
	if want := conventionalIssuer(*i, providerGiven); want != i.Issuer {
		use := "use " + s.assign("issuer", want)
		set := fmt.Sprintf("set another %s (%s)", s.assign("provider", ""), providerNames())
		fixes := []string{use, set}
		if !providerGiven && !strings.HasSuffix(hostOf(want), ".auth0.com") {
			fixes = []string{use, set, s.assign("jwksUri", "")}
			if strings.HasPrefix(i.Issuer, want) { // it has a path, as those of other providers do
				fixes = []string{set, s.assign("jwksUri", ""), use}
			}
		}
		s.problem("issuer", "%q is not the iss of the tokens of provider %s: %s",
			redacted(i.Issuer), i.Provider, strings.Join(fixes, ", or "))
		return
	}
	keysAt, known := providers[i.Provider]
	if i.JWKSURI != "" || !known {
		return
	}
	if problem == "" {
		i.JWKSURI = keysAt(i.Issuer)
		problem = "provider " + i.Provider + " has no convention for " + i.Issuer
	}
	if i.JWKSURI == "" {
		s.problem("jwksUri", "is missing, and %s: use the jwks_uri of its discovery document, for example %s",
			problem, s.assign("jwksUri", "https://ISSUER/jwks.json"))
	}
}

// several reports whether the value of issuer is a list, or a string with several
// issuers.
func several(value any) bool {
	text, ok := value.(string)
	if !ok {
		_, list := value.([]any)
		return list
	}
	parts := separated(text)
	return strings.HasPrefix(text, "[") || len(parts) > 1 &&
		!slices.ContainsFunc(parts, func(part string) bool { return !strings.ContainsAny(part, ".:") })
}
