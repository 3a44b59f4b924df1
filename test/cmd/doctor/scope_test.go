package main

import (
	"testing"

	"accountapi/test/issuer"
)

func TestScopesAreComparedWithTheRoutes(t *testing.T) {
	local := startIssuer(t)
	const onlyAudience = "-audience " + audience + " -issuer "
	for name, test := range map[string]struct {
		args, scopes string
		code         int
		want         string
	}{
		"all routes":      {forAPI, "read:things write:things", 0, `opens GET /things, POST /things`},
		"one route":       {forAPI, "read:things", 0, "?? scope      POST /things answers 403"},
		"no route":        {forAPI, "write:things", 1, "!! scope      GET /things answers 403"},
		"one scope":       {forAPI, "write:things", 1, `the token's scope is "write:things", without read:things`},
		"two scopes":      {forAPI, "other", 1, `the token's scope is "other", without read:things and write:things`},
		"unknown routes":  {onlyAudience, "read:things", 0, `?? scope      the token has "read:things": make routes shows`},
		"how to get them": {forAPI, "other", 1, "and request it with SCOPE=read:things"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			call{args: test.args + local.URL(), token: local.Token(issuer.Scopes(test.scopes))}.expect(t, test.code, test.want)
		})
	}
}
