package main

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"accountapi/lambdas/internal/jwt"
	"accountapi/lambdas/internal/principal"
)

// config is the configuration that the environment holds. No setting has an empty value
// that turns a check off.
type config struct {
	issuers        []issuerConfig     // ISSUERS, or TOKEN_ISSUER and others: at least one
	requiredScopes []string           // REQUIRED_SCOPES, default none: what the whole API demands
	contextClaims  []jwt.ContextClaim // CONTEXT_CLAIMS, default none: what the functions get besides
	clockSkew      time.Duration      // CLOCK_SKEW_SECONDS, 0 to 120, default 30
	caBundle       []byte             // CA_BUNDLE, default none: the file that it names
	namespace      string             // METRICS_NAMESPACE, default Authorizer: where CloudWatch has the metrics
}

// loadConfig reads the configuration. Its error names every mistake, one per line. Lists
// are separated by spaces or commas. An empty variable counts as not set.
func loadConfig(getenv func(string) string) (config, error) {
	var p problems
	c := config{
		issuers:        loadIssuers(getenv, &p),
		requiredScopes: list(getenv("REQUIRED_SCOPES")),
		contextClaims:  loadContextClaims(getenv("CONTEXT_CLAIMS"), &p),
		clockSkew:      30 * time.Second,
		namespace:      getenv("METRICS_NAMESPACE"),
	}
	var err error
	if c.caBundle, err = readCABundle(getenv); err != nil {
		p = append(p, err)
	}
	if c.namespace == "" {
		c.namespace = "Authorizer"
	}
	if value := getenv("CLOCK_SKEW_SECONDS"); value != "" {
		seconds, err := strconv.Atoi(value)
		if err != nil || seconds < 0 || seconds > 120 {
			p.add("CLOCK_SKEW_SECONDS %q is not a whole number from 0 to 120", value)
		}
		c.clockSkew = time.Duration(seconds) * time.Second
	}
	return c, errors.Join(p...)
}

// loadContextClaims reads a list of NAME or NAME=CLAIM.
func loadContextClaims(value string, p *problems) (claims []jwt.ContextClaim) {
	var names []string
	for _, item := range list(value) {
		name, claim, given := strings.Cut(item, "=")
		if !given {
			claim = name
		}
		switch {
		case !isContextName(name):
			p.add("CONTEXT_CLAIMS %q: the functions need a name for it: write NAME=%s", item, claim)
		case slices.Contains(principal.ReservedNames, name):
			p.add("CONTEXT_CLAIMS %q: %s has a meaning in the context already: write OTHER_NAME=%s", item, name, claim)
		case slices.Contains(names, name):
			p.add("CONTEXT_CLAIMS has the name %s twice", name)
		case claim == "":
			p.add("CONTEXT_CLAIMS %q names no claim", item)
		}
		names = append(names, name)
		claims = append(claims, jwt.ContextClaim{Name: name, Claim: claim})
	}
	return claims
}

// isContextName tells whether a member of the context can have this name: printable ASCII
// that needs no escapes, and is no JSON Pointer.
func isContextName(name string) bool {
	return name != "" && name[0] != '/' && !strings.ContainsFunc(name, func(r rune) bool {
		return r <= ' ' || r > '~' || r == '"' || r == '\\'
	})
}
