package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// errNotReady is returned when the report contains a mistake.
var errNotReady = errors.New("not ready to deploy")

// report is what the doctor prints: one line for each finding, marked "ok" (correct),
// "??" (a note, or something that could not be checked) or "!!" (a mistake; the next line
// says how to fix it).
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

// heading begins the part of the report about one issuer, or about the token.
func (r *report) heading(format string, args ...any) {
	fmt.Fprintf(r.out, "\n%s\n", fmt.Sprintf(format, args...))
}

func (r *report) line(mark, topic, text string) {
	fmt.Fprintf(r.out, "%s %-10s %s\n", mark, topic, text)
}

// quote writes a value so that a shell reads it as one word.
func quote(value string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' ||
			strings.ContainsRune("-_.:/@%+=,", r)
	}
	if strings.IndexFunc(value, func(r rune) bool { return !plain(r) }) < 0 {
		return value
	}
	return "'" + strings.ReplaceAll(value, "'", `'\''`) + "'"
}
