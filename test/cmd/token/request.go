package main

import (
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
	if err != nil {
		return document, fmt.Errorf("read the discovery document: %w\n"+
			"compare ISSUER with the issuer in the provider's settings, or try again from a network that reaches it", err)
	}
	if err := document.Check(issuer); err != nil { // otherwise the secret could be sent to another issuer
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
	case u.Host == "" || strings.Contains(endpoint, "#"): // RFC 6749 sections 3.1 and 3.2
		return fmt.Errorf("the issuer's %s %q is not a URL with a host and without a fragment: ask its operator",
			name, endpoint)
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
	return printed(token, s)
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

// printed prints to standard error what the issuer says about the token, and returns what
// is printed to standard output.
func printed(token *oauth2.Token, s settings) (string, error) {
	// RFC 6749 appendix A.12: a terminal would obey other characters.
	if strings.ContainsFunc(token.AccessToken, func(r rune) bool { return r < ' ' || r > '~' }) {
		return "", errors.New("the access_token of the issuer has characters that no token has: ask its operator")
	}
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
	return token.AccessToken, nil
}
