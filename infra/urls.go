package main

import (
	"fmt"
	"net"
	"net/url"
	"strings"
)

// redacted returns the text without a password, if it is a URL with one.
func redacted(text string) string {
	if u, err := url.Parse(text); err == nil && u.User != nil {
		return u.Redacted()
	}
	return text
}

// isLoopback reports whether text is a URL on this machine.
func isLoopback(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Hostname() == "localhost" || net.ParseIP(u.Hostname()).IsLoopback())
}

// urlProblem returns why text is not an https URL, or "" if it is one. It does not repeat
// a password in the URL.
func urlProblem(text string, query bool) string {
	u, err := url.Parse(text)
	if err != nil || strings.ContainsAny(text, " \t\r\n") {
		return "is not a URL"
	}
	shown := u.Redacted()
	switch {
	case u.Scheme != "https":
		return fmt.Sprintf("%q does not start with https://", shown)
	case u.Hostname() == "":
		return fmt.Sprintf("%q has no host", shown)
	case u.User != nil:
		return fmt.Sprintf("%q contains a user name", shown)
	case strings.Contains(text, "#"):
		return fmt.Sprintf("%q has a fragment", shown)
	case !query && strings.Contains(text, "?"):
		return fmt.Sprintf("%q has a query", shown)
	}
	return ""
}

// originProblem compares the origin with the form in which a browser sends it (RFC 6454
// section 6.2): lower case, no default port, no path. It returns "" for the right form.
func originProblem(origin string) string {
	u, err := url.Parse(origin)
	if err != nil || u.Scheme == "" || u.Hostname() == "" || u.User != nil || strings.ContainsAny(origin, "*'$") {
		return fmt.Sprintf("%q is not an origin: use scheme://host[:port], for example https://app.example.com", origin)
	}
	want := u.Scheme + "://" + strings.ToLower(u.Host)
	if port := u.Port(); u.Scheme == "https" && port == "443" || u.Scheme == "http" && port == "80" {
		want = strings.TrimSuffix(want, net.JoinHostPort("", port))
	}
	if origin != want {
		return fmt.Sprintf("%q is not the form that a browser sends: use %s", origin, want)
	}
	return ""
}
