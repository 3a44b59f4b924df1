package pasted

import (
	"strings"
	"testing"
	"time"
)

// Of RFC 7519 section 3.1; the signature is shortened. Its exp is 1300819380.
const good = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." +
	"eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP"

func TestFormOfATokenIsExplained(t *testing.T) {
	for _, test := range []struct{ name, token, mistake, fix string }{
		{"a good token", good, "", ""},
		{"double quotes", `"` + good + `"`, "it has quotation marks", "pass the token without them"},
		{"single quotes", `'` + good + `'`, "it has quotation marks", "pass the token without them"},
		{"typographic quotes", `“` + good + `”`, "it has quotation marks", "pass the token without them"},
		{"scheme", "Bearer " + good, "it begins with the scheme Bearer", "pass the token alone"},
		{"lower-case scheme", "bearer " + good, "it begins with the scheme Bearer", "pass the token alone"},
		{"line break inside", good[:50] + "\n" + good[50:], "it has a line break", "copy the token again"},
		{"line break at the end", good + "\r\n", "it has a line break", "copy the token again"},
		{"space", good[:50] + " " + good[50:], "it has a space", "copy the token again"},
		{"example of a README", "eyJ…", "it is shortened", "copy the token again"},
		{"opaque token", "kj3h45kj34h5kj34h5k", "it is not a signed JWT", "request one for this API"},
		{"without its signature", good[:strings.LastIndex(good, ".")], "it is not a signed JWT", "copy the token again"},
		{"encrypted token", "eyJh..a.b.c", "it is not a signed JWT", "request one for this API"},
	} {
		t.Run(test.name, func(t *testing.T) {
			mistake, fix := Form(test.token)
			if !strings.HasPrefix(mistake, test.mistake) || (mistake == "") != (test.mistake == "") ||
				!strings.Contains(fix, test.fix) {
				t.Errorf("got %q, %q; want %q, %q", mistake, fix, test.mistake, test.fix)
			}
		})
	}
}

func TestExpiryIsThatOfTheClaims(t *testing.T) {
	if exp, ok := Expiry(good); !ok || !exp.Equal(time.Unix(1300819380, 0)) {
		t.Errorf("got %v %t", exp, ok)
	}
	for _, token := range []string{"", "a.b.c", "a.e30.c", "a.bnVsbA.c", "a.b"} {
		if exp, ok := Expiry(token); ok {
			t.Errorf("%q: got %v, want no expiry", token, exp)
		}
	}
}
