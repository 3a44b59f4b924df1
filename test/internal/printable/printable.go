// Package printable escapes what a terminal would obey instead of show: text of an issuer
// or of a token may hold control sequences, which change what was printed before.
package printable

import (
	"io"
	"strconv"
	"strings"
)

// Text returns s with an escape, as in a Go string, for each rune that is not printable,
// except line breaks and tabs.
func Text(s string) string {
	var out strings.Builder
	for _, r := range s {
		if r == '\n' || r == '\t' || strconv.IsPrint(r) {
			out.WriteRune(r)
			continue
		}
		quoted := strconv.QuoteRune(r)
		out.WriteString(quoted[1 : len(quoted)-1])
	}
	return out.String()
}

// Writer returns a writer that writes [Text] to w. Each call of Write must have whole
// runes, as those of package fmt do.
func Writer(w io.Writer) io.Writer { return writer{w} }

type writer struct{ w io.Writer }

func (w writer) Write(text []byte) (int, error) {
	if _, err := io.WriteString(w.w, Text(string(text))); err != nil {
		return 0, err
	}
	return len(text), nil
}
