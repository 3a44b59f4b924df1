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
		err = document.Check(s.issuer) // otherwise the secret could be sent to another issuer
	}
	if err != nil {
		return "", fmt.Errorf("read the discovery document: %w", err)
	}
	endpoint, err := url.Parse(document.TokenEndpoint)
	switch {
	case document.TokenEndpoint == "":
		return "", fmt.Errorf("%s has no token_endpoint: this issuer gives no tokens to clients "+
			"(a Cognito user pool needs a domain for that)", document.Address)
	case err != nil || !discovery.Secure(endpoint):
		return "", fmt.Errorf("the issuer's token_endpoint %q is not an https URL: the secret would be sent unencrypted",
			document.TokenEndpoint)
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
		// Redirects are not followed, because the secret would be sent to another
		// address.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	token, err := config.Token(context.WithValue(ctx, oauth2.HTTPClient, client))
	if err != nil {
		return "", explain(err, s, secret, document.TokenEndpoint)
	}
	describe(token)
	return token.AccessToken, nil
}

// authStyle returns how to send the secret (RFC 6749 section 2.3.1). If the issuer
// supports both ways, both are tried, because some issuers allow only one for each
// client.
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

// describe prints to standard error what the issuer says about the token.
func describe(token *oauth2.Token) {
	if !token.Expiry.IsZero() {
		fmt.Fprintf(os.Stderr, "valid for %s\n", time.Until(token.Expiry).Round(time.Second))
	}
	if scope, _ := token.Extra("scope").(string); scope != "" {
		fmt.Fprintf(os.Stderr, "scope %q\n", scope)
	}
	if strings.Count(token.AccessToken, ".") != 2 {
		fmt.Fprintln(os.Stderr, "note: this is not a signed JWT, and the API will refuse it: "+
			"Auth0 gives one only for one of your APIs, so add AUDIENCE=…")
	}
}

// explain returns an error with the answer of the issuer and what to do about it. It does
// not contain the secret, even if the issuer has sent it back.
func explain(err error, s settings, secret, endpoint string) error {
	refusal, refused := errors.AsType[*oauth2.RetrieveError](err)
	if !refused {
		return fmt.Errorf("request a token from %s: %s", endpoint, strings.ReplaceAll(err.Error(), secret, "…"))
	}
	answer := refusal.Response.Status
	if refusal.ErrorCode != "" {
		answer = fmt.Sprintf("%q", strings.ReplaceAll(refusal.ErrorCode, secret, "…"))
	}
	if refusal.ErrorDescription != "" {
		answer += fmt.Sprintf(" (%q)", strings.ReplaceAll(refusal.ErrorDescription, secret, "…"))
	}
	return fmt.Errorf("%s answers %s: %s", endpoint, answer, advice(refusal, s))
}

// advice returns what to do about a refusal. The codes are those of RFC 6749 section 5.2
// and RFC 8707 section 2. Auth0 answers access_denied to most mistakes; its description
// distinguishes them.
func advice(refusal *oauth2.RetrieveError, s settings) string {
	const (
		credentials = "the client is unknown, or its secret is wrong: " +
			"compare CLIENT_ID and the secret with the client's settings at the issuer"
		noSuchAPI = "the issuer has no API with this identifier: " +
			"AUDIENCE must be exactly the API's identifier (Auth0: Applications → APIs)"
		clientsOfAPI = "Auth0: Applications → APIs → the API → Machine To Machine Applications"
		scope        = "the client is not granted this scope: " +
			"grant it at the issuer (" + clientsOfAPI + "), or leave SCOPE out"
		grant = "the client may not get tokens for this API: authorize it at the issuer (" + clientsOfAPI + ")"
		kind  = "the client may not use the client credentials grant: " +
			"allow it at the issuer (Auth0: make it a Machine to Machine application)"
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
		return "the issuer may need to know the API: add AUDIENCE=… (Auth0) or SCOPE=api://…/.default (Entra)"
	case status == http.StatusTooManyRequests:
		return "too many requests: try again later"
	case status >= 500:
		return "the issuer has an internal error: try again later"
	case status >= 300 && status < 400:
		return "redirects are not followed, because the secret would be sent to another address: " +
			"the discovery document should have the right token_endpoint"
	}
	return "ask the operator of the issuer"
}
