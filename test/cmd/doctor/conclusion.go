package main

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
)

// proposed returns the settings as they should be given: without the URL of the keys if
// it is the default.
func (d *doctor) proposed() trusted {
	s := d.use
	isDefault := s.JWKSURI == keysAt(s.Provider, s.Issuer) || isLocal(s.Issuer) && s.JWKSURI == d.document.JWKSURI
	if d.given.JWKSURI == "" && isDefault {
		s.JWKSURI = ""
	}
	if d.suggested != "" {
		s.Provider = d.suggested
	}
	return s
}

// commands prints the settings as they should be given.
func (e *examination) commands(deploy bool) string {
	command := "make run"
	if deploy {
		command = "make deploy"
	}
	if e.deployed {
		if e.stage != "" {
			command += " STAGE=" + quote(e.stage)
		}
		if !deploy {
			command = "the settings in cdk.json"
		}
		if changes := e.changes(); changes != "" {
			command = "in the context in cdk.json:\n" + changes
		}
		return "  " + strings.TrimSpace(command) + "\n"
	}
	s := e.doctors[0].proposed()
	if len(s.ScopeClaims) > 0 {
		entry, err := json.MarshalIndent(s, "    ", "  ")
		if err != nil {
			panic(err) // strings always marshal
		}
		return fmt.Sprintf("  in the context in cdk.json: \"issuers\": [\n    %s\n  ]\n  and then: make deploy\n", entry)
	}
	var variables, context []string
	for _, setting := range s.values() {
		variables = append(variables, makeVariables[setting.key]+"="+quote(setting.value))
		context = append(context, "-c "+setting.key+"="+quote(setting.value))
	}
	return fmt.Sprintf("  %s %s\n  or as CDK context: %s\n",
		command, strings.Join(variables, " "), strings.Join(context, " "))
}

// changes lists the settings in cdk.json that have been corrected.
func (e *examination) changes() string {
	var lines strings.Builder
	for _, d := range e.doctors {
		line := func(key string, given, use any) {
			if !reflect.DeepEqual(given, use) {
				fmt.Fprintf(&lines, "    %s: %s\n", d.named(key), toJSON(use))
			}
		}
		use := d.proposed()
		line("issuer", d.given.Issuer, use.Issuer)
		line("audience", d.given.Audiences, use.Audiences)
		line("jwksUri", d.given.JWKSURI, use.JWKSURI)
		line("provider", d.given.Provider, use.Provider)
		line("algorithms", d.given.Algorithms, use.Algorithms)
		line("scopeClaims", d.given.ScopeClaims, use.ScopeClaims)
	}
	return lines.String()
}

// value is one setting: its key in the CDK context, the variable of the authorizer, and the
// value.
type value struct{ key, environment, value string }

// values returns the flat settings that have a value.
func (t trusted) values() (given []value) {
	for _, v := range []value{
		{"issuer", "TOKEN_ISSUER", t.Issuer},
		{"audience", "AUDIENCE", strings.Join(t.Audiences, " ")},
		{"jwksUri", "JWKS_URI", t.JWKSURI},
		{"provider", "PROVIDER", t.Provider},
		{"algorithms", "ALGORITHMS", strings.Join(t.Algorithms, " ")},
	} {
		if v.value != "" {
			given = append(given, v)
		}
	}
	return given
}
