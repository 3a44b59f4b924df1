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

// conclude says whether it is fine, what to fix first, and the command that goes with the
// settings everything was checked with; complete tells whether these are all there.
func (r *report) conclude(s settings, complete bool) error {
	command, destination, ending := "make deploy", "deploy", ""
	if isLocal(s.issuer) {
		command, destination = "make run", "run here"
		ending = " (no function on AWS reaches an issuer on this machine)"
	}
	var variables, context []string
	for _, setting := range s.given() {
		variables = append(variables, setting.variable+"="+quote(setting.value))
		context = append(context, "-c "+setting.context+"="+quote(setting.value))
	}
	commands := fmt.Sprintf("  %s %s\n  or as CDK context: %s\n", command, strings.Join(variables, " "), strings.Join(context, " "))
	if len(r.fixes) == 0 {
		fmt.Fprintf(r.out, "\nfine to %s%s:\n%s", destination, ending, commands)
		return nil
	}
	fmt.Fprintf(r.out, "\nnot fine to %s. Fix this first: %s\n", destination, r.fixes[0])
	if complete {
		fmt.Fprintf(r.out, "the settings that go with this issuer%s:\n%s", ending, commands)
	}
	return errNotFine
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
