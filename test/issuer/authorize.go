package issuer

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// codeLifetime is how long an authorization code can be used.
const codeLifetime = time.Minute

// code is what an authorization code has been given for.
type code struct {
	redirectURI, challenge string
	scopes                 []string
	expiry                 time.Time
}

var (
	// RFC 7636 section 4.2: the SHA-256 hash of the verifier in base64url.
	challengeForm = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)
	// Section 4.1.
	verifierForm = regexp.MustCompile(`^[A-Za-z0-9._~-]{43,128}$`)
)

// serveAuthorize is the authorization endpoint of RFC 6749 section 3.1, for the code flow
// with PKCE. It shows no login page, and redirects at once.
func (i *Issuer) serveAuthorize(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	query := r.URL.Query()
	for name, values := range query {
		if len(values) > 1 {
			refuse(w, invalidRequest("parameter %q occurs %d times", name, len(values)))
			return
		}
	}
	// Without a client and a redirect URI that are known to be right, the browser must not
	// be redirected (section 4.1.2.1).
	redirect, err := loopbackURL(query.Get("redirect_uri"))
	if err == nil && query.Get("client_id") != i.config.ClientID {
		err = fmt.Errorf("unknown client: %s", query.Get("client_id"))
	}
	if err != nil {
		refuse(w, invalidRequest("%v", err))
		return
	}
	answer := redirect.Query()
	answer.Set("iss", i.identifier) // RFC 9207
	if query.Has("state") {
		answer.Set("state", query.Get("state"))
	}
	if code, err := i.authorize(query); err == nil {
		answer.Set("code", code)
	} else {
		answer.Set("error", err.Code)
		answer.Set("error_description", err.Description)
	}
	redirect.RawQuery = answer.Encode()
	http.Redirect(w, r, redirect.String(), http.StatusFound)
}

// authorize returns a code for a request whose client and redirect URI are right.
func (i *Issuer) authorize(query url.Values) (string, *oauthError) {
	switch {
	case query.Get("response_type") != "code":
		return "", &oauthError{Code: "unsupported_response_type", Description: "response_type must be code"}
	case query.Get("code_challenge_method") != "S256" || !challengeForm.MatchString(query.Get("code_challenge")):
		return "", invalidRequest("PKCE is required: code_challenge, with code_challenge_method=S256")
	}
	// The scopes of OpenID Connect Core sections 5.4 and 11 are not those of an API.
	scope := slices.DeleteFunc(strings.Fields(query.Get("scope")), func(scope string) bool {
		return slices.Contains([]string{"openid", "profile", "email", "address", "phone", "offline_access"}, scope)
	})
	scopes, err := i.grantable(query.Get("audience"), strings.Join(scope, " "))
	if refusal, ok := errors.AsType[*oauthError](err); ok {
		return "", refusal
	}
	now, text := i.config.Now(), rand.Text()
	i.mu.Lock()
	defer i.mu.Unlock()
	maps.DeleteFunc(i.codes, func(_ string, c code) bool { return !now.Before(c.expiry) })
	i.codes[text] = code{query.Get("redirect_uri"), query.Get("code_challenge"), scopes, now.Add(codeLifetime)}
	return text, nil
}

// redeem returns the scopes of the code in a token request. A code can be used once
// (section 4.1.2), whether or not the rest of the request is right.
func (i *Issuer) redeem(parameters map[string]string) (scopes []string, err error) {
	i.mu.Lock()
	c, ok := i.codes[parameters["code"]]
	delete(i.codes, parameters["code"])
	i.mu.Unlock()
	invalid := func(description string) error {
		return &oauthError{http.StatusBadRequest, "invalid_grant", description}
	}
	verifier := parameters["code_verifier"]
	hash := sha256.Sum256([]byte(verifier))
	challenge := base64.RawURLEncoding.EncodeToString(hash[:])
	switch {
	case !ok || !i.config.Now().Before(c.expiry):
		return nil, invalid("The code is unknown, used or expired")
	case parameters["redirect_uri"] != c.redirectURI:
		return nil, invalid("redirect_uri is not that of the authorization request")
	case !verifierForm.MatchString(verifier) || subtle.ConstantTimeCompare([]byte(challenge), []byte(c.challenge)) != 1:
		return nil, invalid("Failed to verify code verifier")
	}
	return c.scopes, nil
}

// loopbackURL reads a redirect URI. Only a client on this machine gets a code, on any port
// (RFC 8252 section 7.3).
func loopbackURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" || !isLoopback(u.Host) || u.User != nil || u.Fragment != "" || u.Opaque != "" {
		return nil, fmt.Errorf("callback URL mismatch: redirect_uri must be an http URL of a loopback address, "+
			"such as http://127.0.0.1:3002/callback: %s", text)
	}
	return u, nil
}
