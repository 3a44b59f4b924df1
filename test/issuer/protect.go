package issuer

import (
	"crypto/sha256"
	"encoding/base64"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// protect passes requests of the API console itself, and of tools that are not browsers,
// to next.
//
// A page of another origin can send requests here in three ways:
//
//   - to this address: browsers then send its origin in Sec-Fetch-Site or Origin, and
//     http.CrossOriginProtection refuses all methods except the safe ones, whose answers
//     the page cannot read;
//   - to a name of its own that resolves to 127.0.0.1 (DNS rebinding): the browser then
//     treats it as the same origin, but the Host header has that name and is refused;
//   - in a frame, with the clicks of the user: frame-ancestors forbids it.
func (i *Issuer) protect(next http.Handler) http.Handler {
	var crossOrigin http.CrossOriginProtection
	policy := strings.Join([]string{
		"default-src 'none'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'", "img-src data:",
		"style-src " + hashSource("style"), "script-src " + hashSource("script"), "require-trusted-types-for 'script'",
		"connect-src 'self'",
	}, "; ")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", policy+i.apiSource())
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		header.Set("Cache-Control", "no-store")
		if !isLoopback(r.Host) {
			refuse(w, accessDenied(http.StatusForbidden,
				"the API console is served only for a loopback name, such as http://127.0.0.1 or http://localhost"))
			return
		}
		if err := crossOrigin.Check(r); err != nil {
			refuse(w, accessDenied(http.StatusForbidden, "only the API console itself may send this request: "+err.Error()))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// hashSource returns the CSP source that allows the inline element with this name (CSP
// Level 3 section 2.3.1).
func hashSource(element string) string {
	_, rest, _ := strings.Cut(page, "<"+element+">")
	content, _, _ := strings.Cut(rest, "</"+element+">")
	hash := sha256.Sum256([]byte(content))
	return "'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) + "'"
}

// apiSource returns the API's origin as another source of connect-src, so that the page
// may call it.
func (i *Issuer) apiSource() string {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.api == nil {
		return ""
	}
	return " " + i.api.Scheme + "://" + i.api.Host
}

// isLoopback reports whether the value of a Host header is a loopback address or
// localhost, which no DNS server can point elsewhere.
func isLoopback(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = strings.Trim(hostport, "[]")
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.IsLoopback() || strings.EqualFold(host, "localhost")
}
