package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"

	"accountapi/test/internal/authorizer"
	"accountapi/test/internal/discovery"
	"accountapi/test/internal/routes"
)

// trustCABundle has this program trust the authorities that the authorizer trusts.
func trustCABundle(assembly string) error {
	file, err := routes.CABundle(assembly)
	if err != nil || file == "" {
		return err
	}
	return authorizer.TrustCABundle(file)
}

// configure sets the environment of the functions, so that they trust the right issuer,
// and reach it where this program does.
func (a *api) configure(ctx context.Context) (err error) {
	s := a.settings
	var trusted map[string]string
	switch {
	case s.localIssuer:
		trusted = s.trustOne(a.issuer.URL(), a.issuer.Audience(), a.issuer.JWKSURL())
		// The rights of a user, which count only if the setting says so.
		if claim := a.issuer.ScopeClaim(); claim == "permissions" {
			trusted = trustList(a.issuerWith(claim))
		}
	case s.issuer != "":
		jwksURI := s.jwksURI
		if jwksURI == "" {
			if jwksURI, err = discover(ctx, s.issuer); err != nil {
				return err
			}
		}
		trusted = s.trustOne(s.issuer, s.audience, jwksURI)
	case s.env["ISSUERS"] != "":
		trusted = trustList(s.env["ISSUERS"])
	default: // those of the template
		trusted = s.trustOne("", "", "")
	}
	a.env = authorizer.NetworkEnvironment()
	maps.Copy(a.env, trusted)
	maps.Copy(a.env, s.env)
	return nil
}

// issuerWith returns the list of issuers with the local one, whose tokens have the scopes
// in this claim.
func (a *api) issuerWith(scopeClaim string) string {
	issuer := map[string]any{
		"issuer": a.issuer.URL(), "audience": []string{a.issuer.Audience()}, "jwksUri": a.issuer.JWKSURL(),
		"provider": a.settings.provider, "scopeClaims": []string{scopeClaim},
	}
	if algorithms := routes.List(a.settings.algorithms); len(algorithms) > 0 {
		issuer["algorithms"] = algorithms
	}
	text, err := json.Marshal([]any{issuer})
	if err != nil {
		panic(err) // strings always marshal
	}
	return string(text)
}

// The authorizer reads either these variables, which are about one issuer, or ISSUERS,
// which is about several. Empty ones count as not set.
var oneIssuer = []string{"TOKEN_ISSUER", "AUDIENCE", "JWKS_URI", "ALGORITHMS", "PROVIDER"}

// trustOne returns the variables with which the authorizer trusts one issuer, whatever
// the template has. Settings that are not given are left to the template.
func (s settings) trustOne(issuer, audience, jwksURI string) map[string]string {
	env := map[string]string{}
	if issuer != "" {
		env["ISSUERS"] = ""
	}
	for n, value := range []string{issuer, audience, jwksURI, s.algorithms, s.provider} {
		if value != "" {
			env[oneIssuer[n]] = value
		}
	}
	return env
}

// trustList returns the variables with which the authorizer trusts the issuers of a JSON
// array, whatever the template has.
func trustList(issuers string) map[string]string {
	env := map[string]string{"ISSUERS": issuers}
	for _, name := range oneIssuer {
		env[name] = ""
	}
	return env
}

// discover returns the jwks_uri of a provider's discovery document.
func discover(ctx context.Context, issuer string) (jwksURI string, err error) {
	document, err := discovery.Fetch(ctx, issuer)
	if err == nil {
		err = document.Check(issuer)
	}
	if err == nil && document.JWKSURI == "" {
		err = fmt.Errorf("%s has no jwks_uri", document.Address)
	}
	if err != nil {
		return "", fmt.Errorf("read jwks_uri from the discovery document: %w; or set it: JWKS_URI=https://…", err)
	}
	return document.JWKSURI, nil
}
