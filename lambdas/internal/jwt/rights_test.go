package jwt

import (
	"context"
	"slices"
	"strings"
	"testing"

	"accountapi/lambdas/internal/tokentest"

	"github.com/google/go-cmp/cmp"
)

// withIssuer changes the issuer of a bed.
func withIssuer(change func(*Issuer)) func(*Config) {
	return func(c *Config) { change(&c.Issuers[0]) }
}

func TestScopesAreReadFromTheFirstClaimThatTheTokenHas(t *testing.T) {
	bed := newBed(t, tokentest.EveryKey(), withIssuer(func(i *Issuer) {
		i.Scopes = []string{
			"permissions", "https://example.com/roles", "/realm_access/roles", "/a~1b/~0c/1", "/~01", "/list/01",
			"/at/-1", "/at/0", "cognito:groups",
		}
	}))
	for name, test := range map[string]struct {
		claims  string
		scopes  []string
		leftOut []string
	}{
		"the first":            {`"permissions":["a","b"],"cognito:groups":["c"]`, []string{"a", "b"}, nil},
		"the first, empty":     {`"permissions":[],"cognito:groups":["c"]`, nil, nil},
		"a name with slashes":  {`"https://example.com/roles":"a b"`, []string{"a", "b"}, nil},
		"a pointer":            {`"realm_access":{"roles":["a"]},"cognito:groups":["c"]`, []string{"a"}, nil},
		"a pointer to nothing": {`"realm_access":{"Roles":["a"]},"cognito:groups":["c"]`, []string{"c"}, nil},
		"not through a string": {`"realm_access":"roles","cognito:groups":["c"]`, []string{"c"}, nil},
		"escapes, an element":  {`"a/b":{"~c":["x",["a"]]}`, []string{"a"}, nil},
		"~01 is ~1, and no /":  {`"/":["a"],"~1":["b"]`, []string{"b"}, nil},
		"01 is no index":       {`"list":["a","b"],"cognito:groups":["c"]`, []string{"c"}, nil},
		"-1 is no index, 0 is": {`"at":["a","b"],"cognito:groups":["c"]`, []string{"a"}, nil},
		"01 is a name":         {`"list":{"01":"a"}`, []string{"a"}, nil},
		"an index too high":    {`"a/b":{"~c":["x"]},"cognito:groups":["c"]`, []string{"c"}, nil},
		"the last":             {`"cognito:groups":["c"]`, []string{"c"}, nil},
		"none of them":         {`"x":1`, nil, nil},
		"elements that are no scope": {
			`"permissions":["a","b c","","é","d\"","e\\","f\n","h\u007f","g"]`,
			[]string{"a", "g"}, []string{"b c", "", "é", `d"`, `e\`, "f\n", "h\x7f"},
		},
		"parts that are no scope": {`"permissions":"a  b\tc d\" e"`, []string{"a", "e"}, []string{"b\tc", `d"`}},
		"every character":         {`"permissions":["!#[]~:/.$'"]`, []string{"!#[]~:/.$'"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			seen := &Seen{}
			who, err := bed.Verify(context.Background(), mint(rawClaims(test.claims)), seen)
			if err != nil || !slices.Equal(who.Scopes, test.scopes) || !slices.Equal(seen.ScopesLeftOut, test.leftOut) {
				t.Errorf("got %q, without %q (%v); want %q, without %q",
					who.Scopes, seen.ScopesLeftOut, err, test.scopes, test.leftOut)
			}
		})
	}
	bed.expect(t, ErrClaimType, rows{
		"a number":            mint(rawClaims(`"permissions":1`)),
		"null":                mint(rawClaims(`"permissions":null`)),
		"an array with more":  mint(rawClaims(`"permissions":["a",1]`)),
		"objects in an array": mint(rawClaims(`"permissions":[{"name":"a"}]`)),
		"an object":           mint(rawClaims(`"realm_access":{"roles":{"a":true}}`)),
	})
}

func TestClaimsAreRequiredAndRefusedByTheirValues(t *testing.T) {
	bed := newBed(t, tokentest.EveryKey(), withIssuer(func(i *Issuer) {
		i.Required = map[string][]string{"org": {"o1", "o2"}, "/realm/roles": {"user"}}
		i.Refused = map[string][]string{
			"sub": {"auth0|blocked"}, "azp": {"bad"}, "jti": {"stolen"}, "/realm/roles": {"x"}, "nick": {""},
		}
	}))
	const good = `"org":"o1","realm":{"roles":["a","user"]}`
	bed.expect(t, OK, rows{
		"as required":                 mint(rawClaims(good)),
		"another value":               mint(rawClaims(`"org":"o2","realm":{"roles":"user"}`)),
		"a number is no empty string": mint(rawClaims(good + `,"nick":1`)),
		"one element of an array":     mint(rawClaims(`"org":["x","o2"],"realm":{"roles":["user",1]}`)),
	})
	bed.expect(t, ErrRequiredClaim, rows{
		"missing":             mint(),
		"one missing":         mint(rawClaims(`"org":"o1"`)),
		"a value in between":  mint(rawClaims(`"org":"o1 o2","realm":{"roles":["user"]}`)),
		"in other case":       mint(rawClaims(`"org":"O1","realm":{"roles":["user"]}`)),
		"a part of the value": mint(rawClaims(`"org":"o1x","realm":{"roles":["user"]}`)),
		"an object":           mint(rawClaims(`"org":{"o1":"o1"},"realm":{"roles":["user"]}`)),
		"an array in an array": mint(
			rawClaims(`"org":[["o1"]],"realm":{"roles":["user"]}`)),
		"null":      mint(rawClaims(`"org":null,"realm":{"roles":["user"]}`)),
		"no string": mint(rawClaims(`"org":1,"realm":{"roles":["user"]}`)),
	})
	bed.expect(t, ErrRefusedClaim, rows{
		"the subject":                mint(claim("sub", "auth0|blocked"), claim("org", "o1")),
		"the client":                 mint(claim("azp", "bad")),
		"the token":                  mint(claim("jti", "stolen")),
		"an element of an array":     mint(rawClaims(`"org":"o1","realm":{"roles":["user","x"]}`)),
		"an element beside a number": mint(rawClaims(`"org":"o1","realm":{"roles":["user",1,"x"]}`)),
		"an empty string":            mint(rawClaims(good + `,"nick":""`)),
		"in escapes":                 mint(edited(`"jti":"x"`, `"jti":"st\u006flen"`)),
	})
	if bed.Fetches() != 1 {
		t.Errorf("%d fetches, want that of init alone", bed.Fetches())
	}
}

func TestClaimsForTheContextAreJSONAsInTheToken(t *testing.T) {
	bed := newBed(t, tokentest.EveryKey(), func(c *Config) {
		c.Context = []ContextClaim{{"email", "email"}, {"groups", "cognito:groups"}, {"org", "/o/id"}}
	})
	who, why := bed.verify(t, mint(rawClaims(`"email":"a@b.example","cognito:groups":["a", 1],"o":{"id":null}`)))
	want := map[string]string{"email": `"a@b.example"`, "groups": `["a", 1]`, "org": "null"}
	if diff := cmp.Diff(want, who.Claims); diff != "" || why != OK {
		t.Errorf("got %s: %s", why, diff)
	}
	if who, why := bed.verify(t, mint(rawClaims(`"email":""`))); why != OK || len(who.Claims) != 1 {
		t.Errorf("got %s, %v; want the only claim that is there", why, who.Claims)
	}
	text := func(length int) edit { return claim("email", strings.Repeat("x", length-len(`""`))) }
	bed.expect(t, OK, rows{"4,096 bytes": mint(text(4096)), "together": mint(text(4094), claim("cognito:groups", 10))})
	bed.expect(t, ErrContextSize, rows{
		"4,097 bytes": mint(text(4097)), "together": mint(text(4094), claim("cognito:groups", 100)),
	})
}
