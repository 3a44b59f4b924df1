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

// allAlgorithms are those that the authorizer knows.
var allAlgorithms = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}

// examineKeys lets the authorizer fetch the keys and says which of them it would use.
// usable tells whether there is one.
func (d *doctor) examineKeys(ctx context.Context) (usable bool, err error) {
	if d.use.jwksURI == "" {
		d.note("keys", "not looked at, as long as it is not known where they are")
		return false, nil
	}
	withSettings, err := d.fetch(ctx, d.use.algorithms)
	if err != nil {
		return false, err
	}
	if len(withSettings.complaints) > 0 {
		d.explainComplaints(withSettings.complaints)
		return false, nil
	}
	withAll, err := d.fetch(ctx, allAlgorithms)
	if err != nil {
		return false, err
	}
	endpoint := look(ctx, d.use.jwksURI)
	if withAll.fetch.Error != "" {
		d.wrong("keys", d.fixForEndpoint(endpoint), "the authorizer gets no keys from %s: %s", shown(d.use.jwksURI), withAll.fetch.Error)
	}
	for _, kid := range withAll.fetch.Kept {
		if slices.Contains(withSettings.fetch.Kept, kid) {
			d.ok("key", "%q%s is used", kid, endpoint.describe(kid))
		} else {
			d.note("key", "%q%s is not used: it goes with none of the allowed algorithms (%s)", kid, endpoint.describe(kid), d.allowed())
		}
	}
	for _, dropped := range withAll.fetch.Dropped {
		if strings.HasPrefix(dropped.Why, "PRIVATE") {
			d.wrong("key", "have the issuer replace this key at once: whoever has seen it can make tokens", "%q is not used: %s", dropped.Kid, dropped.Why)
		} else {
			d.note("key", "%q%s is not used: %s", dropped.Kid, endpoint.describe(dropped.Kid), dropped.Why)
		}
	}
	if len(withAll.fetch.Kept) == 0 {
		return false, nil
	}
	return true, d.examineAlgorithms(ctx, withSettings, endpoint.algorithms(withAll.fetch.Kept))
}

// fetch has the authorizer fetch the keys that go with these algorithms.
func (d *doctor) fetch(ctx context.Context, algorithms []string) (verdict, error) {
	s := d.use
	s.algorithms, s.token = algorithms, ""
	return ask(ctx, d.bootstrap, s)
}

// allowed are the algorithms in force, in words.
func (d *doctor) allowed() string {
	if len(d.use.algorithms) == 0 {
		return "RS256, the default"
	}
	return strings.Join(d.use.algorithms, " ")
}

// examineAlgorithms compares the allowed algorithms with those of the published keys, and
// with the token's.
func (d *doctor) examineAlgorithms(ctx context.Context, withSettings verdict, published []string) error {
	add := "add ALGORITHMS="
	if len(d.given.algorithms) > 0 {
		add = "use ALGORITHMS="
	}
	if len(withSettings.fetch.Kept) == 0 {
		before := d.allowed()
		d.use.algorithms = published
		d.wrong("algorithms", add+quote(strings.Join(published, " ")), "none of the keys goes with %s", before)
		return nil
	}
	signed := d.token.headerText("alg")
	effective := d.use.algorithms
	if len(effective) == 0 {
		effective = []string{"RS256"}
	}
	if slices.Contains(allAlgorithms, signed) && !slices.Contains(effective, signed) {
		withToken, err := d.fetch(ctx, []string{signed})
		if err != nil {
			return err
		}
		if slices.Contains(withToken.fetch.Kept, d.token.headerText("kid")) {
			before := d.allowed()
			d.use.algorithms = append(slices.Clone(effective), signed)
			d.wrong("algorithms", add+quote(strings.Join(d.use.algorithms, " ")), "the token is signed with %s, allowed is %s", signed, before)
			return nil
		}
	}
	d.ok("algorithms", "%s", d.allowed())
	return nil
}

// explainComplaints names what the authorizer does not start with.
func (d *doctor) explainComplaints(lines []string) {
	for _, line := range lines {
		name, _, _ := strings.Cut(line, " ")
		switch {
		case strings.HasPrefix(line, "authorizer:"):
			// the heading of what follows
		case name == "JWKS_URI" && d.document.JWKSURI != "":
			d.wrong("settings", "use JWKS_URI="+quote(d.document.JWKSURI), "%s", line)
		default:
			d.wrong("settings", "correct "+name, "%s", line)
		}
	}
}

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

// fixForEndpoint says how the authorizer gets at the keys.
func (d *doctor) fixForEndpoint(e endpoint) string {
	switch published := d.document.JWKSURI; {
	case published != "" && published != d.use.jwksURI:
		return "use JWKS_URI=" + quote(published)
	case e.jwksURI != "":
		return "that is a discovery document, the keys are where it says: use JWKS_URI=" + quote(e.jwksURI)
	case e.redirect != "":
		return "no redirect is followed, it could lead anywhere: use JWKS_URI=" + quote(e.redirect)
	}
	return `the address must answer 200 with a JWK Set ({"keys": […]}), without a login, within 1.5 seconds`
}
