package jwt

import (
	"strings"
	"testing"

	"accountapi/lambdas/internal/tokentest"
)

// strayBit sets a bit after the last byte that a part encodes.
func strayBit(p string) string { return p[:len(p)-1] + string(p[len(p)-1]+1) }

func constant(b []byte) func([]byte) []byte { return func([]byte) []byte { return b } }

func TestTokenThatIsNoCompactJWSIsRefused(t *testing.T) {
	parts := strings.Split(mint(), ".")
	bed := newBed(t, tokentest.EveryKey())
	bed.expect(t, ErrMalformedToken, rows{
		"one part":                "abc",
		"two parts":               parts[0] + "." + parts[1],
		"four parts":              mint() + ".x",
		"a dot before":            "." + mint(),
		"a dot after":             mint() + ".",
		"two dots":                "..",
		"three dots":              "...",
		"null":                    "null",
		"undefined":               "undefined",
		"an empty header":         "." + parts[1] + "." + parts[2],
		"an empty payload":        parts[0] + ".." + parts[2],
		"an empty signature":      parts[0] + "." + parts[1] + ".",
		"alg none, no signature":  b64(`{"alg":"none","kid":"key-1"}`) + "." + parts[1] + ".",
		"the signature padded":    mint(part(2, suffix("=="))),
		"the standard alphabet":   mint(part(2, func(string) string { return "+/+/" })),
		"the payload in that":     mint(part(1, at("+"))),
		"a tilde, as in SD-JWT":   mint(part(2, suffix("~"))),
		"a stray bit at the end":  mint(part(2, strayBit)),
		"a part of one character": "a.b.c",
		"an encrypted token":      parts[0] + ".a.b.c." + parts[2],
		"four parts, one is long": strings.Repeat("a", 2000) + ".a." + parts[1] + "." + parts[2],
		"four, the second empty":  strings.Repeat("a", 2000) + ".." + parts[1] + "." + parts[2],
	})
}

func TestOversizePartIsRefused(t *testing.T) {
	bed := newBed(t, tokentest.EveryKey())
	good := `{"alg":"RS256","kid":"key-1"}`
	header := func(length int) edit { return rawHeader(good + strings.Repeat(" ", length-len(good))) }
	bed.expect(t, ErrOversize, rows{
		"a signature of 1,025 bytes": mint(signature(constant(make([]byte, 1025)))),
		"a signature of 4 KiB":       mint(signature(constant(make([]byte, 4096)))),
	})
	bed.expect(t, OK, rows{"a header of 8 KiB, as with a chain of certificates": mint(header(8192))})
	bed.expect(t, ErrBadSignature, rows{
		"a signature of 1,024 bytes": mint(signature(constant(make([]byte, 1024)))),
	})
}
