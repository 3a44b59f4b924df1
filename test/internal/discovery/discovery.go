// Package discovery reads the discovery document of an OpenID issuer (OpenID Connect
// Discovery 1.0 section 3, RFC 8414 section 2), and describes how the names of two
// issuers differ.
//
// It is for the commands in test/cmd. The authorizer does no discovery: it is configured
// with the URL of the JWK Set.
package discovery

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	timeout     = 10 * time.Second
	maxDocument = 1 << 20 // bytes
)

// Document has the members of a discovery document that are used here.
type Document struct {
	// Address is the URL of the document.
	Address string `json:"-"`
	// Issuer is the exact iss of the issuer's tokens.
	Issuer string `json:"issuer"`
	// AccessTokenIssuer is the iss of its access tokens if it differs, as at AD FS; ""
	// otherwise.
	AccessTokenIssuer string `json:"access_token_issuer"`
	// JWKSURI is the URL of its JWK Set; "" if the document has none.
	JWKSURI string `json:"jwks_uri"`
	// AuthorizationEndpoint is where users log in; "" if there is none.
	AuthorizationEndpoint string `json:"authorization_endpoint"`
	// TokenEndpoint is where clients request tokens; "" if there is none.
	TokenEndpoint string `json:"token_endpoint"`
	// TokenAuthMethods are the ways in which clients may authenticate there (RFC 8414
	// section 2); empty means client_secret_basic only.
	TokenAuthMethods []string `json:"token_endpoint_auth_methods_supported"`
}

// Fetch reads the document of an issuer from its URL in OpenID Connect Discovery 1.0
// section 4 or, if it is not there, in RFC 8414 section 3. It ignores a slash at the end
// of issuer: Check reports whether the document is of exactly this issuer.
//
// The error of a request without an answer wraps a [net/url.Error].
func Fetch(ctx context.Context, issuer string) (Document, error) {
	addresses, err := addresses(issuer)
	if err != nil {
		return Document{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var failures []error
	for _, address := range addresses {
		document, err := read(ctx, address)
		if err == nil {
			return document, nil
		}
		failures = append(failures, err)
		if _, unreachable := errors.AsType[*url.Error](err); unreachable {
			break // the other URL has the same host
		}
	}
	return Document{}, errors.Join(failures...)
}

// Check returns an error with the issuer's exact name if the document is not of this
// issuer, byte for byte (OpenID Connect Discovery 1.0 section 4.3).
func (d Document) Check(issuer string) error {
	if d.Issuer == issuer {
		return nil
	}
	return fmt.Errorf("the issuer in the discovery document is %q, not %q (%s): use exactly ISSUER=%s",
		d.Issuer, issuer, Difference(issuer, d.Issuer), d.Issuer)
}

// Beside reads the document that is published beside a JWK Set: below the same host and a
// beginning of its path, and naming exactly this set. It is for issuers whose name is not
// the URL of their document, such as AD FS and FusionAuth.
func Beside(ctx context.Context, jwksURI string) (Document, error) {
	u, err := url.Parse(jwksURI)
	if err != nil || u.Host == "" || !Secure(u) {
		return Document{}, fmt.Errorf("%q is not the URL of a JWK Set", jwksURI)
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	parts := strings.Split(strings.Trim(u.EscapedPath(), "/"), "/")
	for n := len(parts) - 1; n >= max(0, len(parts)-4); n-- {
		path := strings.Join(append([]string{""}, parts[:n]...), "/")
		if strings.Contains(path, "/.well-known") {
			continue
		}
		document, err := read(ctx, u.Scheme+"://"+u.Host+path+"/.well-known/openid-configuration")
		if err == nil && document.JWKSURI == jwksURI {
			return document, nil
		}
		if _, unreachable := errors.AsType[*url.Error](err); unreachable {
			return Document{}, err
		}
	}
	return Document{}, fmt.Errorf("there is no discovery document beside %s", jwksURI)
}

// addresses returns the URLs where the document of an issuer may be, the usual one first.
func addresses(issuer string) ([]string, error) {
	u, err := url.Parse(issuer)
	if err != nil || u.Host == "" || u.User != nil || strings.ContainsAny(issuer, "?#") {
		if err == nil {
			issuer = u.Redacted()
		}
		return nil, fmt.Errorf("%q is not the URL of an issuer: use one like https://TENANT.eu.auth0.com/", issuer)
	}
	if !Secure(u) {
		return nil, fmt.Errorf("%q must begin with https:// (plain http is for a loopback address only)", issuer)
	}
	path := strings.TrimSuffix(u.EscapedPath(), "/")
	origin := u.Scheme + "://" + u.Host
	return []string{
		origin + path + "/.well-known/openid-configuration",
		origin + "/.well-known/oauth-authorization-server" + path,
	}, nil
}

// Secure reports whether u is https or a loopback address, so that nobody on the network
// can read or change requests to it.
func Secure(u *url.URL) bool {
	return u.Scheme == "https" || u.Scheme == "http" && Loopback(u)
}

// Loopback reports whether u is on this machine.
func Loopback(u *url.URL) bool {
	return strings.EqualFold(u.Hostname(), "localhost") || net.ParseIP(u.Hostname()).IsLoopback()
}

func read(ctx context.Context, address string) (Document, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return Document{}, err
	}
	request.Header.Set("Accept", "application/json")
	client := http.Client{CheckRedirect: func(request *http.Request, before []*http.Request) error {
		if !Secure(request.URL) || len(before) > 5 {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	response, err := client.Do(request)
	if err != nil {
		return Document{}, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return Document{}, fmt.Errorf("%s answers %s", address, response.Status)
	}
	document := Document{Address: address}
	if err := json.NewDecoder(io.LimitReader(response.Body, maxDocument)).Decode(&document); err != nil {
		return Document{}, fmt.Errorf("%s is not a discovery document: %w", address, err)
	}
	if document.Issuer == "" {
		return Document{}, fmt.Errorf("%s is not a discovery document: it has no issuer", address)
	}
	return document, nil
}
