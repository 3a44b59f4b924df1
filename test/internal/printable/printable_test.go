package printable

import (
	"fmt"
	"strings"
	"testing"
)

func TestWhatIsNotPrintableIsEscaped(t *testing.T) {
	for text, want := range map[string]string{
		"a line\n\tand another\n": "a line\n\tand another\n",
		"Müller – 東京 \"'\\":       "Müller – 東京 \"'\\",
		"\x1b[31mred":             `\x1b[31mred`,
		"\r\x00\x7f":              `\r\x00\x7f`,
		"\u009b31m":               `\u009b31m`, // the control sequence introducer in one rune
		"a\u202eb":                `a\u202eb`,  // the rest is shown from right to left
	} {
		var out strings.Builder
		if n, err := fmt.Fprint(Writer(&out), text); out.String() != want || n != len(text) || err != nil {
			t.Errorf("%q: got %q, %d, %v; want %q, %d", text, &out, n, err, want, len(text))
		}
	}
}
