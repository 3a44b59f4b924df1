package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// settings are what the authorizer is configured with, and the token to try, if any.
type settings struct {
	issuer, jwksURI, provider string // "" if not given
	audiences, algorithms     []string
	token                     string
}

// parse reads the flags; token is from the environment and gives way to -token-file. Its
// error names every mistake.
func parse(args []string, token string) (settings, error) {
	var s settings
	var audience, algorithms, tokenFile string
	flags := flag.NewFlagSet("doctor", flag.ContinueOnError)
	flags.SetOutput(os.Stderr)
	flags.StringVar(&s.issuer, "issuer", "", "`URL` of the issuer, exactly as in the iss of its tokens")
	flags.StringVar(&audience, "audience", "", "`identifier` of this API at the issuer (the aud of its tokens)")
	flags.StringVar(&s.jwksURI, "jwks-uri", "", "`URL` of the issuer's JWK Set")
	flags.StringVar(&s.provider, "provider", "", "`kind` of provider: auth0, rfc9068, cognito, entra or okta; auth0 if left out")
	flags.StringVar(&algorithms, "algorithms", "", "allowed signature `algorithms`, separated by spaces or commas; RS256 if left out")
	flags.StringVar(&tokenFile, "token-file", "", "`file` with a token to try, - for standard input; the environment variable TOKEN if left out")
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	s.audiences, s.algorithms = list(audience), list(algorithms)

	var problems []error
	if s.issuer == "" {
		problems = append(problems, errors.New("ISSUER is missing: say whose tokens to trust, as ISSUER=https://TENANT.eu.auth0.com/"))
	}
	if len(s.audiences) == 0 {
		problems = append(problems, errors.New("AUDIENCE is missing: name this API as the issuer knows it, as AUDIENCE=https://api.example.com"))
	}
	if flags.NArg() > 0 {
		// Not quoted: it may be a token.
		problems = append(problems, errors.New("there is an argument that is no flag: see -help; a token belongs into the environment, as TOKEN"))
	}
	if tokenFile != "" {
		var err error
		if token, err = readToken(tokenFile); err != nil {
			problems = append(problems, err)
		}
	}
	// As it comes out of a terminal, or a copied header.
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

// list splits as the authorizer does.
func list(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == ',' })
}

// setting is one of the settings under the names that its readers know it by.
type setting struct{ variable, context, environment, value string }

// given lists the settings that have a value.
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
