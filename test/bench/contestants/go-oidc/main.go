// Command go-oidc uses go-oidc as in the first example of its documentation: a provider
// from discovery, and its verifier with the API's identifier as the client ID.
package main

import (
	"context"
	"log"
	"os"

	"accountapi/test/bench/contestants/internal/token"

	"github.com/coreos/go-oidc/v3/oidc"
)

func main() {
	provider, err := oidc.NewProvider(context.Background(), os.Getenv("TOKEN_ISSUER"))
	if err != nil {
		log.Fatal(err)
	}
	verifier := provider.Verifier(&oidc.Config{ClientID: os.Getenv("AUDIENCE")})
	token.Serve(func(ctx context.Context, text string) (token.Caller, error) {
		verified, err := verifier.Verify(ctx, text)
		if err != nil {
			return token.Caller{}, err
		}
		var claims struct {
			Scope string `json:"scope"`
		}
		if err := verified.Claims(&claims); err != nil {
			return token.Caller{}, err
		}
		return token.Caller{Subject: verified.Subject, Scope: claims.Scope}, nil
	})
}
