// Package discovery reads the document in which an OpenID issuer describes itself (OpenID
// Connect Discovery 1.0 section 3, RFC 8414 section 2), and says how two issuers' names
// differ.
//
// It is for the commands beside the API. The authorizer does no discovery: it is
// configured with the address of the JWK Set.
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

// Document has the members of an issuer's document that are used here.
type Document struct {
	// Address is where the document was found.
	Address string `json:"-"`
	// Issuer is the exact iss of the issuer's tokens.
	Issuer string `json:"issuer"`
	// JWKSURI is the address of its JWK Set; "" if it does not say.
	JWKSURI string `json:"jwks_uri"`
	// TokenEndpoint is where a client gets a token; "" if there is none.
	TokenEndpoint string `json:"token_endpoint"`
	// TokenAuthMethods are the ways in which a client may show its secret there (RFC 8414
	// section 2); empty stands for client_secret_basic alone.
	TokenAuthMethods []string `json:"token_endpoint_auth_methods_supported"`
}

// Fetch reads the document of an issuer from the place that OpenID Connect Discovery 1.0
// section 4 gives it, or else RFC 8414 section 3. A slash at the end of issuer makes no
// difference here: Check reports whether the document is of exactly this issuer.
//
// The error of a request that got no answer at all holds a [net/url.Error].
func Fetch(ctx context.Context, issuer string) (Document, error) {
	places, err := places(issuer)
	if err != nil {
		return Document{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var failures []error
	for _, address := range places {
		document, err := read(ctx, address)
		if err == nil {
			return document, nil
		}
		failures = append(failures, err)
		if _, unreachable := errors.AsType[*url.Error](err); unreachable {
			break // the other place is on the same host
		}
	}
	return Document{}, errors.Join(failures...)
}

// Check returns an error with the issuer's exact name if the document is not that of
// issuer, byte for byte (OpenID Connect Discovery 1.0 section 4.3).
func (d Document) Check(issuer string) error {
	if d.Issuer == issuer {
		return nil
	}
	return fmt.Errorf("the provider calls itself %q, not %q (%s): use exactly ISSUER=%s",
		d.Issuer, issuer, Difference(issuer, d.Issuer), d.Issuer)
}

// places are where the document of an issuer may be, the usual place first.
func places(issuer string) ([]string, error) {
	u, err := url.Parse(issuer)
	if err != nil || u.Host == "" || u.User != nil || strings.ContainsAny(issuer, "?#") {
		if err == nil {
			issuer = u.Redacted()
		}
		return nil, fmt.Errorf("%q is not the URL of an issuer: want one like https://TENANT.eu.auth0.com/", issuer)
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

// Secure reports whether nobody on the network can read or change requests to u: it is
// https, or a loopback address.
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
		return Document{}, fmt.Errorf("%s is no discovery document: %w", address, err)
	}
	if document.Issuer == "" {
		return Document{}, fmt.Errorf("%s is no discovery document: it names no issuer", address)
	}
	return document, nil
}
