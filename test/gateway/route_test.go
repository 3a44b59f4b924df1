package gateway

import "testing"

func TestMethodOverrideHeaderChoosesTheMethod(t *testing.T) {
	f := emptyFixture()
	f.public("PATCH", "/profile")
	s := f.start(t)
	s.send("POST /prod/profile", "X-HTTP-Method-Override: PATCH").isOK()
	equal(t, s.handler.last(t)["httpMethod"], "PATCH")
}

func TestConcreteMethodWinsOverANY(t *testing.T) {
	f := emptyFixture()
	f.public("ANY", "/a")["OperationName"] = "any"
	f.public("GET", "/a")["OperationName"] = "get"
	s := f.start(t)
	s.send("GET /prod/a").isOK()
	equal(t, at(t, s.handler.last(t), "requestContext", "operationName"), "get")
	s.send("DELETE /prod/a").isOK()
	equal(t, at(t, s.handler.last(t), "requestContext", "operationName"), "any")
	s.send("TRACE /prod/a").isMissingAuthenticationToken()
}

func TestPathsWithVariables(t *testing.T) {
	f := emptyFixture()
	f.public("GET", "/users/{user}/orders/{order}")
	f.public("GET", "/users/{user}/files/{path+}")
	f.public("GET", "/users/me")
	s := f.start(t)
	for target, want := range map[string][]any{
		"/prod/users/ada/orders/7":   {"/users/{user}/orders/{order}", map[string]any{"user": "ada", "order": "7"}},
		"/prod/users/me/orders/7":    {"/users/{user}/orders/{order}", map[string]any{"user": "me", "order": "7"}},
		"/prod/users/a%2Fb/files/x/": {"/users/{user}/files/{path+}", map[string]any{"user": "a%2Fb", "path": "x"}},
		"/prod/users/me":             {"/users/me", nil},
	} {
		s.send("GET " + target).isOK()
		event := s.handler.last(t)
		equal(t, []any{event["resource"], event["pathParameters"]}, want)
	}
	s.send("GET /prod/users/ada").isMissingAuthenticationToken()
	s.send("GET /prod/users/ada/files").isMissingAuthenticationToken()
	s.send("GET /prod/users//orders/7").isMissingAuthenticationToken()
}
