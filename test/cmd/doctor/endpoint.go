package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"accountapi/test/internal/discovery"
)

// endpoint is what the address of the JWK Set answers. It explains what the authorizer
// makes of it, and judges nothing.
type endpoint struct {
	redirect string // where it leads, if it does
	jwksURI  string // that a discovery document names, if it is one
	keys     []publishedKey
}

// publishedKey is a JWK (RFC 7517 section 4), as far as it takes to tell one from another.
type publishedKey struct {
	Kid string `json:"kid"`
	Kty string `json:"kty"`
	Crv string `json:"crv"`
	Alg string `json:"alg"`
}

// look reads the endpoint. What cannot be read is left empty: the authorizer has said why.
func look(ctx context.Context, address string) (e endpoint) {
	u, err := url.Parse(address)
	if err != nil || !discovery.Secure(u) {
		return e
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return e
	}
	client := http.Client{
		Timeout:       5 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	response, err := client.Do(request)
	if err != nil {
		return e
	}
	defer response.Body.Close()
	if location, err := response.Location(); err == nil {
		e.redirect = location.String()
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return e
	}
	var document struct {
		JWKSURI string            `json:"jwks_uri"`
		Keys    []json.RawMessage `json:"keys"`
	}
	if json.Unmarshal(body, &document) != nil {
		return e
	}
	e.jwksURI = document.JWKSURI
	for _, raw := range document.Keys {
		var key publishedKey
		if json.Unmarshal(raw, &key) == nil {
			e.keys = append(e.keys, key)
		}
	}
	return e
}

// describe says in brackets what kind of key has this kid, "" if that is not known.
func (e endpoint) describe(kid string) string {
	var kinds []string
	for _, key := range e.keys {
		if key.Kid == kid {
			kinds = append(kinds, strings.Join(strings.Fields(fmt.Sprintf("%.16q %.16q %.16q", key.Kty, key.Crv, key.Alg)), " "))
		}
	}
	if len(kinds) == 0 {
		return ""
	}
	return " (" + strings.NewReplacer(`"" `, "", ` ""`, "", `"`, "").Replace(strings.Join(kinds, ", ")) + ")"
}

// algorithms are those that the keys with these kids are for, each once.
func (e endpoint) algorithms(kids []string) (names []string) {
	usual := map[string]string{"RSA": "RS256", "P-256": "ES256", "P-384": "ES384", "P-521": "ES512", "Ed25519": "EdDSA"}
	for _, key := range e.keys {
		if !slices.Contains(kids, key.Kid) {
			continue
		}
		name := key.Alg
		if name == "" {
			name = usual[key.Kty+key.Crv]
		}
		if slices.Contains(allAlgorithms, name) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}
