package api

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/go-json-experiment/json"
)

// Response is an answer with a status or headers of its own.
type Response struct {
	Status int               // 0 is 200, or 204 without a body
	Header map[string]string // on top of those of every answer
	Body   any               // sent as JSON; nil is no body
}

// Error is an answer that tells the caller what is wrong:
// {"message":"Not Found","info":"…"}.
type Error struct {
	Status    int
	Info      string // a sentence for the caller; "" is none
	challenge string // of WWW-Authenticate, after the scheme
}

func (e Error) Error() string {
	return fmt.Sprintf("%d %s: %s", e.Status, http.StatusText(e.Status), e.Info)
}

// BadRequest is an Error with status 400.
func BadRequest(info string) Error { return Error{Status: http.StatusBadRequest, Info: info} }

// NotFound is an Error with status 404.
func NotFound(info string) Error { return Error{Status: http.StatusNotFound, Info: info} }

// insufficientScope has the challenge of RFC 6750 section 3.1.
func insufficientScope(missing string, all []string) Error {
	return Error{
		Status:    http.StatusForbidden,
		Info:      fmt.Sprintf("scope %q is required", missing),
		challenge: fmt.Sprintf(`error="insufficient_scope", scope="%s"`, strings.Join(all, " ")),
	}
}

// encode writes what a handler returns for API Gateway.
func encode(result any) (events.APIGatewayProxyResponse, error) {
	response, ok := result.(Response)
	if !ok {
		response.Body = result
	}
	answer := events.APIGatewayProxyResponse{
		StatusCode: response.Status,
		Headers:    map[string]string{"Cache-Control": "no-store"}, // the answer is one caller's own
	}
	if response.Body != nil {
		body, err := json.Marshal(response.Body, json.Deterministic(true))
		if err != nil {
			return answer, fmt.Errorf("the result cannot be written as JSON: %w", err)
		}
		answer.Headers["Content-Type"] = "application/json"
		answer.Body = string(body)
	}
	if answer.StatusCode == 0 {
		answer.StatusCode = http.StatusOK
		if response.Body == nil {
			answer.StatusCode = http.StatusNoContent
		}
	}
	maps.Copy(answer.Headers, response.Header)
	return answer, nil
}

// encodeError writes an error in the shape of API Gateway's own, so that a client needs
// to know only one. A REST API renames WWW-Authenticate to x-amzn-Remapped-WWW-
// Authenticate on its way out (AWS: "Amazon API Gateway important notes"); clients of
// such APIs know to look for both.
func encodeError(e Error) events.APIGatewayProxyResponse {
	response := Response{Status: e.Status, Body: struct {
		Message string `json:"message"`
		Info    string `json:"info,omitempty"`
	}{http.StatusText(e.Status), e.Info}}
	if e.challenge != "" {
		response.Header = map[string]string{"WWW-Authenticate": "Bearer " + e.challenge}
	}
	answer, err := encode(response)
	if err != nil {
		panic(err) // strings always marshal
	}
	return answer
}

// allowOrigin adds the headers with which a browser lets a page read the answer: with a
// proxy integration the function has to add them (AWS: "Enabling CORS support for proxy
// integrations").
func allowOrigin(origins []string, origin string, headers map[string]string) {
	if slices.Contains(origins, "*") {
		headers["Access-Control-Allow-Origin"] = "*"
		return
	}
	// With a list the answer depends on who asks, and caches must know it.
	headers["Vary"] = "Origin"
	if slices.Contains(origins, origin) {
		headers["Access-Control-Allow-Origin"] = origin
	}
}
