// Command floor does the least that an authorizer for RS256 must do, as the examples of
// aws-lambda-go do it: it has the key (PUBLIC_KEY, PKIX in base64) and verifies the
// signature with rsa.VerifyPKCS1v15. It is a reference, not an authorizer, and checks no
// claims.
package main

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"log"
	"os"
	"strings"

	"accountapi/test/bench/contestants/internal/token"
)

func main() {
	der, err := base64.StdEncoding.DecodeString(os.Getenv("PUBLIC_KEY"))
	if err != nil {
		log.Fatal(err)
	}
	public, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		log.Fatal(err)
	}
	key := public.(*rsa.PublicKey)
	token.Serve(func(_ context.Context, jwt string) (token.Caller, error) {
		dot := strings.LastIndexByte(jwt, '.')
		if dot < 0 {
			return token.Caller{}, errors.New("not a token")
		}
		signature, err := base64.RawURLEncoding.DecodeString(jwt[dot+1:])
		if err != nil {
			return token.Caller{}, err
		}
		digest := sha256.Sum256([]byte(jwt[:dot]))
		return token.Caller{Subject: "anybody"}, rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], signature)
	})
}
