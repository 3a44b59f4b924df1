package principal_test

import (
	"errors"
	"testing"
	"time"

	"accountapi/lambdas/internal/principal"

	"github.com/google/go-cmp/cmp"
)

var now = time.Unix(1_800_000_000, 0)

func TestPrincipalIsTheSameAfterTheAuthorizerContext(t *testing.T) {
	for name, want := range map[string]principal.Principal{
		"a user with scopes": {
			Subject: "auth0|42", ClientID: "app", Scopes: []string{"read:items", "read:x"},
			Issuer: "https://t.example/", Expiry: now.Add(time.Hour), Until: now.Add(time.Hour + 30*time.Second),
		},
		"no client, no scope": {
			Subject: "ü", Scopes: []string{}, Issuer: "https://t.example/",
			Expiry: now.Add(-time.Second), Until: now.Add(1500 * time.Millisecond),
		},
		"a client without sub": {
			ClientID: "m2m", Scopes: []string{}, Issuer: "https://t.example/", Expiry: now, Until: now.Add(time.Second),
		},
		"with claims": {
			Subject: "s", Scopes: []string{}, Issuer: "https://t.example/", Expiry: now, Until: now.Add(time.Second),
			Claims: map[string]string{"groups": `["a"]`, "email": `"a@b.example"`},
		},
		"the highest exp": {
			Subject: "s", Scopes: []string{}, Issuer: "https://t.example/",
			Expiry: time.Unix(253_402_300_799, 0), Until: time.Unix(253_402_300_919, 0),
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := principal.FromContext(want.Context(), now)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestMembersOfAPIGatewayAndWhatIsNoStringAreNoClaims(t *testing.T) {
	context := principal.Principal{Subject: "s", Expiry: now, Until: now.Add(time.Second)}.Context()
	context["principalId"], context["integrationLatency"], context["number"] = "s", "7", 7
	if who, err := principal.FromContext(context, now); err != nil || len(who.Claims) > 0 {
		t.Errorf("got the claims %v (%v), want none", who.Claims, err)
	}
}

func TestExpIsRoundedDownToTheSecondAndUntilIsNot(t *testing.T) {
	exp := time.UnixMilli(1_800_003_600_999)
	context := principal.Principal{Subject: "s", Expiry: exp, Until: exp.Add(30 * time.Second)}.Context()
	if context["exp"] != "1800003600" || context["until"] != "1800003630.999" {
		t.Errorf("exp %v, until %v; want 1800003600 and 1800003630.999", context["exp"], context["until"])
	}
}

func TestUntilIsExactToTheMillisecond(t *testing.T) {
	for ms := range int64(1000) {
		want := time.UnixMilli(1_048_576_000 + ms) // where the double nearest to ms / 1000 is often below it
		who, err := principal.FromContext(principal.Principal{Subject: "s", Until: want}.Context(), time.Unix(0, 0))
		if err != nil || !who.Until.Equal(want) {
			t.Fatalf("got %v (%v), want %v", who.Until, err, want)
		}
	}
}

func TestFromContextRefusesAnExpiredToken(t *testing.T) {
	for name, until := range map[string]time.Time{
		"at until":            now,
		"a millisecond after": now.Add(-time.Millisecond),
		"a second after":      now.Add(-time.Second),
	} {
		t.Run(name, func(t *testing.T) {
			context := principal.Principal{Subject: "s", Expiry: now.Add(-time.Minute), Until: until}.Context()
			_, err := principal.FromContext(context, now)
			if !errors.Is(err, principal.ErrExpired) {
				t.Errorf("got %v, want ErrExpired", err)
			}
		})
	}
}

func TestFromContextRefusesARouteWithoutTheAuthorizer(t *testing.T) {
	for name, context := range map[string]map[string]any{
		"no context":         nil,
		"sub missing":        {"exp": "1900000000", "until": "1900000000"},
		"sub empty":          {"sub": "", "exp": "1900000000", "until": "1900000000"},
		"sub empty, client":  {"sub": "", "client_id": "c", "exp": "1900000000", "until": "1900000000"},
		"sub not a string":   {"sub": 7, "exp": "1900000000", "until": "1900000000"},
		"exp missing":        {"sub": "s", "until": "1900000000"},
		"exp not a number":   {"sub": "s", "exp": "soon", "until": "1900000000"},
		"exp in exponential": {"sub": "s", "exp": "1.9e9", "until": "1900000000"},
		"until missing":      {"sub": "s", "exp": "1900000000"},
		"until not a number": {"sub": "s", "exp": "1900000000", "until": "soon"},
		"until not a string": {"sub": "s", "exp": "1900000000", "until": 1900000000},
		"until NaN":          {"sub": "s", "exp": "1900000000", "until": "NaN"},
		"until infinite":     {"sub": "s", "exp": "1900000000", "until": "Inf"},
		"until beyond dates": {"sub": "s", "exp": "1900000000", "until": "1e300"},
		"until negative":     {"sub": "s", "exp": "1900000000", "until": "-1e300"},
		"until of 10^12 s":   {"sub": "s", "exp": "1900000000", "until": "1000000000000"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := principal.FromContext(context, now)
			if err == nil || errors.Is(err, principal.ErrExpired) {
				t.Errorf("got %v, want an error that is not ErrExpired", err)
			}
		})
	}
}

func TestClientWithoutSubIsNotInTheContextAsASubject(t *testing.T) {
	context := principal.Principal{ClientID: "m2m", Expiry: now, Until: now}.Context()
	if _, ok := context["sub"]; ok {
		t.Errorf("sub is %v, want none", context["sub"])
	}
}

func TestClaimIsDecodedIntoTheTypeAskedFor(t *testing.T) {
	who := principal.Principal{Claims: map[string]string{
		"email": `"a@b.example"`, "groups": `["a","b"]`, "verified": "true", "level": "7",
		"org": `{"id":"o1"}`, "null": "null", "text": `"[\"a\"]"`,
	}}
	type org struct {
		ID string `json:"id"`
	}
	expect(t, who, "email", "a@b.example")
	expect(t, who, "groups", []string{"a", "b"})
	expect(t, who, "verified", true)
	expect(t, who, "level", 7)
	expect(t, who, "org", org{"o1"})
	expect(t, who, "text", `["a"]`) // a string is no array
	for _, name := range []string{"missing", "null"} {
		if _, err := principal.Claim[string](who, name); !errors.Is(err, principal.ErrNoClaim) {
			t.Errorf("%s: got %v, want ErrNoClaim", name, err)
		}
	}
	for _, name := range []string{"email", "verified", "level", "org", "text"} {
		value, err := principal.Claim[[]string](who, name)
		if err == nil || errors.Is(err, principal.ErrNoClaim) || len(value) > 0 {
			t.Errorf("%s: got %q (%v), want an error: it is no array", name, value, err)
		}
	}
}

func expect[T any](t *testing.T, who principal.Principal, name string, want T) {
	t.Helper()
	got, err := principal.Claim[T](who, name)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%s: %v %s", name, err, diff)
	}
}

func TestScopeIsComparedAsAWhole(t *testing.T) {
	who := principal.Principal{Scopes: []string{"read:items2", "Read:items", "read:", "items", ""}}
	if who.HasScope("read:items") {
		t.Error("a scope that only looks like read:items was taken for it")
	}
	if !who.HasScope("read:items2") {
		t.Error("a granted scope was not found")
	}
}
