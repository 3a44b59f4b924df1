package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"accountapi/test/runtimeapi"
)

// verdict is what the compiled authorizer tells about its settings and one token.
type verdict struct {
	complaints []string // about its settings: it does not start with them

	// The last fetch of the key set.
	fetch struct {
		Kept    []string `json:"kept"`
		Dropped []struct {
			Kid string `json:"kid"`
			Why string `json:"why"`
		} `json:"dropped"`
		Error string `json:"error"`
	}

	// The decision about the token.
	decision struct {
		Reason string `json:"reason"`
		// Set as soon as the authorizer has got that far.
		Issuer  string `json:"issuer"`
		Subject string `json:"subject"`
		Error   string `json:"error"`
	}
	scope string // that it hands on to the functions behind it
}

// ask starts the authorizer as Lambda would, with the settings in its environment, and has it
// decide about the token.
func ask(ctx context.Context, bootstrap string, s settings) (verdict, error) {
	env := map[string]string{}
	for _, setting := range s.given() {
		env[setting.environment] = setting.value
	}
	// The way into the network is this machine's, not the function's on AWS.
	for _, name := range []string{"HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "https_proxy", "http_proxy", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR"} {
		if value := os.Getenv(name); value != "" {
			env[name] = value
		}
	}
	var log bytes.Buffer
	function, err := runtimeapi.Start(runtimeapi.Config{
		Name: "authorizer", Bootstrap: bootstrap, Env: env, Timeout: 5 * time.Second, Output: &log,
	})
	if err != nil {
		return verdict{}, err
	}
	event, err := json.Marshal(map[string]string{
		"type": "TOKEN", "authorizationToken": "Bearer " + s.token,
		"methodArn": "arn:aws:execute-api:us-east-1:123456789012:doctor/prod/GET/profile",
	})
	if err != nil {
		return verdict{}, err
	}
	result, err := function.Invoke(ctx, event)
	function.Close() // nothing is written to the log from here on
	if err != nil {
		return verdict{}, err
	}
	return read(log.String(), result)
}

// read makes a verdict out of the authorizer's log and answer.
func read(log string, result runtimeapi.Result) (v verdict, err error) {
	for line := range strings.Lines(log) {
		var kind struct {
			Message string `json:"msg"`
		}
		if json.Unmarshal([]byte(line), &kind) != nil {
			// It is started twice if it ends at once, and says the same again.
			if line = strings.TrimSpace(line); !slices.Contains(v.complaints, line) {
				v.complaints = append(v.complaints, line)
			}
			continue
		}
		switch kind.Message {
		case "key set":
			v.fetch.Error, v.fetch.Kept, v.fetch.Dropped = "", nil, nil
			err = json.Unmarshal([]byte(line), &v.fetch)
		case "decision":
			err = json.Unmarshal([]byte(line), &v.decision)
		}
		if err != nil {
			return verdict{}, fmt.Errorf("read the authorizer's log: %w", err)
		}
	}
	if v.decision.Reason == "" && len(v.complaints) == 0 {
		return verdict{}, fmt.Errorf("the authorizer said nothing but %s", result.Payload)
	}
	slices.Sort(v.fetch.Kept)
	if v.decision.Reason == "ok" {
		var answer struct {
			Context struct {
				Scope string `json:"scope"`
			} `json:"context"`
		}
		if err := json.Unmarshal(result.Payload, &answer); err != nil {
			return verdict{}, fmt.Errorf("read the authorizer's answer: %w", err)
		}
		v.scope = answer.Context.Scope
	}
	return v, nil
}
