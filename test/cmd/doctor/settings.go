package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"accountapi/test/internal/routes"
)

// settings are the authorizer's configuration, and the token to check, if there is one.
type settings struct {
	issuer, jwksURI, provider string // "" if not given
	audiences, algorithms     []string
	token                     string
	routes                    []routes.Route // of the API; none if they are not known
}

// parse reads the flags. token is the value of the environment variable; the flag
// -token-file overrides it. The error names every mistake.
func parse(args []string, token string) (settings, error) {
	var s settings
	var audience, algorithms, tokenFile, assembly string
	flags := flag.NewFlagSet("doctor", flag.ContinueOnError)
	flags.SetOutput(os.Stderr)
	flags.StringVar(&s.issuer, "issuer", "", "`URL` of the issuer, exactly as in the iss of its tokens")
	flags.StringVar(&audience, "audience", "", "`identifier` of this API at the issuer (the aud of its tokens)")
	flags.StringVar(&s.jwksURI, "jwks-uri", "", "`URL` of the issuer's JWK Set")
	flags.StringVar(&s.provider, "provider", "",
		"`kind` of provider: one of "+providerNames()+"; auth0 if left out")
	flags.StringVar(&algorithms, "algorithms", "",
		"allowed signature `algorithms`, separated by spaces or commas; RS256 if left out")
	flags.StringVar(&tokenFile, "token-file", "",
		"`file` with a token to check, - for standard input; the environment variable TOKEN if left out")
	flags.StringVar(&assembly, "assembly", "",
		"`folder` of a cloud assembly: are the scopes of the token enough for its routes?")
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	s.audiences, s.algorithms = list(audience), list(algorithms)

	var problems []error
	problem := func(text string) { problems = append(problems, errors.New(text)) }
	if s.issuer == "" {
		problem("ISSUER is missing: set it to the issuer to trust, such as ISSUER=https://TENANT.eu.auth0.com/")
	}
	if len(s.audiences) == 0 {
		problem("AUDIENCE is missing: set it to the identifier of this API at the issuer, " +
			"such as AUDIENCE=https://api.example.com")
	}
	if flags.NArg() > 0 {
		// The argument is not printed, because it may be a token.
		problem("there is an argument that is not a flag (see -help): " +
			"pass a token in the environment variable TOKEN")
	}
	if assembly != "" {
		var err error
		if s.routes, err = routes.Read(assembly); err != nil {
			problems = append(problems, err)
		}
	}
	if tokenFile != "" {
		var err error
		if token, err = readToken(tokenFile); err != nil {
			problems = append(problems, err)
		}
	}
	// A token copied from a terminal or a header may have a line break or its scheme.
	s.token = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(token), "Bearer "))
	return s, errors.Join(problems...)
}

func readToken(file string) (token string, err error) {
	var text []byte
	if file == "-" {
		text, err = io.ReadAll(os.Stdin)
	} else {
		text, err = os.ReadFile(file)
	}
	if err != nil {
		return "", fmt.Errorf("read the token: %w", err)
	}
	if len(text) == 0 {
		return "", fmt.Errorf("read the token: %s is empty", file)
	}
	return string(text), nil
}

// list splits a list as the authorizer does.
func list(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == ',' })
}

// setting is one setting with its names: the variable of make, the key of the CDK context
// and the authorizer's environment variable.
type setting struct{ variable, context, environment, value string }

// given returns the settings that have a value.
func (s settings) given() []setting {
	all := []setting{
		{"ISSUER", "issuer", "TOKEN_ISSUER", s.issuer},
		{"AUDIENCE", "audience", "AUDIENCE", strings.Join(s.audiences, " ")},
		{"JWKS_URI", "jwksUri", "JWKS_URI", s.jwksURI},
		{"PROVIDER", "provider", "PROVIDER", s.provider},
		{"ALGORITHMS", "algorithms", "ALGORITHMS", strings.Join(s.algorithms, " ")},
	}
	return slices.DeleteFunc(all, func(s setting) bool { return s.value == "" })
}
