package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
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

// discover reads the discovery document of the issuer.
func discover(ctx context.Context, issuer string) (discovery.Document, error) {
	document, err := discovery.Fetch(ctx, issuer)
	if err == nil {
		err = document.Check(issuer) // otherwise the secret could be sent to another issuer
	}
	if err != nil {
		return document, fmt.Errorf("read the discovery document: %w", err)
	}
	return document, checkEndpoint(document, "token_endpoint", document.TokenEndpoint)
}

// checkEndpoint checks an endpoint that is in the discovery document under this name.
func checkEndpoint(document discovery.Document, name, endpoint string) error {
	u, err := url.Parse(endpoint)
	switch {
	case endpoint == "":
		return fmt.Errorf("%s has no %s: this issuer gives no such tokens "+
			"(a Cognito user pool needs a domain for that)", document.Address, name)
	case err != nil || !discovery.Secure(u):
		return fmt.Errorf("the issuer's %s %q is not an https URL: secrets would be sent unencrypted", name, endpoint)
	}
	return nil
}

// getForClient gets the token of a client.
func getForClient(ctx context.Context, s settings) (string, error) {
	document, err := discover(ctx, s.issuer)
	if err != nil {
		return "", err
	}
	secret, err := clientSecret(ctx, s.clientID)
	if err != nil {
		return "", err
	}

	config := clientcredentials.Config{
		ClientID: s.clientID, ClientSecret: secret, TokenURL: document.TokenEndpoint, Scopes: s.scopes,
		AuthStyle: authStyle(document.TokenAuthMethods),
	}
	config.EndpointParams = url.Values{}
	for name, value := range s.api() {
		config.EndpointParams.Set(name, value)
	}
	token, err := config.Token(withoutRedirects(ctx))
	if err != nil {
		return "", explain(err, s, secret, document.TokenEndpoint)
	}
	describe(token, s)
	return token.AccessToken, nil
}

// api returns the parameters that name the API. OAuth has none of its own: audience is
// that of Auth0 and others, resource that of RFC 8707 section 2.
func (s settings) api() map[string]string {
	parameters := map[string]string{"audience": s.audience, "resource": s.resource}
	maps.DeleteFunc(parameters, func(_, value string) bool { return value == "" })
	return parameters
}

// withoutRedirects returns a context for token requests. Redirects are not followed,
// because the secret or the code would be sent to another address.
func withoutRedirects(ctx context.Context) context.Context {
	return context.WithValue(ctx, oauth2.HTTPClient, &http.Client{
		Timeout:       timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	})
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
func describe(token *oauth2.Token, s settings) {
	if !token.Expiry.IsZero() {
		fmt.Fprintf(os.Stderr, "valid for %s\n", time.Until(token.Expiry).Round(time.Second))
	}
	if scope, _ := token.Extra("scope").(string); scope != "" {
		fmt.Fprintf(os.Stderr, "scope %q\n", scope)
	}
	if strings.Count(token.AccessToken, ".") != 2 {
		why := "many issuers give one only for an API, so add AUDIENCE=…, or RESOURCE=… if the issuer follows RFC 8707"
		switch {
		case s.resource != "":
			why = "the issuer signs no tokens for this API: it may be a setting of the API or of the client"
		case s.audience != "":
			why = "if the issuer follows RFC 8707, use RESOURCE=" + s.audience + " in place of AUDIENCE"
		}
		fmt.Fprintln(os.Stderr, "note: this is not a signed JWT, and the API will refuse it: "+why)
	}
}

// explain returns an error with the answer of the issuer and what to do about it. It does
// not contain the secret, even if the issuer has sent it back.
func explain(err error, s settings, secret, endpoint string) error {
	hide := func(text string) string {
		if secret == "" {
			return text
		}
		return strings.ReplaceAll(text, secret, "…")
	}
	answer, refused := errors.AsType[*oauth2.RetrieveError](err)
	if !refused {
		return fmt.Errorf("request a token from %s: %s", endpoint, hide(err.Error()))
	}
	r := refusal{hide(answer.ErrorCode), hide(answer.ErrorDescription), answer.Response.StatusCode}
	what := r.String()
	if r.code == "" {
		what = answer.Response.Status + what
	}
	fix := advice(r, s)
	if s.user {
		fix = cmp.Or(userAdvice(r, s, secret != ""), fix)
	}
	return fmt.Errorf("%s answers %s: %s", endpoint, what, fix)
}

// refusal is an error response (RFC 6749 sections 4.1.2.1 and 5.2).
type refusal struct {
	code, description string
	status            int // 0 if the browser has brought it
}

func (r refusal) String() string {
	text := ""
	if r.code != "" {
		text = fmt.Sprintf("%q", r.code)
	}
	if r.description != "" {
		text += fmt.Sprintf(" (%q)", r.description)
	}
	return text
}

func (r refusal) says(text string) bool {
	return strings.Contains(strings.ToLower(r.description), text)
}

// noSuchAPI returns what to do about an API that the issuer does not know.
func noSuchAPI(s settings) string {
	name := "AUDIENCE"
	if s.resource != "" {
		name = "RESOURCE"
	}
	return "the issuer has no API with this identifier: " + name +
		" must be exactly the API's identifier (Auth0: Applications → APIs)"
}

// advice returns what to do about a refusal. The codes are those of RFC 6749 section 5.2
// and RFC 8707 section 2. Auth0 answers access_denied to most mistakes; its description
// distinguishes them.
func advice(r refusal, s settings) string {
	const (
		credentials = "the client is unknown, or its secret is wrong: " +
			"compare CLIENT_ID and the secret with the client's settings at the issuer"
		clientsOfAPI = "Auth0: Applications → APIs → the API → Machine To Machine Applications"
		scope        = "the client is not granted this scope: " +
			"grant it at the issuer (" + clientsOfAPI + "), or leave SCOPE out"
		grant = "the client may not get tokens for this API: authorize it at the issuer (" + clientsOfAPI + ")"
		kind  = "the client may not use the client credentials grant: " +
			"allow it at the issuer (Auth0: make it a Machine to Machine application)"
	)
	switch code, status := r.code, r.status; {
	case code == "invalid_client":
		return credentials
	case code == "access_denied" && r.says("service not found"), code == "invalid_target":
		return noSuchAPI(s)
	case code == "access_denied" && r.says("scope"), code == "invalid_scope":
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
