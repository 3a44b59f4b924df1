package main

import (
	"encoding/json"
	"fmt"
	"os"

	"accountapi/test/internal/routes"
)

// readTemplate reads the settings from the variables of the authorizer in the template of
// an assembly, and their places from the CDK context from which it was made.
func (s *settings) readTemplate(assembly, contextFile string) error {
	variables, err := routes.AuthorizerVariables(assembly)
	if err != nil {
		return err
	}
	s.whole = map[string]string{}
	for _, name := range []string{"REQUIRED_SCOPES", "CONTEXT_CLAIMS", "CLOCK_SKEW_SECONDS"} {
		if variables[name] != "" {
			s.whole[name] = variables[name]
		}
	}
	if text := variables["ISSUERS"]; text != "" {
		if err := json.Unmarshal([]byte(text), &s.issuers); err != nil {
			return fmt.Errorf("%s: ISSUERS of the authorizer: %w", assembly, err)
		}
	} else {
		s.issuers = []trusted{{
			Issuer: variables["TOKEN_ISSUER"], Audiences: routes.List(variables["AUDIENCE"]), JWKSURI: variables["JWKS_URI"],
			Provider: variables["PROVIDER"], Algorithms: routes.List(variables["ALGORITHMS"]),
		}}
	}
	text, err := os.ReadFile(contextFile)
	if err != nil {
		return err
	}
	var file struct{ Context map[string]any }
	if err := json.Unmarshal(text, &file); err != nil {
		return fmt.Errorf("%s: %w", contextFile, err)
	}
	for i := range s.issuers {
		p := findPlace(file.Context, s.stage, i)
		s.issuers[i].removeDefaults(p)
		s.places = append(s.places, p)
	}
	return nil
}

// removeDefaults removes what a deploy has filled in: the doctor tells a default from a
// setting.
func (t *trusted) removeDefaults(p place) {
	given := func(key string) bool { return p[key] != "" }
	if t.Provider == "auth0" && !given("provider") {
		t.Provider = ""
	}
	if len(t.Algorithms) == 1 && t.Algorithms[0] == "RS256" && !given("algorithms") {
		t.Algorithms = nil
	}
	if t.JWKSURI == keysAt(t.Provider, t.Issuer) && !given("jwksUri") {
		t.JWKSURI = ""
	}
}
