package main

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
)

// secureURL returns an error for a URL from which keys must not be fetched: only https is
// allowed, and http for a loopback address, because that traffic leaves no machine.
func secureURL(s string) error {
	if s == "" {
		return errors.New("is missing: set it to the URL of the keys, " +
			"such as https://TENANT.eu.auth0.com/.well-known/jwks.json")
	}
	u, err := url.Parse(s)
	switch {
	case strings.TrimSpace(s) != s:
		return fmt.Errorf("%q has a blank at its beginning or end", s)
	case err != nil:
		return fmt.Errorf("%q is not a URL", s)
	case u.Host == "" || u.User != nil || u.Fragment != "":
		return fmt.Errorf("%q is not a URL with a host and without user or fragment", u.Redacted())
	case u.Scheme == "https":
		return nil
	case u.Scheme == "http" && (u.Hostname() == "localhost" || net.ParseIP(u.Hostname()).IsLoopback()):
		return nil
	default:
		return fmt.Errorf("%q must begin with https:// (plain http is for a loopback address only)", s)
	}
}
