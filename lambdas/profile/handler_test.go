package main

import (
	"testing"

	"accountapi/lambdas/internal/api"
	"accountapi/lambdas/internal/api/apitest"
)

func TestProfileIsRead(t *testing.T) {
	status, body := apitest.Call(t, routes, api.Caller{Subject: "auth0|42"}, "GET /profile", "")
	if status != 200 || body != `{"name":"Daniël"}` {
		t.Errorf("got %d %s", status, body)
	}
}
