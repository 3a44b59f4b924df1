// Command jwx uses jwx as its documentation recommends: a jwk.Cache as in its section
// "Auto-refreshing remote keys", and jwt.Parse with the cached set.
package main

import (
	"context"
	"log"
	"os"
	"time"

	"accountapi/test/bench/contestants/internal/token"

	"github.com/lestrrat-go/jwx/v2/jwk"
	"github.com/lestrrat-go/jwx/v2/jwt"
)

func main() {
	ctx := context.Background()
	url := os.Getenv("JWKS_URI")
	cache := jwk.NewCache(ctx)
	if err := cache.Register(url, jwk.WithMinRefreshInterval(15*time.Minute)); err != nil {
		log.Fatal(err)
	}
	if _, err := cache.Refresh(ctx, url); err != nil {
		log.Fatal(err)
	}
	keys := jwk.NewCachedSet(cache, url)
	token.Serve(func(ctx context.Context, text string) (token.Caller, error) {
		verified, err := jwt.Parse([]byte(text),
			jwt.WithKeySet(keys),
			jwt.WithIssuer(os.Getenv("TOKEN_ISSUER")),
			jwt.WithAudience(os.Getenv("AUDIENCE")),
			jwt.WithContext(ctx))
		if err != nil {
			return token.Caller{}, err
		}
		scope, _ := verified.Get("scope")
		granted, _ := scope.(string)
		return token.Caller{Subject: verified.Subject(), Scope: granted}, nil
	})
}
