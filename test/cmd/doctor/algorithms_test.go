package main

import (
	"slices"
	"strings"
	"testing"

	"accountapi/test/issuer"
)

func TestAlgorithmsAreThoseOfTheAuthorizer(t *testing.T) {
	v, err := (&examination{}).ask(t.Context(), []trusted{{Algorithms: []string{"RS257"}}}, "")
	if err != nil {
		t.Fatal(err)
	}
	last := len(allAlgorithms) - 1
	list := strings.Join(allAlgorithms[:last], ", ") + " or " + allAlgorithms[last]
	want := `ALGORITHMS "RS257" is unknown: use ` + list
	if !slices.Contains(v.problems, want) {
		t.Errorf("the authorizer does not say %q but %q", want, v.problems)
	}
}

func TestMistakesInTheAlgorithmsAreReportedWithTheirFix(t *testing.T) {
	rs256, es256, both := startIssuer(t), startIssuer(t, "ES256"), startIssuer(t, "RS256", "ES384")
	rs257, onlyES := rs256.URL()+" -algorithms RS257", rs256.URL()+" -algorithms ES256,ES384"
	forES384 := both.Token(issuer.Algorithm("ES384"))
	const notDefault = "none of the keys is for RS256, the default"
	const signed = "the token is signed with ES384, allowed is RS256, the default"
	for name, test := range map[string]struct{ args, token, says, fix string }{
		"unknown":               {rs257, "", `ALGORITHMS "RS257" is unknown: use RS256`, "correct ALGORITHMS"},
		"not the default":       {es256.URL(), es256.Token(), notDefault, "add ALGORITHMS=ES256"},
		"not those of the keys": {onlyES, rs256.Token(), "none of the keys is for ES256 ES384", "use ALGORITHMS=RS256"},
		"not that of the token": {both.URL(), forES384, signed, "add ALGORITHMS='RS256 ES384'"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			call{args: forAPI + test.args, token: test.token}.expectMistake(t, test.says, test.fix)
		})
	}
}
