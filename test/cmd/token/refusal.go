package main

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/oauth2"
)

// explain returns an error with the answer of the issuer and what to do about it. It does
// not contain the secret, even if the issuer has sent it back.
func explain(err error, s settings, secret, endpoint string) error {
	hide := func(text string) string {
		if secret == "" {
			return text
		}
		for _, form := range []string{secret, url.QueryEscape(secret), url.PathEscape(secret)} {
			text = strings.ReplaceAll(text, form, "…")
		}
		return text
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
	status            int // 0 if the browser has sent it
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

// userAdvice returns what to do about a refusal of a user's token, "" if that is the same
// as for a client.
func userAdvice(r refusal, s settings, hasSecret bool) string {
	const kind = "the client may not use the authorization code grant: " +
		"allow it at the issuer (Auth0: make it a Native application)"
	switch {
	case r.says("redirect_uri"), r.says("redirect uri"), r.says("callback"):
		return "the issuer does not know this callback URL: " + register(s.callback.String())
	case r.says("9002327"): // Entra
		return "register the callback URL for a desktop application, not for a single-page application"
	case r.code == "invalid_client" && !hasSecret, r.status == 401 && r.code == "access_denied" && !hasSecret:
		return "the client has a secret: call this as CLIENT_SECRET=… make token USER=1 …, " +
			"or make it a public client at the issuer (Auth0: a Native application)"
	case r.code == "access_denied" && r.says("service not found"), r.code == "invalid_target":
		return noSuchAPI(s)
	case r.code == "access_denied" && r.says("scope"), r.code == "invalid_scope":
		return "the issuer does not know this scope, or the client may not ask for it: " +
			"compare SCOPE with the scopes of the API at the issuer, or leave SCOPE out"
	case r.code == "access_denied" && r.status == 0:
		return "the user or the issuer has refused: log in as a user who may use this client, and give consent"
	case r.code == "unauthorized_client", r.code == "unsupported_response_type", r.code == "unsupported_grant_type":
		return kind
	case r.code == "invalid_grant":
		return "the code is used, or too old: call make token again, and log in within a minute"
	case r.code == "server_error", r.code == "temporarily_unavailable":
		return "the issuer has an internal error: try again later"
	}
	return ""
}

// register says where a callback URL is registered.
func register(callback string) string {
	return fmt.Sprintf("register exactly %s for the client at the issuer "+
		"(Auth0: Applications → the application → Allowed Callback URLs), or set CALLBACK_URL to one that is", callback)
}
