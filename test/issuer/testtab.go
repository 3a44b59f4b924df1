package issuer

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
)

// The Test tab is a static page at the issuer's root and, below /test/, the JSON
// endpoints that it uses to control the issuer. They do what the methods of Issuer do,
// for the user of this machine, so other pages in that user's browser must not be able to
// call them: see protect.

// page has its style and script inline, so it needs no network. The
// Content-Security-Policy allows exactly these two.
//
//go:embed index.html
var page string

const (
	maxControlRequest = 64 << 10             // bytes of body
	maxLifetime       = 10 * 365 * 24 * 3600 // seconds, ten years
)

// SetAPIURL sets the URL of the API that the Test tab calls, for example
// "http://127.0.0.1:3000/prod": an absolute http or https URL without query or fragment.
// Without it the page offers no call.
func (i *Issuer) SetAPIURL(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil ||
		strings.ContainsAny(address, "?#; ,'") {
		return fmt.Errorf("api url %q: want an absolute http or https URL, such as http://127.0.0.1:3000/prod", address)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.api = u
	return nil
}

// testTab returns the handler of the page and its endpoints.
func (i *Issuer) testTab() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, page)
	})
	mux.HandleFunc("GET /test/state", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, i.state())
	})
	mux.HandleFunc("POST /test/token", i.serveTestToken)
	mux.HandleFunc("POST /test/rotate", func(w http.ResponseWriter, _ *http.Request) {
		i.Rotate()
		answer(w, http.StatusOK, i.state())
	})
	mux.HandleFunc("POST /test/retire-old-keys", func(w http.ResponseWriter, _ *http.Request) {
		i.RetireOldKeys()
		answer(w, http.StatusOK, i.state())
	})
	mux.HandleFunc("POST /test/fault", i.serveTestFault)
	return i.protect(mux)
}

// protect passes requests of the Test tab itself, and of tools that are not browsers, to
// next.
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
				"the Test tab is served only for a loopback name, such as http://127.0.0.1 or http://localhost"))
			return
		}
		if err := crossOrigin.Check(r); err != nil {
			refuse(w, accessDenied(http.StatusForbidden, "only the Test tab itself may send this request: "+err.Error()))
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

// testState is what the page shows, and the defaults of its form.
type testState struct {
	Issuer       string        `json:"issuer"`
	TokenURL     string        `json:"token_url"`
	API          string        `json:"api_url"` // empty when there is none
	Audience     string        `json:"audience"`
	Scopes       []string      `json:"scopes"`
	Subject      string        `json:"subject"`
	ClientID     string        `json:"client_id"`
	ClientSecret string        `json:"client_secret"`
	Lifetime     int           `json:"lifetime"` // seconds
	Algorithms   []string      `json:"algorithms"`
	Keys         []testKey     `json:"keys"` // newest first
	Fault        EndpointFault `json:"fault"`
	JWKSFetches  int           `json:"jwks_fetches"`
}

type testKey struct {
	ID        string `json:"kid"`
	Algorithm string `json:"alg"`
	Signing   bool   `json:"signing"`
}

func (i *Issuer) state() testState {
	i.mu.Lock()
	defer i.mu.Unlock()
	state := testState{
		Issuer:       i.config.URL,
		TokenURL:     i.at(tokenPath),
		Audience:     i.config.Audience,
		Scopes:       i.config.Scopes,
		Subject:      i.subject(),
		ClientID:     i.config.ClientID,
		ClientSecret: i.config.ClientSecret,
		Lifetime:     int(i.config.Lifetime.Seconds()),
		Algorithms:   i.config.Algorithms,
		Fault:        i.fault,
		JWKSFetches:  i.fetches,
	}
	if i.api != nil {
		state.API = strings.TrimRight(i.api.String(), "/")
	}
	for _, k := range slices.Backward(i.published) {
		state.Keys = append(state.Keys, testKey{k.id, k.algorithm, slices.Contains(i.signing, k)})
	}
	return state
}

// serveTestToken creates the token that the form describes.
func (i *Issuer) serveTestToken(w http.ResponseWriter, r *http.Request) {
	var form struct {
		Scopes    []string   `json:"scopes"`
		Subject   string     `json:"subject"`
		Audience  string     `json:"audience"`
		Lifetime  int        `json:"lifetime"` // seconds
		Algorithm string     `json:"algorithm"`
		Fault     TokenFault `json:"fault"` // empty for none
	}
	if !readForm(w, r, &form) {
		return
	}
	if form.Lifetime < 1 || form.Lifetime > maxLifetime {
		refuse(w, invalidRequest("lifetime: want 1 to %d seconds", maxLifetime))
		return
	}
	for _, scope := range form.Scopes {
		if !isScope(scope) {
			refuse(w, invalidRequest("scope %s: want printable ASCII without space, quote or backslash", scope))
			return
		}
	}
	options := []Option{
		Scopes(form.Scopes...),
		Subject(form.Subject),
		Audience(form.Audience),
		Lifetime(time.Duration(form.Lifetime) * time.Second),
		Algorithm(form.Algorithm),
	}
	if form.Fault != "" {
		if !slices.Contains(TokenFaults(), form.Fault) {
			refuse(w, invalidRequest("fault: want one of %q", TokenFaults()))
			return
		}
		options = append(options, form.Fault)
	}
	token, err := i.mint(options...)
	if err != nil {
		refuse(w, invalidRequest("%v", err))
		return
	}
	answer(w, http.StatusOK, map[string]string{"token": token})
}

func (i *Issuer) serveTestFault(w http.ResponseWriter, r *http.Request) {
	var form struct {
		Fault EndpointFault `json:"fault"` // empty for none
	}
	if !readForm(w, r, &form) {
		return
	}
	if form.Fault != Healthy && !slices.Contains(EndpointFaults(), form.Fault) {
		refuse(w, invalidRequest("fault: want one of %q, or empty for none", EndpointFaults()))
		return
	}
	i.SetFault(form.Fault)
	answer(w, http.StatusOK, i.state())
}

// readForm decodes the JSON body into form. If it cannot, it refuses the request and
// returns false.
func readForm(w http.ResponseWriter, r *http.Request, form any) bool {
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxControlRequest))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(form); err != nil {
		refuse(w, invalidRequest("body: %v", err))
		return false
	}
	return true
}
