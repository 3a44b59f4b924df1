package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// errNotFine says that the report has named a mistake.
var errNotFine = errors.New("not fine to deploy")

// report is what the doctor prints: one finding a line, marked "ok" (as it should be), "??"
// (worth knowing, or not known) or "!!" (a mistake, with its fix on the next line).
type report struct {
	out   io.Writer
	fixes []string // in the order in which the mistakes were found
}

func (r *report) ok(topic, format string, args ...any) {
	r.line("ok", topic, fmt.Sprintf(format, args...))
}

func (r *report) note(topic, format string, args ...any) {
	r.line("??", topic, fmt.Sprintf(format, args...))
}

func (r *report) wrong(topic, fix, format string, args ...any) {
	r.line("!!", topic, fmt.Sprintf(format, args...))
	fmt.Fprintf(r.out, "              fix: %s\n", fix)
	r.fixes = append(r.fixes, fix)
}

func (r *report) line(mark, topic, text string) {
	fmt.Fprintf(r.out, "%s %-10s %s\n", mark, topic, text)
}

// quote writes a value so that a shell reads it as one word.
func quote(value string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_.:/@%+=,", r)
	}
	if strings.IndexFunc(value, func(r rune) bool { return !plain(r) }) < 0 {
		return value
	}
	return "'" + strings.ReplaceAll(value, "'", `'\''`) + "'"
}
