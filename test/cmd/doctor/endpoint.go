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

// endpoint is the answer of the URL of the JWK Set. It explains what the authorizer does
// with the keys, and decides nothing.
type endpoint struct {
	status   int // of the answer, 0 if there was none
	took     time.Duration
	redirect string // the Location of a redirect
	isSet    bool   // the answer is an object with an array keys
	jwksURI  string // the jwks_uri of a discovery document
	keys     []publishedKey
}

// publishedKey has the members of a JWK (RFC 7517 section 4) that describe it.
type publishedKey struct {
	Kid string `json:"kid"`
	Kty string `json:"kty"`
	Crv string `json:"crv"`
	Alg string `json:"alg"`
}

// readEndpoint reads the endpoint. What cannot be read is left empty: the authorizer's
// own error is reported.
func readEndpoint(ctx context.Context, address string) (e endpoint) {
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
	began := time.Now()
	response, err := client.Do(request)
	if err != nil {
		return e
	}
	defer response.Body.Close()
	e.status = response.StatusCode
	if location, err := response.Location(); err == nil {
		e.redirect = location.String()
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	e.took = time.Since(began)
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
	e.jwksURI, e.isSet = document.JWKSURI, document.Keys != nil
	for _, raw := range document.Keys {
		var key publishedKey
		if json.Unmarshal(raw, &key) == nil {
			e.keys = append(e.keys, key)
		}
	}
	return e
}

// describe returns the type of the keys with this kid in brackets, "" if it is not known.
func (e endpoint) describe(kid string) string {
	var kinds []string
	for _, key := range e.keys {
		if key.Kid == kid {
			kind := fmt.Sprintf("%.16q %.16q %.16q", key.Kty, key.Crv, key.Alg)
			kinds = append(kinds, strings.Join(strings.Fields(kind), " "))
		}
	}
	if len(kinds) == 0 {
		return ""
	}
	return " (" + strings.NewReplacer(`"" `, "", ` ""`, "", `"`, "").Replace(strings.Join(kinds, ", ")) + ")"
}

// algorithms returns the algorithms of the keys with these kids, each once.
func (e endpoint) algorithms(kids []string) (names []string) {
	usual := map[string]string{
		"RSA": "RS256", "EC P-256": "ES256", "EC P-384": "ES384", "EC P-521": "ES512", "OKP Ed25519": "EdDSA",
	}
	for _, key := range e.keys {
		if !slices.Contains(kids, key.Kid) {
			continue
		}
		name := key.Alg
		if name == "" {
			name = usual[strings.TrimSpace(key.Kty+" "+key.Crv)]
		}
		if slices.Contains(allAlgorithms, name) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// fixForEndpoint says what to change so that the authorizer gets the keys.
func (d *doctor) fixForEndpoint(e endpoint) string {
	switch published := d.document.JWKSURI; {
	case published != "" && published != d.use.JWKSURI:
		return d.set("jwksUri", published)
	case e.jwksURI != "":
		return "that is a discovery document, which names the URL of the keys: " + d.set("jwksUri", e.jwksURI)
	case e.status == http.StatusOK && e.took > 3*time.Second:
		return fmt.Sprintf("the URL must answer within 3 seconds: it took %.1f", e.took.Seconds())
	case e.status == http.StatusOK && e.isSet && len(e.keys) == 0:
		return "have the issuer publish its public signing key: its JWK Set is empty"
	case e.status == http.StatusOK && e.isSet:
		return "have the issuer correct its JWK Set (see the line above)"
	case e.status == http.StatusOK && published != "":
		return `have the issuer answer there with a JWK Set ({"keys": […]}), as its discovery document says`
	case e.status == http.StatusOK:
		return `this is not the URL of a JWK Set ({"keys": […]}): compare ` + d.named("jwksUri") +
			" with jwks_uri in the discovery document"
	case d.unreachable:
		return d.fixForNetwork()
	case e.redirect != "":
		return "redirects are not followed, because they could lead anywhere: " + d.set("jwksUri", e.redirect)
	}
	return fmt.Sprintf("the URL must answer 200 with a JWK Set (%s), "+
		"to everybody on the Internet, without a login and within 3 seconds", `{"keys": […]}`)
}
