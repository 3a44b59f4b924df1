package main

import "regexp"

// makeVariables are the variables of make, by key of the context. make passes other keys
// on in CONTEXT.
var makeVariables = map[string]string{
	"issuer": "ISSUER", "audience": "AUDIENCE", "jwksUri": "JWKS_URI",
	"provider": "PROVIDER", "algorithms": "ALGORITHMS", "stage": "STAGE",
}

// contextArgument is an argument of the CDK CLI in a message, without the punctuation
// that follows.
var contextArgument = regexp.MustCompile(`-c (\w+)((?:=\S*[^\s.,:;()])?)`)

// withMakeVariables returns a message for a user of make: with -c issuer=x as
// ISSUER=x, and -c region=x as CONTEXT='-c region=x'.
func withMakeVariables(message string) string {
	return contextArgument.ReplaceAllStringFunc(message, func(argument string) string {
		parts := contextArgument.FindStringSubmatch(argument)
		if variable, ok := makeVariables[parts[1]]; ok {
			return variable + parts[2]
		}
		return "CONTEXT='" + argument + "'"
	})
}
