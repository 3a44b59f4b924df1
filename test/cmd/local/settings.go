package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"

	"accountapi/test/internal/discovery"
)

// settings are the flags.
type settings struct {
	assembly   string
	api, stage string
	port       int
	issuerPort int
	env        assignments
	parameters assignments

	issuer, audience, jwksURI, algorithms, provider string

	localIssuer bool // derived: whether to start a local issuer
}

// assignments is a flag NAME=VALUE that may be repeated.
type assignments map[string]string

func (a assignments) String() string { return "" }

func (a assignments) Set(text string) error {
	name, value, ok := strings.Cut(text, "=")
	if !ok || name == "" {
		return fmt.Errorf("write it as NAME=VALUE")
	}
	a[name] = value
	return nil
}

// parse reads the flags. Its error names every mistake.
func parse(args []string) (settings, error) {
	s := settings{env: assignments{}, parameters: assignments{}}
	flags := flag.NewFlagSet("local", flag.ContinueOnError)
	flags.SetOutput(os.Stderr)
	flags.StringVar(&s.assembly, "assembly", "",
		"serve the cloud assembly in this `folder` instead of building this project's")
	flags.StringVar(&s.api, "api", "", "logical `id` of the REST API to serve, where the assembly has several")
	flags.StringVar(&s.stage, "stage", "", "`name` of the stage to serve, where the API has several")
	flags.IntVar(&s.port, "port", 3000, "`port` of the API on 127.0.0.1, 0 for any free one")
	flags.IntVar(&s.issuerPort, "issuer-port", 3001, "`port` of the local issuer on 127.0.0.1, 0 for any free one")
	flags.Var(s.env, "env",
		"set `NAME=VALUE` in the environment of the functions, overriding the template; may be repeated")
	flags.Var(s.parameters, "parameter",
		"give the template's parameter NAME the VALUE, as `NAME=VALUE`; may be repeated")
	flags.StringVar(&s.issuer, "issuer", "",
		"`URL` of a real OpenID provider, exactly as in the iss of its tokens, instead of a local issuer")
	flags.StringVar(&s.audience, "audience", "", "`identifier` of this API at the issuer (the aud of its tokens)")
	flags.StringVar(&s.jwksURI, "jwks-uri", "",
		"`URL` of the provider's JWK Set; read from its discovery document if left out")
	flags.StringVar(&s.algorithms, "algorithms", "",
		"allowed signature `algorithms`, separated by spaces or commas; RS256 if left out")
	flags.StringVar(&s.provider, "provider", "", "`kind` of provider: auth0, rfc9068, cognito, entra or okta")
	if err := flags.Parse(args); err != nil {
		return s, err
	}

	var problems []error
	problem := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	issuerPortGiven := false
	flags.Visit(func(f *flag.Flag) { issuerPortGiven = issuerPortGiven || f.Name == "issuer-port" })
	s.localIssuer = s.issuer == "" && (s.assembly == "" || issuerPortGiven)

	if flags.NArg() > 0 {
		problem("unexpected %q: every setting is a flag, see -help", flags.Arg(0))
	}
	if s.issuer != "" && s.audience == "" {
		problem("ISSUER needs AUDIENCE: the identifier of this API at the issuer; " +
			"without it tokens for other APIs would be accepted")
	}
	if s.issuer == "" && s.jwksURI != "" {
		problem("JWKS_URI needs ISSUER: the iss of the provider's tokens")
	}
	if s.issuer == "" && s.provider != "" && s.provider != "auth0" {
		problem("PROVIDER=%s needs ISSUER: the tokens of the local issuer have the form of Auth0's", s.provider)
	}
	return s, errors.Join(problems...)
}

// overrides returns the environment variables of the functions that override the
// template: those of the issuer, unless they are empty, and those of -env.
func (s settings) overrides(issuer, audience, jwksURI string) map[string]string {
	env := map[string]string{}
	for name, value := range map[string]string{
		"TOKEN_ISSUER": issuer, "AUDIENCE": audience, "JWKS_URI": jwksURI,
		"ALGORITHMS": s.algorithms, "PROVIDER": s.provider,
	} {
		if value != "" {
			env[name] = value
		}
	}
	for name, value := range s.env {
		env[name] = value
	}
	return env
}

// discover returns the jwks_uri of a provider's discovery document.
func discover(ctx context.Context, issuer string) (jwksURI string, err error) {
	document, err := discovery.Fetch(ctx, issuer)
	if err == nil {
		err = document.Check(issuer)
	}
	if err == nil && document.JWKSURI == "" {
		err = fmt.Errorf("%s has no jwks_uri", document.Address)
	}
	if err != nil {
		return "", fmt.Errorf("read jwks_uri from the discovery document: %w; or set it: JWKS_URI=https://…", err)
	}
	return document.JWKSURI, nil
}
