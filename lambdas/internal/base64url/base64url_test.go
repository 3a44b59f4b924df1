package base64url

import (
	"encoding/base64"
	"testing"
)

func TestOnlyUnpaddedBase64URLIsDecoded(t *testing.T) {
	for part, want := range map[string]string{
		"YQ":       "a",
		"YWI":      "ab",
		"YWJj":     "abc",
		"-_-_":     "\xfb\xff\xbf",
		"":         "refused",
		"YQ==":     "refused",
		"YWI=":     "refused",
		"YR":       "refused", // a bit after the last byte
		"YWK":      "refused",
		"Y":        "refused",
		"+/+/":     "refused", // the alphabet of base64
		"YW\nJj":   "refused",
		"YWJj\r\n": "refused",
		"YW\rJj":   "refused",
		"\rYWJj":   "refused",
		"\nYWJj":   "refused",
		" YWJj":    "refused",
		"YWJj ":    "refused",
		"YW.Jj":    "refused",
		"YW\x00Jj": "refused",
	} {
		decoded, extended, ok := AppendDecode([]byte("before"), []byte(part))
		switch {
		case !ok && want != "refused":
			t.Errorf("%q is refused, want %q", part, want)
		case ok && string(decoded) != want:
			t.Errorf("%q is decoded to %q, want %q", part, decoded, want)
		case ok && string(extended) != "before"+want:
			t.Errorf("%q extends the memory to %q", part, extended)
		}
	}
}

func FuzzAppendDecode(f *testing.F) {
	for _, seed := range []string{"", "YQ", "YQ==", "YR", "-_-_", "Y\nQ"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, part []byte) {
		decoded, _, ok := AppendDecode(nil, part)
		if ok && base64.RawURLEncoding.EncodeToString(decoded) != string(part) {
			t.Errorf("%q is decoded to %q, which is encoded otherwise", part, decoded)
		}
	})
}
