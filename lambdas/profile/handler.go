package main

import (
	"context"

	"accountapi/lambdas/internal/api"
)

type profile struct {
	Name string `json:"name"`
}

func read(context.Context, api.Caller, api.Request) (any, error) {
	return profile{Name: "Daniël"}, nil
}
