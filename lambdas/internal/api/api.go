// Package api is what the functions behind the routes of the API share: it finds the
// handler of a request, checks who may call it, reads the body, writes the answer with
// its headers, and logs one line. A function is its handlers and a main:
//
//	func main() {
//		api.Serve(api.Routes{"GET /orders/{orderId}": read})
//	}
//
//	func read(ctx context.Context, caller api.Caller, request api.Request) (any, error) {
//		return order{ID: request.Path("orderId")}, nil
//	}
//
// Who may call a route is not set here but in the table of routes of the stack, which
// passes it on in the variable ROUTES. A route that is missing there stays closed.
package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"accountapi/lambdas/internal/principal"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
)

// Serve is the main of a function: it answers requests until the process ends. If the
// variables do not go with the routes, it says why on stderr and exits with 1, so that
// the function fails to start.
func Serve(routes Routes) {
	function, err := New(routes, os.Getenv, os.Stdout, time.Now)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	lambda.Start(function.Handle)
}

// Function is a function behind routes of the API.
type Function struct {
	handlers Routes
	access   map[string]access
	origins  []string // that a browser may call from, or "*" for any
	log      log
	now      func() time.Time
}

// New returns a function with these handlers. It reads ROUTES, who may call which route,
// and CORS_ORIGINS, the origins from which a browser may read answers, separated by
// spaces ("*" is any, none is no browser). It writes its log lines to out. The error
// names every difference between the handlers and ROUTES.
func New(routes Routes, getenv func(string) string, out io.Writer, now func() time.Time) (*Function, error) {
	access, err := parseAccess(getenv("ROUTES"))
	if err == nil {
		err = compare(routes, access)
	}
	if err != nil {
		return nil, err
	}
	return &Function{
		handlers: routes,
		access:   access,
		origins:  strings.Fields(getenv("CORS_ORIGINS")),
		log:      newLog(out),
		now:      now,
	}, nil
}

// Handle answers one event of a Lambda proxy integration. Its error is always nil: with
// an error API Gateway would answer 502, without CORS headers.
func (f *Function) Handle(ctx context.Context, event events.APIGatewayProxyRequest) (
	events.APIGatewayProxyResponse, error,
) {
	start := f.now()
	route := f.handlers.of(event.HTTPMethod, event.Resource)
	caller, answer, err := f.answer(ctx, route, event)
	allowOrigin(f.origins, Request{event}.Header("Origin"), answer.Headers)
	f.log.request(ctx, event, route, caller, answer.StatusCode, f.now().Sub(start), err)
	return answer, nil
}

// answer decides, and has the handler answer. Its error is for the log, the rest is
// sent to the caller.
func (f *Function) answer(ctx context.Context, route string, event events.APIGatewayProxyRequest) (
	caller Caller, answer events.APIGatewayProxyResponse, err error,
) {
	defer func() {
		// Not the text of the panic, which may hold what the caller has sent.
		if bug := recover(); bug != nil {
			answer, err = encodeError(Error{Status: 500}), fmt.Errorf("panic: %T\n%s", bug, debug.Stack())
		}
	}()
	if caller, err = f.authorize(route, event); err == nil {
		var result any
		if result, err = f.handlers[route](ctx, caller, Request{event}); err == nil {
			answer, err = encode(result)
		}
	}
	var told Error
	switch {
	case err == nil:
		return caller, answer, nil
	case errors.As(err, &told):
		return caller, encodeError(told), nil
	default:
		return caller, encodeError(Error{Status: 500}), err
	}
}

// authorize returns the caller if it may call the route. An error that is not an [Error]
// is a mistake in the deployment: the route stays closed.
func (f *Function) authorize(route string, event events.APIGatewayProxyRequest) (Caller, error) {
	access, known := f.access[route]
	if !known {
		return Caller{}, fmt.Errorf("ROUTES has no route for %s %s", event.HTTPMethod, event.Resource)
	}
	if access.public {
		return Caller{}, nil
	}
	caller, err := principal.FromContext(event.RequestContext.Authorizer, f.now())
	if errors.Is(err, principal.ErrExpired) {
		return Caller{}, Error{
			Status: http.StatusUnauthorized, Info: err.Error(), challenge: `error="invalid_token"`,
		}
	}
	if err != nil {
		return Caller{}, err
	}
	for _, scope := range access.scopes {
		if !caller.HasScope(scope) {
			return caller, insufficientScope(scope, access.scopes)
		}
	}
	return caller, nil
}
