package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// authorizerEnvironment returns the variables of the authorizer.
func (c Config) authorizerEnvironment() map[string]string {
	variables := map[string]string{
		"REQUIRED_SCOPES":    strings.Join(c.RequiredScopes, " "),
		"METRICS_NAMESPACE":  apiName,
		"CLOCK_SKEW_SECONDS": strconv.Itoa(c.ClockSkewSeconds),
	}
	if len(c.ContextClaims) > 0 {
		variables["CONTEXT_CLAIMS"] = strings.Join(c.ContextClaims, " ")
	}
	if c.Network.CABundle != nil {
		variables["CA_BUNDLE"] = caBundleFile
	}
	if one := c.Issuers[0]; len(c.Issuers) == 1 && one.isFlat() {
		variables["TOKEN_ISSUER"] = one.Issuer
		variables["AUDIENCE"] = strings.Join(one.Audience, " ")
		variables["JWKS_URI"] = one.JWKSURI
		variables["PROVIDER"] = one.Provider
		variables["ALGORITHMS"] = strings.Join(one.Algorithms, " ")
	} else {
		variables["ISSUERS"] = compactJSON(c.Issuers)
	}
	return variables
}

// isFlat reports whether variables that are not JSON can hold all settings of the issuer.
// Lists in these are separated by spaces or commas.
func (i issuer) isFlat() bool {
	return len(i.ScopeClaims)+len(i.RequiredClaims)+len(i.RefusedClaims) == 0 &&
		!strings.ContainsAny(strings.Join(i.Audience, ""), " ,")
}

// compactJSON returns JSON without the escapes that only HTML needs.
func compactJSON(value any) string {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic(err) // strings, lists and maps of these always have a JSON form
	}
	return strings.TrimSpace(text.String())
}

// maxEnvironment is the size of the variables of a function, in bytes, at which synth
// stops. Lambda's limit is 4 KB for all names and values (AWS: "Lambda quotas").
const maxEnvironment = 4000

// checkEnvironments sums up the variables of each function in a template, whoever added
// them. A value that is known only after the deployment, such as the name of a table, is
// not counted.
func checkEnvironments(template []byte) error {
	var stack struct {
		Resources map[string]struct {
			Type       string
			Properties struct {
				Environment struct{ Variables map[string]any }
			}
		}
	}
	if err := json.Unmarshal(template, &stack); err != nil {
		return fmt.Errorf("read the template: %w", err)
	}
	var problems []error
	for _, id := range slices.Sorted(maps.Keys(stack.Resources)) {
		function := stack.Resources[id]
		if function.Type != "AWS::Lambda::Function" {
			continue
		}
		sum, largest, most := 0, "", 0
		variables := function.Properties.Environment.Variables
		for _, name := range slices.Sorted(maps.Keys(variables)) {
			value, _ := variables[name].(string)
			size := len(name) + len(value)
			if sum += size; size > most {
				largest, most = name, size
			}
		}
		if sum > maxEnvironment {
			problems = append(problems, fmt.Errorf("the variables of the function %s have %d bytes with their names, "+
				"and may have %d (Lambda allows 4096). The largest is %s with %d: %s",
				regexp.MustCompile(`[0-9A-F]{8}$`).ReplaceAllString(id, ""), sum, maxEnvironment, largest, most, shorten(largest)))
		}
	}
	return errors.Join(problems...)
}

// shorten says how to make a variable shorter.
func shorten(variable string) string {
	switch variable {
	case "ISSUERS":
		return "remove values from refusedClaims that no token has any longer, or trust fewer issuers in this stage"
	case "AUDIENCE":
		return "accept fewer audiences"
	case "CONTEXT_CLAIMS":
		return "pass on fewer claims with contextClaims"
	case "CORS_ORIGINS":
		return "allow fewer origins with corsOrigins"
	case "ROUTES":
		return "give some of the routes a function of their own"
	}
	return "store the value where the function can read it, for example in Parameter Store, and pass its name"
}
