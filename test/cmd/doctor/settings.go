package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"accountapi/test/internal/routes"
)

// trusted is one trusted issuer, with the rules for its tokens. The JSON is that of the
// variable ISSUERS and of the setting issuers in the CDK context.
type trusted struct {
	Issuer         string              `json:"issuer"`
	Audiences      []string            `json:"audience"`
	JWKSURI        string              `json:"jwksUri,omitempty"`
	Provider       string              `json:"provider,omitempty"`
	Algorithms     []string            `json:"algorithms,omitempty"`
	ScopeClaims    []string            `json:"scopeClaims,omitempty"`
	RequiredClaims map[string][]string `json:"requiredClaims,omitempty"`
	RefusedClaims  map[string][]string `json:"refusedClaims,omitempty"`
}

// settings are the authorizer's configuration, and the token to check, if there is one.
type settings struct {
	issuers  []trusted
	places   []place           // of the issuers, in cdk.json or as variables of make
	whole    map[string]string // variables of the authorizer for all issuers, such as REQUIRED_SCOPES
	caBundle string            // the file with the authorities that are trusted besides; "" if there is none
	stage    string
	token    string
	routes   []routes.Route // of the API; none if they are not known
	deployed bool           // they are read from a template
}

// parse reads the flags. token is the value of the environment variable; the flag
// -token-file overrides it. Without a flag about an issuer, the issuers are read from the
// template of the assembly. The error names every mistake.
func parse(args []string, token string) (settings, error) {
	var s settings
	var one trusted
	var audience, algorithms, tokenFile, assembly, context string
	flags := flag.NewFlagSet("doctor", flag.ContinueOnError)
	flags.SetOutput(os.Stderr)
	flags.StringVar(&one.Issuer, "issuer", "", "the `issuer`, exactly as in the iss of its tokens; "+
		"if left out, the issuers are those of the assembly")
	flags.StringVar(&audience, "audience", "", "`identifier` of this API at the issuer (the aud of its tokens)")
	flags.StringVar(&one.JWKSURI, "jwks-uri", "", "`URL` of the issuer's JWK Set")
	flags.StringVar(&one.Provider, "provider", "", "`kind` of provider: one of "+presetNames()+"; auth0 if left out")
	flags.StringVar(&algorithms, "algorithms", "",
		"allowed signature `algorithms`, separated by spaces or commas; RS256 if left out")
	flags.StringVar(&tokenFile, "token-file", "",
		"`file` with a token to check, - for standard input; the environment variable TOKEN if left out")
	flags.StringVar(&assembly, "assembly", "",
		"`folder` of a cloud assembly: are the scopes of the token enough for its routes?")
	flags.StringVar(&context, "context", "cdk.json", "`file` with the settings from which the assembly was made")
	flags.StringVar(&s.stage, "stage", "", "`stage` of the settings")
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	one.Audiences, one.Algorithms = routes.List(audience), routes.List(algorithms)

	var problems []error
	problem := func(err error) {
		if err != nil {
			problems = append(problems, err)
		}
	}
	s.deployed = assembly != "" && one.Issuer+audience+one.JWKSURI+one.Provider+algorithms == ""
	if s.deployed {
		problem(s.readTemplate(assembly, context))
	} else {
		s.issuers, s.places = []trusted{one}, []place{nil}
		problem(checkVariables(one))
	}
	if flags.NArg() > 0 {
		// The argument is not printed, because it may be a token.
		problem(errors.New("there is an argument that is not a flag (see -help): " +
			"pass a token in the environment variable TOKEN"))
	}
	if assembly != "" {
		var err error
		s.routes, err = routes.Read(assembly)
		problem(err)
		s.caBundle, err = routes.CABundle(assembly)
		problem(err)
	}
	if tokenFile != "" {
		var err error
		token, err = readToken(tokenFile)
		problem(err)
	}
	// A token copied from a terminal or a header may have a line break or its scheme.
	s.token = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(token), "Bearer "))
	return s, errors.Join(problems...)
}

func checkVariables(one trusted) error {
	var problems []error
	if one.Issuer == "" {
		problems = append(problems, errors.New(
			"ISSUER is missing: set it to the issuer to trust, such as ISSUER=https://TENANT.eu.auth0.com/"))
	}
	if len(one.Audiences) == 0 {
		problems = append(problems, errors.New("AUDIENCE is missing: set it to the identifier of this API at the issuer, "+
			"such as AUDIENCE=https://api.example.com"))
	}
	return errors.Join(problems...)
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
