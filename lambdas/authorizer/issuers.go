package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"accountapi/lambdas/internal/jwks"
	"accountapi/lambdas/internal/jwt"
	"accountapi/lambdas/internal/strictjson"
)

// issuerSettings are the settings of one issuer, an entry of ISSUERS.
type issuerSettings struct {
	issuer         string   // required: the exact value of iss
	audience       []string // required: one or several
	jwksURI        string   // required: where the issuer publishes its keys
	provider       string   // default auth0
	algorithms     []string // default RS256: the allowlist
	scopeClaims    []string // default: those of the provider
	requiredClaims map[string][]string
	refusedClaims  map[string][]string
}

// issuerConfig is an issuer without its keys, and the URL of the keys.
type issuerConfig struct {
	jwt.Issuer
	jwksURI string
}

// variables are the variables for one issuer, by their keys in ISSUERS.
var variables = map[string]string{
	"issuer": "TOKEN_ISSUER", "audience": "AUDIENCE", "jwksUri": "JWKS_URI",
	"provider": "PROVIDER", "algorithms": "ALGORITHMS",
}

// loadIssuers reads ISSUERS, or else the variables for one issuer.
func loadIssuers(getenv func(string) string, p *problems) (issuers []issuerConfig) {
	text := getenv("ISSUERS")
	if text == "" {
		flat := issuerSettings{
			issuer: getenv("TOKEN_ISSUER"), audience: list(getenv("AUDIENCE")), jwksURI: getenv("JWKS_URI"),
			provider: getenv("PROVIDER"), algorithms: list(getenv("ALGORITHMS")),
		}
		return []issuerConfig{flat.check(func(key string) string { return variables[key] }, p)}
	}
	for _, variable := range slices.Sorted(maps.Values(variables)) {
		if getenv(variable) != "" {
			p.add("%s and ISSUERS are both set: keep one of them", variable)
		}
	}
	if !json.Valid([]byte(text)) || text[0] != '[' {
		p.add("ISSUERS is not a JSON array")
		return nil
	}
	items, _ := strictjson.Elements([]byte(text))
	if len(items) == 0 {
		p.add("ISSUERS has no issuer")
	}
	for i, item := range items {
		place := fmt.Sprintf("ISSUERS[%d]", i)
		name := func(key string) string { return place + "." + key }
		issuer := readSettings(item, place, p).check(name, p)
		if slices.ContainsFunc(issuers, func(other issuerConfig) bool { return other.Name == issuer.Name }) {
			p.add("%s %q is in the list twice", name("issuer"), issuer.Name)
		}
		issuers = append(issuers, issuer)
	}
	return issuers
}

// readSettings reads an entry of ISSUERS.
func readSettings(item []byte, place string, p *problems) (s issuerSettings) {
	members, ok := strictjson.ParseObject(item, nil)
	if !ok {
		p.add("%s is not a JSON object without repeated names", place)
	}
	for _, m := range members {
		var ok bool
		switch string(m.Name) {
		case "issuer":
			s.issuer, ok = strictjson.String(m.Value)
		case "audience":
			s.audience, ok = strictjson.Strings(m.Value)
		case "jwksUri":
			s.jwksURI, ok = strictjson.String(m.Value)
		case "provider":
			s.provider, ok = strictjson.String(m.Value)
		case "algorithms":
			s.algorithms, ok = strictjson.Strings(m.Value)
		case "scopeClaims":
			s.scopeClaims, ok = strictjson.Strings(m.Value)
		case "requiredClaims":
			s.requiredClaims, ok = valuesByClaim(m.Value)
		case "refusedClaims":
			s.refusedClaims, ok = valuesByClaim(m.Value)
		default:
			p.add("%s.%s is unknown", place, m.Name)
			continue
		}
		if !ok {
			p.add("%s.%s has a value of the wrong type", place, m.Name)
		}
	}
	return s
}

// valuesByClaim reads an object with an array of strings for each claim.
func valuesByClaim(value []byte) (setting map[string][]string, ok bool) {
	members, ok := strictjson.ParseObject(value, nil)
	setting = make(map[string][]string, len(members))
	for _, m := range members {
		values, isList := strictjson.Strings(m.Value)
		setting[string(m.Name)], ok = values, ok && isList
	}
	return setting, ok
}

// check returns an issuer with its defaults. name is how the configuration calls a
// setting.
func (s issuerSettings) check(name func(key string) string, p *problems) issuerConfig {
	c := issuerConfig{jwksURI: s.jwksURI, Issuer: jwt.Issuer{
		Name: s.issuer, Audiences: s.audience, Scopes: s.scopeClaims, Required: s.requiredClaims, Refused: s.refusedClaims,
	}}
	// iss is a StringOrURI (RFC 7519 section 4.1.1).
	switch {
	case s.issuer == "":
		p.add("%s is missing: set it to the iss of the tokens, such as https://TENANT.eu.auth0.com/", name("issuer"))
	case strings.TrimSpace(s.issuer) != s.issuer:
		p.add("%s %q has a blank at its beginning or end", name("issuer"), s.issuer)
	case strings.ContainsFunc(s.issuer, unicode.IsControl):
		p.add("%s %q has a control character", name("issuer"), s.issuer)
	}
	if err := secureURL(s.jwksURI); err != nil {
		p.add("%s %w", name("jwksUri"), err)
	}
	if len(s.audience) == 0 || slices.Contains(s.audience, "") {
		p.add("%s is missing: set it to the identifier of this API at the issuer", name("audience"))
	}

	if s.provider == "" {
		s.provider = "auth0"
	}
	var known bool
	if c.Provider, known = jwt.ProviderNamed(s.provider); !known {
		p.add("%s %q is unknown: use one of %s", name("provider"), s.provider, strings.Join(jwt.Providers(), ", "))
	} else if problem := c.Provider.CheckAudiences(s.issuer, s.audience); problem != "" {
		p.add("%s %s", name("audience"), problem)
	}

	if len(s.algorithms) == 0 {
		s.algorithms = []string{"RS256"}
	}
	for _, algorithm := range s.algorithms {
		if a := jwks.Supported().Named(algorithm); a != nil {
			c.Algorithms = append(c.Algorithms, a)
		} else {
			p.add("%s %q is unknown: use RS256, RS384, RS512, PS256, PS384, PS512, "+
				"ES256, ES384, ES512, EdDSA or Ed25519", name("algorithms"), algorithm)
		}
	}

	for _, claim := range s.scopeClaims {
		if claim == "" {
			p.add("%s has an empty name of a claim", name("scopeClaims"))
		}
	}
	for key, setting := range map[string]map[string][]string{
		"requiredClaims": s.requiredClaims, "refusedClaims": s.refusedClaims,
	} {
		for _, claim := range slices.Sorted(maps.Keys(setting)) {
			if claim == "" || len(setting[claim]) == 0 {
				p.add("%s %q has no value: name the values of this claim", name(key), claim)
			}
		}
	}
	return c
}
