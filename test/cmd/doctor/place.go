package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// place says where in cdk.json the settings of one issuer are: the path of each key, and
// under "" the path of the object where other keys belong. It is nil if the settings were
// given as variables of make.
type place map[string]string

// makeVariables are the variables of make with the same meaning as a key of an issuer in the
// CDK context. Other keys are only in the setting issuers.
var makeVariables = map[string]string{
	"issuer": "ISSUER", "audience": "AUDIENCE", "jwksUri": "JWKS_URI", "provider": "PROVIDER", "algorithms": "ALGORITHMS",
}

// findPlace finds the settings of the issuer with this index. A key is set at the top
// level, under the stage or under stages.default.
func findPlace(context map[string]any, stage string, index int) place {
	if stage == "" {
		stage, _ = context["stage"].(string)
	}
	if stage == "" {
		stage = "prod"
	}
	type level struct {
		path   string
		values map[string]any
	}
	levels := []level{{"", context}}
	if stages, ok := context["stages"].(map[string]any); ok {
		for _, name := range []string{stage, "default"} {
			values, _ := stages[name].(map[string]any)
			path := "stages." + name + "."
			if strings.Contains(name, "-") {
				path = fmt.Sprintf("stages[%q].", name)
			}
			levels = append(levels, level{path, values})
		}
	}
	p := place{}
	for _, level := range levels {
		if issuers, ok := level.values["issuers"].([]any); ok && index < len(issuers) {
			p := place{"": fmt.Sprintf("%sissuers[%d].", level.path, index)}
			entry, _ := issuers[index].(map[string]any)
			for key := range entry {
				p[key] = p[""] + key
			}
			return p
		}
		for key := range makeVariables {
			if _, ok := level.values[key]; ok {
				p[key] = level.path + key
			}
		}
		if _, ok := level.values["issuer"]; ok {
			p[""] = level.path
		}
	}
	if len(p) == 0 {
		return nil // all of them are arguments of the command
	}
	return p
}

// of returns where a setting is, or belongs.
func (p place) of(key string) string {
	return cmp.Or(p[key], p[""]+key)
}

// inList reports whether the issuer is an entry of the setting issuers, which alone has
// keys like scopeClaims.
func (p place) inList() bool {
	return strings.HasSuffix(p[""], "].") && strings.Contains(p[""], "issuers[")
}

// set says how to give a setting these values, in the form in which it was given.
func (d *doctor) set(key string, values ...string) string {
	variable := makeVariables[key]
	text := toJSON(values)
	if len(values) == 1 && key != "scopeClaims" {
		text = toJSON(values[0])
	}
	switch {
	case variable == "" && !d.place.inList():
		// Only the setting issuers has this key.
		return fmt.Sprintf("describe the issuer in the setting issuers in cdk.json, with %q: %s", key, text)
	case d.place != nil:
		return fmt.Sprintf("set %s to %s in cdk.json", d.place.of(key), text)
	case slices.ContainsFunc(d.given.values(), func(v value) bool { return v.key == key }):
		return "use " + variable + "=" + quote(strings.Join(values, " "))
	}
	return "add " + variable + "=" + quote(strings.Join(values, " "))
}

// leaveOut says how to leave a setting out.
func (d *doctor) leaveOut(key string) string {
	if d.place != nil {
		return "remove " + d.place.of(key) + " from cdk.json"
	}
	return "leave " + makeVariables[key] + " out"
}

// named names a setting in the form in which it was given.
func (d *doctor) named(key string) string {
	if d.place != nil {
		return d.place.of(key)
	}
	return cmp.Or(makeVariables[key], key)
}

func toJSON(value any) string {
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic(err) // strings always marshal
	}
	return strings.TrimSuffix(text.String(), "\n")
}
