package main

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"accountapi/test/internal/internet"
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

func TestAnIssuerWithAPrivateAuthorityNeedsTheCABundle(t *testing.T) {
	i, err := issuer.New(issuer.Config{URL: "https://id.internal/", Audience: audience})
	if err != nil {
		t.Fatal(err)
	}
	env := internet.Serve(t, map[string]http.Handler{"id.internal": i})
	ca := strings.TrimPrefix(env[len(env)-1], "SSL_CERT_FILE=")
	env = env[:len(env)-1]
	flags := " -issuer " + i.URL() + " -audience " + audience + " -jwks-uri " + i.JWKSURL()
	variables := map[string]string{"TOKEN_ISSUER": i.URL()}
	const private = "if the issuer has a private certification authority, set network.caBundle in cdk.json"
	without := call{args: deploy(t, variables, "{}") + flags, token: i.Token(), env: env}
	without.expect(t, 1, "certificate signed by unknown authority", private)

	variables["CA_BUNDLE"] = "ca.pem"
	assembly := deploy(t, variables, "{}")
	bundle, err := os.ReadFile(ca)
	if err != nil {
		t.Fatal(err)
	}
	packed := filepath.Join(strings.Fields(assembly)[1], "asset.0123")
	err = errors.Join(os.Mkdir(packed, 0o755), os.WriteFile(filepath.Join(packed, "ca.pem"), bundle, 0o644))
	if err != nil {
		t.Fatal(err)
	}
	call{args: assembly + flags, token: i.Token(), env: env}.expect(t, 0, "ok issuer", "ok key ", "ok signature")
}
