package main

import (
	"context"
	"fmt"
	"strings"

	"accountapi/test/internal/discovery"
)

// doctor is one examination under way.
type doctor struct {
	*report
	bootstrap string   // of the authorizer
	given     settings // as they were given
	// use are the settings that the rest is checked with: what was left out is filled in,
	// and a mistake that has been named is corrected, so that the next one shows too.
	use      settings
	document discovery.Document // of the issuer; empty if there is none
	token    token
	offline  bool // nobody answers at the issuer
}

// examine is the whole examination. Its error is errNotFine if a mistake was found.
func examine(ctx context.Context, s settings, bootstrap string, r *report) error {
	d := &doctor{report: r, bootstrap: bootstrap, given: s, use: s, token: decode(s.token)}
	d.examineIssuer(ctx)
	d.examineProvider()
	d.examineAudience()
	d.examineJWKSURI()
	usable, err := d.examineKeys(ctx)
	if err != nil {
		return err
	}
	if s.token == "" {
		d.note("token", "none to try: with TOKEN=… the authorizer's verdict on it is explained as well")
	} else if err := d.examineToken(ctx); err != nil {
		return err
	}
	return d.conclude(usable)
}

// conclude says whether it is fine, what to fix first, and the command for the settings that
// everything was checked with; complete tells whether these are all there.
func (d *doctor) conclude(complete bool) error {
	command, what, remark := "make deploy", "deploy", ""
	if isLocal(d.use.issuer) {
		command, what, remark = "make run", "run on this machine", " (AWS could not reach this issuer)"
	}
	s := d.use
	if d.given.jwksURI == "" && s.jwksURI == keysAt(s.provider, s.issuer) {
		s.jwksURI = "" // as it would be anyway
	}
	var variables, context []string
	for _, setting := range s.given() {
		variables = append(variables, setting.variable+"="+quote(setting.value))
		context = append(context, "-c "+setting.context+"="+quote(setting.value))
	}
	commands := fmt.Sprintf("  %s %s\n  or as CDK context: %s\n", command, strings.Join(variables, " "), strings.Join(context, " "))
	switch {
	case len(d.fixes) == 0:
		fmt.Fprintf(d.out, "\nfine to %s%s:\n%s", what, remark, commands)
		return nil
	case complete:
		fmt.Fprintf(d.out, "\nthe settings that go with it%s:\n%s", remark, commands)
	}
	fmt.Fprintf(d.out, "\nnot fine to %s. Fix this first: %s\n", what, d.fixes[0])
	return errNotFine
}
