// Command keyfunc uses golang-jwt with keyfunc, which its documentation recommends, both
// with defaults, and the parser options for issuer, audience, algorithm and exp.
package main

import (
	"context"
	"log"
	"os"

	"accountapi/test/bench/contestants/internal/token"

	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"
)

type claims struct {
	jwt.RegisteredClaims
	Scope string `json:"scope"`
}

func main() {
	keys, err := keyfunc.NewDefaultCtx(context.Background(), []string{os.Getenv("JWKS_URI")})
	if err != nil {
		log.Fatal(err)
	}
	parser := jwt.NewParser(
		jwt.WithValidMethods([]string{"RS256"}),
		jwt.WithIssuer(os.Getenv("TOKEN_ISSUER")),
		jwt.WithAudience(os.Getenv("AUDIENCE")),
		jwt.WithExpirationRequired())
	token.Serve(func(ctx context.Context, text string) (token.Caller, error) {
		var verified claims
		if _, err := parser.ParseWithClaims(text, &verified, keys.KeyfuncCtx(ctx)); err != nil {
			return token.Caller{}, err
		}
		return token.Caller{Subject: verified.Subject, Scope: verified.Scope}, nil
	})
}
