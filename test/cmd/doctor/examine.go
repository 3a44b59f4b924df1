package main

import (
	"context"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"accountapi/test/internal/discovery"
)

// examination is one call of the doctor: it examines each issuer, and the token against
// the issuer that its iss names.
type examination struct {
	*report
	settings
	bootstrap string // of the authorizer
	doctors   []*doctor
}

// doctor examines one issuer.
type doctor struct {
	*examination
	place place
	given trusted // as it was given
	// use are the settings for the next checks: what was left out is filled in, and a
	// mistake that has been reported is corrected, so that the next one is found too.
	use         trusted
	suggested   string             // a provider that fits better than the default; "" if there is none
	document    discovery.Document // of the issuer; empty if it could not be read
	token       token              // empty unless it is this issuer's
	unreachable bool               // there was no answer from the issuer
	privateCA   bool               // because the authority of its certificate is not trusted
	usable      bool               // there is a key that the authorizer can use
	signer      *doctor            // another issuer, whose key has signed the token; nil if none has
}

// examine runs all checks. Its error is errNotReady if a mistake was found.
func examine(ctx context.Context, s settings, bootstrap string, r *report) error {
	e := &examination{report: r, settings: s, bootstrap: bootstrap}
	for i, given := range s.issuers {
		e.doctors = append(e.doctors, &doctor{examination: e, place: s.places[i], given: given, use: given})
	}
	decoded := decode(s.token)
	owner := e.ownerOf(decoded)
	if owner != nil {
		owner.token = decoded
	}
	for i, d := range e.doctors {
		if len(e.doctors) > 1 {
			e.heading("issuer %d of %d: %s (%s in cdk.json)", i+1, len(e.doctors), shown(d.given.Issuer),
				strings.TrimSuffix(d.place[""], "."))
		}
		if err := d.examineSettings(ctx); err != nil {
			return err
		}
	}
	if len(e.doctors) > 1 {
		e.heading("token")
	}
	switch {
	case s.token == "":
		e.note("token", "none given: with TOKEN=… the doctor also explains whether the authorizer accepts the token")
	case owner == nil:
		e.explainUnknownIssuer(decoded)
	default:
		if err := owner.examineToken(ctx); err != nil {
			return err
		}
	}
	return e.conclude()
}

func (d *doctor) examineSettings(ctx context.Context) error {
	if err := d.examineIssuer(ctx); err != nil {
		return err
	}
	d.examineProvider()
	d.examineAudience()
	d.examineJWKSURI()
	return d.examineKeys(ctx)
}

// ownerOf returns the doctor of the only issuer, or else of the one that the token names:
// exactly, nearly, or by its host if no other issuer is there; nil if there is none.
func (e *examination) ownerOf(t token) *doctor {
	if len(e.doctors) == 1 {
		return e.doctors[0]
	}
	exact := func(issuer string) string { return issuer }
	for _, form := range []func(issuer string) string{exact, loose, hostOf} {
		var same []*doctor
		for _, d := range e.doctors {
			if name := form(t.claimString("iss")); name != "" && name == form(d.given.Issuer) {
				same = append(same, d)
			}
		}
		if len(same) == 1 {
			return same[0]
		}
	}
	return nil
}

// loose returns the name of an issuer without what is often mistaken in it.
func loose(issuer string) string {
	if _, rest, found := strings.Cut(issuer, "://"); found {
		issuer = rest
	}
	return strings.ToLower(strings.TrimRight(issuer, "/"))
}

func hostOf(issuer string) string {
	u, err := url.Parse(issuer)
	if err != nil {
		return ""
	}
	return u.Host
}

// explainUnknownIssuer reports a token that none of several issuers has issued.
func (e *examination) explainUnknownIssuer(t token) {
	if t.claims == nil {
		d := &doctor{examination: e, token: t}
		why, fix := d.malformed()
		e.wrong("token", fix, "%s", why)
		return
	}
	names := make([]string, len(e.issuers))
	for i, issuer := range e.issuers {
		names[i] = fmt.Sprintf("%q", issuer.Issuer)
	}
	fix := "get the token from one of these issuers, or add its issuer to the setting issuers in cdk.json"
	if t.claimString("iss") == "" {
		fix = sendUnchanged
	}
	e.wrong("iss", fix, "the token has %s, which none of the issuers is: %s",
		quoted(t.claims["iss"]), strings.Join(names, ", "))
}

// conclude prints whether the settings are ready, what to fix first, and the corrected
// settings in the form in which they were given. It prints them only if they are
// complete.
func (e *examination) conclude() error {
	what, remark := "deploy", ""
	for _, d := range e.doctors {
		if isLocal(d.use.Issuer) || isLocal(d.use.JWKSURI) {
			what, remark = "run on this machine", " (AWS could not reach this issuer)"
		}
	}
	usable := !slices.ContainsFunc(e.doctors, func(d *doctor) bool { return !d.usable })
	corrected := slices.ContainsFunc(e.doctors, func(d *doctor) bool { return !reflect.DeepEqual(d.given, d.proposed()) })
	switch {
	case len(e.fixes) == 0:
		fmt.Fprintf(e.out, "\nready to %s%s:\n%s", what, remark, e.commands(what == "deploy"))
		return nil
	case usable && corrected:
		fmt.Fprintf(e.out, "\nthe corrected settings%s:\n%s", remark, e.commands(what == "deploy"))
	}
	fmt.Fprintf(e.out, "\nnot ready to %s. Fix this first: %s\n", what, e.fixes[0])
	return errNotReady
}
