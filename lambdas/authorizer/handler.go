package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"sync"
	"time"

	"accountapi/lambdas/internal/jwks"
	"accountapi/lambdas/internal/jwt"
)

// errUnauthorized is part of the protocol, so it begins with a capital: API Gateway
// answers 401 if the error is exactly this string, and 500 for any other (AWS: "Use API
// Gateway Lambda authorizers"). It is therefore never wrapped; the reason is in the log.
var errUnauthorized = errors.New("Unauthorized")

type authorizer struct {
	verifier       *jwt.Verifier
	keySets        []*jwks.Set // each set once
	requiredScopes []string
	log            *decisionLog
}

// newAuthorizer returns an authorizer that is configured by the environment, writes its
// log lines to out, and takes the time from now. It does not use the network.
func newAuthorizer(getenv func(string) string, out io.Writer, now func() time.Time) (*authorizer, error) {
	c, err := loadConfig(getenv)
	if err != nil {
		return nil, err
	}
	a := &authorizer{
		requiredScopes: c.requiredScopes,
		log:            newDecisionLog(out, getenv("AWS_LAMBDA_FUNCTION_NAME"), c.namespace),
	}
	transport := jwks.NewTransport(c.caBundle)
	var issuers []jwt.Issuer
	for _, issuer := range c.issuers {
		a.log.issuers = append(a.log.issuers, issuer.Name)
		issuer.Keys = a.keySet(c.issuers, issuer.jwksURI, transport, now)
		issuers = append(issuers, issuer.Issuer)
	}
	a.verifier = jwt.NewVerifier(jwt.Config{
		Issuers: issuers, Context: c.contextClaims, ClockSkew: c.clockSkew, Now: now,
	})
	return a, nil
}

// keySet returns the key set at this URL. Issuers with the same URL have the same keys,
// and so the same set; the algorithms are checked for each token of each issuer.
func (a *authorizer) keySet(
	issuers []issuerConfig, url string, transport *jwks.Transport, now func() time.Time,
) *jwks.Set {
	for _, set := range a.keySets {
		if set.Address() == url {
			return set
		}
	}
	var allowed jwks.Algorithms
	for _, issuer := range issuers {
		if issuer.jwksURI == url {
			allowed = append(allowed, issuer.Algorithms...)
		}
	}
	set := jwks.New(url, allowed, transport, now, a.log.keySet)
	a.keySets = append(a.keySets, set)
	return set
}

// prefetch fetches the keys of all issuers side by side, during init, so that no
// invocation has to.
func (a *authorizer) prefetch() {
	var fetches sync.WaitGroup
	for _, set := range a.keySets {
		fetches.Go(set.Prefetch)
	}
	fetches.Wait()
}

// Invoke answers one event, as a [lambda.Handler]. Everything that it does is recovered
// from a panic and gets its line in the log.
func (a *authorizer) Invoke(ctx context.Context, payload []byte) (policy []byte, err error) {
	entry := a.log.begin(ctx)
	defer func() {
		// A panic is answered as "could not check", without the text of the panic:
		// aws-lambda-go would send that along and end the process.
		if bug := recover(); bug != nil {
			policy, err = a.answer(entry, nil, fmt.Errorf("%w: panic: %T\n%s", jwt.ErrInternal, bug, debug.Stack()))
		}
	}()
	policy, err = a.decide(ctx, payload, entry)
	return a.answer(entry, policy, err)
}

// decide returns the policy for a verified caller. Its error is or wraps a [jwt.Reason];
// with jwt.ErrScope there is a policy too.
func (a *authorizer) decide(ctx context.Context, payload []byte, entry *entry) (policy []byte, err error) {
	// An event of another kind is a mistake in the deployment, not the caller's.
	event, err := decodeEvent(payload)
	if err != nil {
		return nil, err
	}
	entry.methodArn = event.MethodArn
	stage, err := stageARN(event)
	if err != nil {
		return nil, err
	}
	token, err := bearer(event.AuthorizationToken) // RFC 6750: scheme, size, alphabet
	if err != nil {
		return nil, err
	}
	who, err := a.verifier.Verify(ctx, token, &entry.seen)
	if err != nil {
		return nil, err
	}
	// The functions decide what a caller may do on a route; these scopes are what the whole
	// API requires.
	for _, scope := range a.requiredScopes {
		if !who.HasScope(scope) {
			return encodePolicy("Deny", stage, who), jwt.ErrScope
		}
	}
	return encodePolicy("Allow", stage, who), nil
}

// answer turns a decision into an outcome and its log line, here and nowhere else: a
// reason that lies in the token is a 401, or a 403 if only a scope is missing; any other
// error means that the token could not be checked.
func (a *authorizer) answer(entry *entry, policy []byte, err error) ([]byte, error) {
	reason := jwt.OK
	if err != nil {
		reason = jwt.ErrInternal
		errors.As(err, &reason)
	}
	switch reason {
	case jwt.OK:
		entry.write("allow", reason, nil)
		return policy, nil
	case jwt.ErrScope:
		entry.write("deny", reason, nil)
		return policy, nil
	case jwt.ErrKidUnproven: // no failure: anybody can make up a key ID
		entry.write("error", reason, nil)
		return nil, reason
	case jwt.ErrInternal, jwt.ErrJWKSUnavailable:
		entry.write("error", reason, err)
		return nil, reason // only the reason: the text of a function's error is kept by AWS
	default:
		entry.write("refuse", reason, nil)
		return nil, errUnauthorized
	}
}
