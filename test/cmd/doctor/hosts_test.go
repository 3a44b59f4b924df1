package main

import (
	"fmt"
	"net/http"
	"testing"

	"accountapi/test/issuer"
)

// newIssuer returns an issuer with this URL, to be one of the hosts of internet.Serve.
func newIssuer(t *testing.T, url string, algorithms ...string) *issuer.Issuer {
	t.Helper()
	i, err := issuer.New(issuer.Config{URL: url, Audience: audience, Algorithms: algorithms})
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// publish serves the discovery document of the issuer name below path, and keys at /keys.
func publish(path, name string, keys []byte) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc(path+"/.well-known/openid-configuration", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"issuer":%q,"jwks_uri":"https://%s/keys"}`, name, r.Host)
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { w.Write(keys) })
	return mux
}
