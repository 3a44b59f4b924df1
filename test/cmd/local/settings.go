package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"accountapi/test/internal/routes"
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
	scopes                                          []string // of the token that is printed; nil for all

	localIssuer bool // derived: whether to start a local issuer
}

// providers are the values of -provider.
const providers = "auth0, rfc9068, cognito, entra, okta, keycloak, duende, clerk, workos"

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

// parse reads the flags. Its error names every mistake. Where make has a variable for a
// flag, it names the variable, because most users start this program with make run.
func parse(args []string) (settings, error) {
	s := settings{env: assignments{}, parameters: assignments{}}
	flags := flag.NewFlagSet("local", flag.ContinueOnError)
	flags.SetOutput(os.Stderr)
	flags.StringVar(&s.assembly, "assembly", "",
		"serve the cloud assembly in this `folder` instead of building this project's")
	flags.StringVar(&s.api, "api", "", "logical `id` of the REST API to serve, where the assembly has several")
	flags.StringVar(&s.stage, "stage", "", "`name` of the stage to serve, where the API has several")
	port := flags.String("port", "3000", "`port` of the API on 127.0.0.1, 0 for any free one")
	issuerPort := flags.String("issuer-port", "3001", "`port` of the local issuer on 127.0.0.1, 0 for any free one")
	var env []string
	flags.Func("env",
		"set `NAME=VALUE` in the environment of the functions, overriding the template; may be repeated",
		func(text string) error { env = append(env, text); return nil })
	flags.Var(s.parameters, "parameter",
		"give the template's parameter NAME the VALUE, as `NAME=VALUE`; may be repeated")
	flags.StringVar(&s.issuer, "issuer", "",
		"`URL` of a real OpenID provider, exactly as in the iss of its tokens, instead of a local issuer")
	flags.StringVar(&s.audience, "audience", "", "`identifier` of this API at the issuer (the aud of its tokens)")
	flags.StringVar(&s.jwksURI, "jwks-uri", "",
		"`URL` of the provider's JWK Set; read from its discovery document if left out")
	flags.StringVar(&s.algorithms, "algorithms", "",
		"allowed signature `algorithms`, separated by spaces or commas; RS256 if left out")
	flags.StringVar(&s.provider, "provider", "",
		"`kind` of provider, whose tokens the local issuer imitates: one of "+providers)
	scopes := flags.String("scopes", "",
		"`scopes` of the token of the local issuer, separated by spaces or commas; all of the routes if left out")
	if err := flags.Parse(args); err != nil {
		return s, err
	}

	var problems []error
	problem := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	issuerPortGiven := false
	flags.Visit(func(f *flag.Flag) { issuerPortGiven = issuerPortGiven || f.Name == "issuer-port" })
	for _, text := range env {
		if err := s.env.Set(text); err != nil {
			problem("ENV=%s: %w, and without spaces, which separate variables", text, err)
		}
	}
	several := s.env["ISSUERS"] != ""
	s.localIssuer = s.issuer == "" && !several && (s.assembly == "" || issuerPortGiven)
	s.scopes = routes.List(*scopes)

	var err error
	if s.port, err = parsePort("PORT", *port, 3000); err != nil {
		problems = append(problems, err)
	}
	if s.issuerPort, err = parsePort("ISSUER_PORT", *issuerPort, 3001); err != nil {
		problems = append(problems, err)
	}
	if s.localIssuer && s.port == s.issuerPort && s.port != 0 {
		problem("PORT and ISSUER_PORT are both %d: choose another port for one of them, "+
			"for example make run PORT=%[1]d ISSUER_PORT=%d",
			s.port, (s.port+1)%65536)
	}
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
	if s.localIssuer && s.provider != "" && !slices.Contains(routes.List(providers), s.provider) {
		problem("PROVIDER=%s is unknown: use one of %s", s.provider, providers)
	}
	if several && s.issuer+s.audience+s.jwksURI+s.algorithms+s.provider != "" {
		problem("ENV has ISSUERS, so leave out ISSUER, AUDIENCE, JWKS_URI, ALGORITHMS and PROVIDER: " +
			"the list says all of that for each issuer")
	}
	if len(s.scopes) > 0 && !s.localIssuer {
		problem("SCOPES are those of the TOKEN of the local issuer, which does not run: " +
			"get a token of your issuer with make token SCOPE=…")
	}
	return s, errors.Join(problems...)
}

// parsePort reads the port that a variable of make holds.
func parsePort(variable, text string, example int) (int, error) {
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return 0, fmt.Errorf("%s=%s is not a port: use a number from 1 to 65535, or 0 for any free port, "+
			"for example make run %[1]s=%[3]d", variable, text, example)
	}
	return int(port), nil
}
