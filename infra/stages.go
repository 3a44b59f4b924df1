package main

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"
)

// sharedStage is the entry of "stages" whose settings all stages have, unless they set
// them themselves.
const sharedStage = "default"

// applyStage adds the settings under stages.default and stages.STAGE. A key may stand
// either there or at the top level of the context: the app cannot tell a value after -c
// from one in cdk.json, so any order between the two would let one of them be ignored
// without a message. Without the stage, the other settings are not known: it is not ok.
func (s *settings) applyStage(stage string) (ok bool) {
	if s.values["stages"] == nil {
		return true
	}
	stages, ok := s.values["stages"].(map[string]any)
	if !ok {
		s.problem("stages", "must be an object in cdk.json, "+
			`for example {"dev": {"issuer": "https://TENANT.eu.auth0.com/"}}`)
		return false
	}
	given := map[string][]string{} // the stages that set a key
	for _, name := range slices.Sorted(maps.Keys(stages)) {
		own, ok := stages[name].(map[string]any)
		if !ok {
			s.problem("stages."+name, "must be an object of settings")
			continue
		}
		s.refuseUnknown("stages."+name+".", own)
		for _, key := range slices.Sorted(maps.Keys(own)) {
			if key == "stage" || key == "stages" || key == "lambdas" {
				s.problem("stages."+name+"."+key, "is not allowed inside a stage: remove it")
				continue
			}
			given[key] = append(given[key], "stages."+name)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(given)) {
		if value := s.values[key]; value != nil && value != "" {
			s.problem(key, "is set both in %[3]s and outside of stages, in cdk.json or with -c %[2]s=…: keep one of them; "+
				"what all stages share can be in stages.%[4]s", key, strings.Join(given[key], " and "), sharedStage)
		}
	}
	if _, declared := stages[stage]; !declared || stage == sharedStage {
		names := slices.DeleteFunc(slices.Sorted(maps.Keys(stages)), func(name string) bool { return name == sharedStage })
		s.problem("stage", "%q is not in stages, which has %s: choose one with -c stage=STAGE, or add it",
			stage, cmp.Or(strings.Join(names, ", "), "none"))
		return false
	}
	merged := map[string]any{}
	for _, name := range []string{sharedStage, stage} {
		own, _ := stages[name].(map[string]any)
		maps.Copy(merged, own)
	}
	for key, value := range s.values {
		if value != nil && value != "" {
			merged[key] = value
		}
	}
	s.values = merged
	return true
}

// standIns returns a context in which every setting about issuers, stages and the account
// is replaced, so that what does not depend on them works whatever cdk.json holds: the
// cloud assembly for this machine, and finding the stack to destroy by its name. Any page
// may call the API on this machine. The name of the stage is kept, and of network the CA
// bundle, if it is valid: an issuer that make run ISSUER=… names may have a private CA.
func standIns(context map[string]any) map[string]any {
	replaced := maps.Clone(context)
	for _, key := range []string{
		"issuers", "jwksUri", "provider", "algorithms", "stages",
		"account", "region", "protected", "permissionsBoundary", "network",
		"domainName", "certificateArn", "basePath", "hostedZoneId", "alarmTopicArn", "corsOrigins",
	} {
		delete(replaced, key)
	}
	replaced["issuer"], replaced["audience"] = "https://issuer.invalid/", "https://audience.invalid"
	if file := caBundleOf(context); file != "" {
		if _, problems := readCABundle(file, time.Now()); len(problems) > 0 {
			fmt.Fprintf(os.Stderr, "note: network.caBundle is left out on this machine: %v\n", errors.Join(problems...))
		} else {
			replaced["network"] = map[string]any{"caBundle": file}
		}
	}
	return replaced
}

// caBundleOf returns network.caBundle of the stage, or else of stages.default, or else of
// the top level. It reports no mistakes.
func caBundleOf(context map[string]any) string {
	stages, _ := context["stages"].(map[string]any)
	stage, _ := context["stage"].(string)
	own, _ := stages[stage].(map[string]any)
	shared, _ := stages[sharedStage].(map[string]any)
	for _, settings := range []map[string]any{own, shared, context} {
		if network, ok := settings["network"].(map[string]any); ok {
			file, _ := network["caBundle"].(string)
			return file
		}
	}
	return ""
}
