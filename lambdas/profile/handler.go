package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"accountapi/lambdas/internal/principal"

	"github.com/aws/aws-lambda-go/events"
)

// requiredScope is what a caller must have been granted to read a profile.
const requiredScope = "get:profile"

type (
	request  = events.APIGatewayProxyRequest
	response = events.APIGatewayProxyResponse
)

type handler struct {
	origins []string // that a browser may call from, or "*" for any
	now     func() time.Time
}

// newHandler reads CORS_ORIGINS: the origins, separated by spaces, from which a
// browser may read the answer; "*" is any; empty is none.
func newHandler(getenv func(string) string, now func() time.Time) handler {
	return handler{origins: strings.Fields(getenv("CORS_ORIGINS")), now: now}
}

func (h handler) handle(_ context.Context, req request) (response, error) {
	who, err := principal.FromContext(req.RequestContext.Authorizer, h.now())
	if errors.Is(err, principal.ErrExpired) {
		return h.fail(req, http.StatusUnauthorized, `error="invalid_token"`, err.Error()), nil
	}
	if err != nil {
		// An error, not a response: API Gateway answers 502 and the failure shows in
		// the function's error count. Nothing about it is the caller's to know.
		slog.Error("cannot tell who is calling", "error", err)
		return response{}, err
	}
	if !who.HasScope(requiredScope) {
		challenge := fmt.Sprintf(`error="insufficient_scope", scope=%q`, requiredScope)
		return h.fail(req, http.StatusForbidden, challenge, fmt.Sprintf("scope %q is required", requiredScope)), nil
	}
	return h.respond(req, http.StatusOK, profile{Name: "Daniël"}, nil), nil
}

// profile is the body of a successful answer.
type profile struct {
	Name string `json:"name"`
}

// failure has the shape of API Gateway's own errors, so that a client reads one.
type failure struct {
	Message string `json:"message"`
	Info    string `json:"info"`
}

// fail answers with status, an RFC 6750 section 3 challenge and an explanation. A REST
// API renames the challenge to x-amzn-Remapped-WWW-Authenticate on its way out (AWS:
// "Amazon API Gateway important notes"); clients of such APIs know to look for both.
func (h handler) fail(req request, status int, challenge, info string) response {
	return h.respond(req, status, failure{http.StatusText(status), info},
		map[string]string{"WWW-Authenticate": "Bearer " + challenge})
}

func (h handler) respond(req request, status int, body any, headers map[string]string) response {
	text, _ := json.Marshal(body) // a struct of strings always marshals
	all := map[string]string{
		"Content-Type":  "application/json",
		"Cache-Control": "no-store", // the answer is one caller's own
	}
	for name, value := range headers {
		all[name] = value
	}
	h.allowOrigin(req, all)
	return response{StatusCode: status, Headers: all, Body: string(text)}
}

// allowOrigin adds what lets a browser hand the answer to the page that asked: with a
// proxy integration CORS is the function's own business (AWS: "Enabling CORS support
// for proxy integrations").
func (h handler) allowOrigin(req request, headers map[string]string) {
	if slices.Contains(h.origins, "*") {
		headers["Access-Control-Allow-Origin"] = "*"
		return
	}
	// With a list the answer depends on who asks, and caches must know it.
	headers["Vary"] = "Origin"
	for name, value := range req.Headers {
		if strings.EqualFold(name, "Origin") && slices.Contains(h.origins, value) {
			headers["Access-Control-Allow-Origin"] = value
		}
	}
}
