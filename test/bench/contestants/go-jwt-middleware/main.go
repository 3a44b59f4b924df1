// Command go-jwt-middleware uses Auth0's library for Go as its README recommends for
// production, with a caching provider and a validator, but without the HTTP middleware.
package main

import (
	"context"
	"log"
	"net/url"
	"os"

	"accountapi/test/bench/contestants/internal/token"

	"github.com/auth0/go-jwt-middleware/v3/jwks"
	"github.com/auth0/go-jwt-middleware/v3/validator"
)

type scopes struct {
	Scope string `json:"scope"`
}

func (scopes) Validate(context.Context) error { return nil }

func main() {
	issuer, err := url.Parse(os.Getenv("TOKEN_ISSUER"))
	if err != nil {
		log.Fatal(err)
	}
	provider, err := jwks.NewCachingProvider(jwks.WithIssuerURL(issuer))
	if err != nil {
		log.Fatal(err)
	}
	tokens, err := validator.New(
		validator.WithKeyFunc(provider.KeyFunc),
		validator.WithAlgorithm(validator.RS256),
		validator.WithIssuer(issuer.String()),
		validator.WithAudience(os.Getenv("AUDIENCE")),
		validator.WithCustomClaims(func() *scopes { return &scopes{} }))
	if err != nil {
		log.Fatal(err)
	}
	token.Serve(func(ctx context.Context, text string) (token.Caller, error) {
		verified, err := tokens.ValidateToken(ctx, text)
		if err != nil {
			return token.Caller{}, err
		}
		claims := verified.(*validator.ValidatedClaims)
		return token.Caller{Subject: claims.RegisteredClaims.Subject, Scope: claims.CustomClaims.(*scopes).Scope}, nil
	})
}
