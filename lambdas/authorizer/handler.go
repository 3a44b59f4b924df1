package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"time"

	"accountapi/lambdas/internal/principal"

	"github.com/aws/aws-lambda-go/events"
)

type (
	request  = events.APIGatewayCustomAuthorizerRequest
	response = events.APIGatewayCustomAuthorizerResponse
)

// errUnauthorized is protocol, hence the capital: API Gateway answers 401 if the error
// is this text to the letter, and 500 for any other (AWS: "Use API Gateway Lambda
// authorizers"). It is therefore never wrapped; the reason is in the log.
var errUnauthorized = errors.New("Unauthorized")

type authorizer struct {
	verifier       *verifier
	keys           *keySet
	requiredScopes []string
	log            *decisionLog
}

// newAuthorizer wires an authorizer that is configured by the environment and writes
// its log lines to out. It does no network.
func newAuthorizer(getenv func(string) string, out io.Writer) (*authorizer, error) {
	config, err := loadConfig(getenv)
	if err != nil {
		return nil, err
	}
	log := newDecisionLog(out, getenv("AWS_LAMBDA_FUNCTION_NAME"), config.issuer)
	keys := newKeySet(config.jwksURI, config.algorithms, time.Now, log.keySet)
	return &authorizer{
		verifier:       newVerifier(config, keys, time.Now),
		keys:           keys,
		requiredScopes: config.requiredScopes,
		log:            log,
	}, nil
}

// handle is the whole story of a request; each step has the file of its name.
func (a *authorizer) handle(ctx context.Context, event request) (answer response, err error) {
	entry := a.log.begin(ctx, event)
	defer func() {
		// A bug fails closed, as "could not check", and without the panic's own text:
		// aws-lambda-go would send that along and end the process.
		if bug := recover(); bug != nil {
			answer, err = a.reject(entry, fmt.Errorf("%w: panic: %T\n%s", errInternal, bug, debug.Stack()))
		}
	}()
	stage, err := stageARN(event) // an event that is not ours is the deployment's fault, not the caller's
	if err != nil {
		return a.reject(entry, err)
	}
	token, err := bearer(event.AuthorizationToken) // RFC 6750: scheme, size, alphabet. No network.
	if err != nil {
		return a.reject(entry, err)
	}
	who, err := a.verifier.verify(ctx, token, &entry.seen) // header, issuer, key by kid, signature, claims
	if err != nil {
		return a.reject(entry, err)
	}
	return a.accept(entry, who, stage)
}

// accept answers for a genuine token: Allow, or Deny without a scope that the whole API
// demands. Whether the caller may do what it asks for is the handlers' decision.
func (a *authorizer) accept(entry *entry, who principal.Principal, stage string) (response, error) {
	for _, scope := range a.requiredScopes {
		if !who.HasScope(scope) {
			entry.write(a.keys, "deny", errScope, nil)
			return policy("Deny", who, stage), nil
		}
	}
	entry.write(a.keys, "allow", reasonOK, nil)
	return policy("Allow", who, stage), nil
}

// reject is the only place where an error becomes an outcome: a reason that lies in the
// token is a 401, anything else means that the token could not be checked.
func (a *authorizer) reject(entry *entry, err error) (response, error) {
	cause := errInternal
	errors.As(err, &cause)
	if cause == errInternal || cause == errJWKSUnavailable {
		entry.write(a.keys, "error", cause, err)
		return response{}, cause // only the reason: the text of a function's error is kept by AWS
	}
	entry.write(a.keys, "refuse", cause, nil)
	return response{}, errUnauthorized
}
