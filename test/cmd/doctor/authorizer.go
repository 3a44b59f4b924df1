package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
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

// ask starts the authorizer as Lambda would, with the settings in its environment, and
// has it decide about the token.
func ask(ctx context.Context, bootstrap string, s settings) (verdict, error) {
	env := map[string]string{}
	for _, setting := range s.given() {
		env[setting.environment] = setting.value
	}
	// The proxy and the certificates of this machine; on AWS the function needs none of
	// these.
	for _, name := range []string{
		"HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "https_proxy", "http_proxy", "no_proxy",
		"SSL_CERT_FILE", "SSL_CERT_DIR",
	} {
		if value := os.Getenv(name); value != "" {
			env[name] = value
		}
	}
	var output bytes.Buffer
	function, err := authorizer.Start(runtimeapi.Config{Bootstrap: bootstrap, Env: env, Output: &output})
	if err != nil {
		return verdict{}, err
	}
	answer, err := authorizer.Ask(ctx, function, "Bearer "+s.token)
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
