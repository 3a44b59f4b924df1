package main

import (
	"context"
	"fmt"
	"strings"

	"accountapi/test/internal/discovery"
)

// doctor is one examination.
type doctor struct {
	*report
	bootstrap string   // of the authorizer
	given     settings // as they were given
	// use are the settings for the next checks: what was left out is filled in, and a
	// mistake that has been reported is corrected, so that the next one is found too.
	use         settings
	document    discovery.Document // of the issuer; empty if it could not be read
	token       token
	unreachable bool // there was no answer from the issuer
}

// examine runs all checks. Its error is errNotReady if a mistake was found.
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
		d.note("token", "none given: with TOKEN=… the doctor also explains whether the authorizer accepts the token")
	} else if err := d.examineToken(ctx); err != nil {
		return err
	}
	return d.conclude(usable)
}

// conclude prints whether the settings are ready, what to fix first, and the command with
// the corrected settings. It prints the command only if complete: all settings are known.
func (d *doctor) conclude(complete bool) error {
	command, what, remark := "make deploy", "deploy", ""
	if isLocal(d.use.issuer) {
		command, what, remark = "make run", "run on this machine", " (AWS could not reach this issuer)"
	}
	s := d.use
	if d.given.jwksURI == "" && s.jwksURI == keysAt(s.provider, s.issuer) {
		s.jwksURI = "" // the default
	}
	var variables, context []string
	for _, setting := range s.given() {
		variables = append(variables, setting.variable+"="+quote(setting.value))
		context = append(context, "-c "+setting.context+"="+quote(setting.value))
	}
	commands := fmt.Sprintf("  %s %s\n  or as CDK context: %s\n",
		command, strings.Join(variables, " "), strings.Join(context, " "))
	switch {
	case len(d.fixes) == 0:
		fmt.Fprintf(d.out, "\nready to %s%s:\n%s", what, remark, commands)
		return nil
	case complete:
		fmt.Fprintf(d.out, "\nthe corrected settings%s:\n%s", remark, commands)
	}
	fmt.Fprintf(d.out, "\nnot ready to %s. Fix this first: %s\n", what, d.fixes[0])
	return errNotReady
}
