package main

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"

	"accountapi/test/internal/authorizer"
	"accountapi/test/runtimeapi"
)

// verdict is what the compiled authorizer reports about its settings and one token.
type verdict struct {
	problems []string            // with its settings: it does not start with them
	fetch    authorizer.KeySet   // the last one
	decision authorizer.Decision // about the token
	scope    string              // in the context for the functions
}

// ask starts the authorizer as Lambda would, with these settings in its environment, and
// has it decide about the token.
func (e *examination) ask(ctx context.Context, issuers []trusted, token string) (verdict, error) {
	// The proxy and the certificates of this machine; on AWS the function needs none of
	// these.
	env := authorizer.NetworkEnvironment()
	maps.Copy(env, e.whole)
	maps.Copy(env, environment(issuers))
	env["CA_BUNDLE"] = e.caBundle
	var output bytes.Buffer
	function, err := authorizer.Start(runtimeapi.Config{Bootstrap: e.bootstrap, Env: env, Output: &output})
	if err != nil {
		return verdict{}, err
	}
	answer, err := authorizer.Ask(ctx, function, "Bearer "+token)
	function.Close() // nothing is written to output after this
	if err != nil {
		return verdict{}, err
	}
	log, err := authorizer.ReadLog(output.String())
	if err != nil {
		return verdict{}, err
	}
	return newVerdict(log, answer)
}

// environment returns the variables for these issuers: those of one issuer if they can
// say all of it, else ISSUERS.
func environment(issuers []trusted) map[string]string {
	env := map[string]string{}
	if one := issuers[0]; len(issuers) > 1 || len(one.ScopeClaims)+len(one.RequiredClaims)+len(one.RefusedClaims) > 0 {
		env["ISSUERS"] = toJSON(issuers)
		return env
	}
	for _, v := range issuers[0].values() {
		env[v.environment] = v.value
	}
	return env
}

// newVerdict combines the authorizer's log and its answer.
func newVerdict(log authorizer.Log, answer authorizer.Answer) (v verdict, err error) {
	for _, line := range log.Other {
		// A process that ends during init is started a second time and logs the same
		// again.
		if !slices.Contains(v.problems, line) {
			v.problems = append(v.problems, line)
		}
	}
	if n := len(log.KeySets); n > 0 {
		v.fetch = log.KeySets[n-1]
		slices.Sort(v.fetch.Kept)
	}
	if n := len(log.Decisions); n > 0 {
		v.decision = log.Decisions[n-1]
	}
	if v.decision.Reason == "" && len(v.problems) == 0 {
		return verdict{}, fmt.Errorf("the authorizer logged no decision, and answered %q", answer.Error)
	}
	v.scope, _ = answer.Context["scope"].(string)
	return v, nil
}
