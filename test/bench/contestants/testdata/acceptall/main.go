// Command acceptall is an authorizer that accepts every token. The tests of bench check
// that its wrong verdicts are noted.
package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"

	"accountapi/test/bench/contestants/internal/token"
)

func main() {
	token.Serve(func(_ context.Context, text string) (token.Caller, error) {
		parts := strings.Split(text, ".")
		if len(parts) != 3 {
			return token.Caller{}, errors.New("not a token")
		}
		payload, err := base64.RawURLEncoding.DecodeString(parts[1])
		if err != nil {
			return token.Caller{}, err
		}
		var claims struct{ Sub, Scope string }
		err = json.Unmarshal(payload, &claims)
		return token.Caller{Subject: claims.Sub, Scope: claims.Scope}, err
	})
}
