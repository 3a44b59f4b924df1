package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"accountapi/test/internal/discovery"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

const timeout = 30 * time.Second

// get asks the issuer for a token.
func get(ctx context.Context, s settings) (string, error) {
	document, err := discovery.Fetch(ctx, s.issuer)
	if err == nil {
		err = document.Check(s.issuer) // else the secret could go to somebody else
	}
	if err != nil {
		return "", fmt.Errorf("ask the issuer where it gives tokens: %w", err)
	}
	endpoint, err := url.Parse(document.TokenEndpoint)
	switch {
	case document.TokenEndpoint == "":
		return "", fmt.Errorf("%s names no token_endpoint: this issuer gives no tokens to clients (a Cognito user pool needs a domain for that)", document.Address)
	case err != nil || !discovery.Secure(endpoint):
		return "", fmt.Errorf("the issuer's token_endpoint %q is not an https URL: the secret would travel in the clear", document.TokenEndpoint)
	}
	secret, err := clientSecret(ctx, s.clientID)
	if err != nil {
		return "", err
	}

	config := clientcredentials.Config{
		ClientID: s.clientID, ClientSecret: secret, TokenURL: document.TokenEndpoint, Scopes: s.scopes,
		AuthStyle: authStyle(document.TokenAuthMethods),
	}
	if s.audience != "" {
		config.EndpointParams = url.Values{"audience": {s.audience}}
	}
	client := &http.Client{
		Timeout: timeout,
		// A redirect would take the secret along to another address.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	token, err := config.Token(context.WithValue(ctx, oauth2.HTTPClient, client))
	if err != nil {
		return "", explain(err, s, secret, document.TokenEndpoint)
	}
	describe(token)
	return token.AccessToken, nil
}

// authStyle chooses how to show the secret (RFC 6749 section 2.3.1). Where both ways are
// open, they are tried in turn: some issuers hold each client to the one it is set to.
func authStyle(methods []string) oauth2.AuthStyle {
	post := slices.Contains(methods, "client_secret_post")
	basic := slices.Contains(methods, "client_secret_basic")
	switch {
	case post && basic:
		return oauth2.AuthStyleAutoDetect
	case post:
		return oauth2.AuthStyleInParams
	default:
		return oauth2.AuthStyleInHeader // the default of RFC 8414 section 2
	}
}

// describe says on standard error what was got, as far as the issuer tells.
func describe(token *oauth2.Token) {
	if !token.Expiry.IsZero() {
		fmt.Fprintf(os.Stderr, "good for %s\n", time.Until(token.Expiry).Round(time.Second))
	}
	if scope, _ := token.Extra("scope").(string); scope != "" {
		fmt.Fprintf(os.Stderr, "scope %q\n", scope)
	}
	if strings.Count(token.AccessToken, ".") != 2 {
		fmt.Fprintln(os.Stderr, "note: this is no signed JWT, and the API will refuse it: Auth0 gives one only for an API of yours, so add AUDIENCE=…")
	}
}

// explain turns the error of a token request into what to do. The secret is not in it, even
// if the issuer sent it back.
func explain(err error, s settings, secret, endpoint string) error {
	refusal, refused := errors.AsType[*oauth2.RetrieveError](err)
	if !refused {
		return fmt.Errorf("ask %s for a token: %s", endpoint, strings.ReplaceAll(err.Error(), secret, "…"))
	}
	said := refusal.Response.Status
	if refusal.ErrorCode != "" {
		said = fmt.Sprintf("%q", strings.ReplaceAll(refusal.ErrorCode, secret, "…"))
	}
	if refusal.ErrorDescription != "" {
		said += fmt.Sprintf(" (%q)", strings.ReplaceAll(refusal.ErrorDescription, secret, "…"))
	}
	return fmt.Errorf("%s answers %s: %s", endpoint, said, advice(refusal, s))
}

// advice is what to do about a refusal. The codes are those of RFC 6749 section 5.2 and RFC
// 8707 section 2; Auth0 says access_denied to most things, and the rest in its description.
func advice(refusal *oauth2.RetrieveError, s settings) string {
	const (
		credentials = "the client is not known, or its secret is wrong: compare CLIENT_ID and the secret with the client's settings at the issuer"
		noSuchAPI   = "the issuer has no API of that name: AUDIENCE must be the API's identifier to the letter (Auth0: Applications → APIs)"
		scope       = "the client may not have this scope: grant it at the issuer (Auth0: Applications → APIs → the API → Machine To Machine Applications), or leave SCOPE out"
		grant       = "the client may not have tokens for this API: authorize it at the issuer (Auth0: Applications → APIs → the API → Machine To Machine Applications)"
		kind        = "the client may not ask for tokens of its own: allow it the client credentials grant (Auth0: make it a Machine to Machine application)"
	)
	says := func(text string) bool {
		return strings.Contains(strings.ToLower(refusal.ErrorDescription), text)
	}
	switch code, status := refusal.ErrorCode, refusal.Response.StatusCode; {
	case code == "invalid_client":
		return credentials
	case code == "access_denied" && says("service not found"), code == "invalid_target":
		return noSuchAPI
	case code == "access_denied" && says("scope"), code == "invalid_scope":
		return scope
	case code == "access_denied" && status == http.StatusUnauthorized:
		return credentials
	case code == "access_denied":
		return grant
	case code == "unauthorized_client", code == "unsupported_grant_type":
		return kind
	case code == "invalid_request" && s.audience == "" && len(s.scopes) == 0:
		return "perhaps it must know what the token is for: add AUDIENCE=… (Auth0) or SCOPE=api://…/.default (Entra)"
	case status == http.StatusTooManyRequests:
		return "too many requests: wait a little"
	case status >= 500:
		return "it has trouble of its own: try again later"
	case status >= 300 && status < 400:
		return "a redirect is not followed, it would take the secret elsewhere: the discovery document should name the right address"
	}
	return "ask whoever runs the issuer"
}
