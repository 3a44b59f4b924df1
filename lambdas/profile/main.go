// Command profile is the Lambda function behind GET /profile.
package main

import "accountapi/lambdas/internal/api"

func main() { api.Serve(routes) }

var routes = api.Routes{"GET /profile": read}
