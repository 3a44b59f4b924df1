package issuer

import (
	"embed"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// The API console is a static page at the issuer's root and, below /console/, the JSON
// endpoints that it uses: to create tokens, to control the issuer, and to show why the
// API has answered as it did. They do what the methods of Issuer do, for the user of this
// machine, so other pages in that user's browser must not be able to call them: see
// protect.

//go:embed console
var consoleFiles embed.FS

// page has its style and script inline, so it needs no network. The
// Content-Security-Policy allows exactly these two.
var page = strings.NewReplacer(
	"<style></style>", "<style>\n"+consoleFile("page.css")+"</style>",
	"<script></script>", "<script>\n"+consoleFile("expectation.js")+consoleFile("request.js")+
		consoleFile("answer.js")+consoleFile("page.js")+"</script>",
).Replace(consoleFile("page.html"))

func consoleFile(name string) string { return string(must(consoleFiles.ReadFile("console/" + name))) }

const (
	maxControlRequest = 64 << 10             // bytes of body
	maxLifetime       = 10 * 365 * 24 * 3600 // seconds, ten years
)

// A Route of the API that the console calls.
type Route struct {
	Method string   `json:"method"` // or ANY
	Path   string   `json:"path"`   // of the resource, such as /orders/{orderId}
	Public bool     `json:"public"`
	Scopes []string `json:"scopes"` // all of them are needed; none is any verified caller
}

// Explanation is what the API has logged about the last request: why it has answered as
// it did. On AWS a caller cannot see this.
type Explanation struct {
	Request int    `json:"request"` // counts the requests, so that a new one can be recognised
	Method  string `json:"method"`
	Path    string `json:"path"` // with the stage, without the query
	Status  int    `json:"status"`

	Asked  bool `json:"asked"`  // the authorizer was invoked
	Cached bool `json:"cached"` // the authorizer's answer came from the gateway's cache

	// From the authorizer's log line; empty until it has been written.
	Decision string `json:"decision"`
	Reason   string `json:"reason"`
	Hint     string `json:"hint"`
	Error    string `json:"error"`

	Gateway string `json:"gateway"` // why the gateway itself has answered; "" if an integration has
}

// SetAPIURL sets the URL of the API that the console calls, for example
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

// newConsole returns the handler of the page and its endpoints.
func (i *Issuer) newConsole() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, page)
	})
	mux.HandleFunc("GET /console/state", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, i.state())
	})
	mux.HandleFunc("GET /console/explanation", func(w http.ResponseWriter, _ *http.Request) {
		if i.config.Explain == nil {
			refuse(w, &oauthError{http.StatusNotFound, "invalid_request", "this issuer has no access to the log of the API"})
			return
		}
		answer(w, http.StatusOK, i.config.Explain())
	})
	mux.HandleFunc("POST /console/token", i.serveConsoleToken)
	mux.HandleFunc("POST /console/rotate", func(w http.ResponseWriter, _ *http.Request) {
		i.Rotate()
		answer(w, http.StatusOK, i.state())
	})
	mux.HandleFunc("POST /console/retire-old-keys", func(w http.ResponseWriter, _ *http.Request) {
		i.RetireOldKeys()
		answer(w, http.StatusOK, i.state())
	})
	mux.HandleFunc("POST /console/fault", i.serveConsoleFault)
	return i.protect(mux)
}

// consoleState is what the page shows, and the defaults of its form.
type consoleState struct {
	Issuer       string        `json:"issuer"`
	TokenURL     string        `json:"token_url"`
	API          string        `json:"api_url"`  // empty when there is none
	Routes       []Route       `json:"routes"`   // empty when they are not known
	Explains     bool          `json:"explains"` // whether /console/explanation answers
	Audience     string        `json:"audience"`
	Scopes       []string      `json:"scopes"`
	Kinds        []consoleKind `json:"kinds"` // of tokens, the default first
	ClientID     string        `json:"client_id"`
	ClientSecret string        `json:"client_secret"`
	Lifetime     int           `json:"lifetime"` // seconds
	Algorithms   []string      `json:"algorithms"`
	Keys         []consoleKey  `json:"keys"` // newest first
	Fault        EndpointFault `json:"fault"`
	JWKSFetches  int           `json:"jwks_fetches"`
}

type consoleKind struct {
	Kind    Kind   `json:"kind"`
	Subject string `json:"subject"` // "" for none
	Refused string `json:"refused"` // why an API must refuse it; "" for an access token
}

type consoleKey struct {
	ID        string `json:"kid"`
	Algorithm string `json:"alg"`
	Signing   bool   `json:"signing"`
}

func (i *Issuer) state() consoleState {
	routes := []Route{}
	if i.config.Routes != nil {
		for _, r := range i.config.Routes() {
			r.Scopes = append([]string{}, r.Scopes...) // [] and not null in JSON
			routes = append(routes, r)
		}
	}
	kinds := i.consoleKinds()
	i.mu.Lock()
	defer i.mu.Unlock()
	state := consoleState{
		Issuer:       i.identifier,
		TokenURL:     i.at(tokenPath),
		Routes:       routes,
		Explains:     i.config.Explain != nil,
		Audience:     i.config.Audience,
		Scopes:       i.scopes,
		Kinds:        kinds,
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
		state.Keys = append(state.Keys, consoleKey{k.id, k.algorithm, slices.Contains(i.signing, k)})
	}
	return state
}

func (i *Issuer) consoleKinds() (kinds []consoleKind) {
	for _, s := range i.shapes() {
		subject, _ := s.claims["sub"].(string)
		kinds = append(kinds, consoleKind{s.kind, subject, s.refused})
	}
	return kinds
}

// serveConsoleToken creates the token that the form describes.
func (i *Issuer) serveConsoleToken(w http.ResponseWriter, r *http.Request) {
	var form struct {
		Kind      Kind       `json:"kind"` // empty for the default
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
		refuseField(w, "lifetime", "want 1 to %d seconds", maxLifetime)
		return
	}
	for _, scope := range form.Scopes {
		if !isScope(scope) {
			refuseField(w, "scopes", "scope %s: want printable ASCII without space, quote or backslash", scope)
			return
		}
	}
	kinds := i.consoleKinds()
	n := slices.IndexFunc(kinds, func(k consoleKind) bool { return k.Kind == form.Kind || form.Kind == "" })
	if n < 0 {
		refuseField(w, "kind", "want one of %q", i.Kinds())
		return
	}
	options := []Option{
		kinds[n].Kind,
		Scopes(form.Scopes...),
		Lifetime(time.Duration(form.Lifetime) * time.Second),
		Algorithm(form.Algorithm),
	}
	// What was not changed is left as the provider has it.
	if form.Subject != kinds[n].Subject {
		options = append(options, Subject(form.Subject))
	}
	if form.Audience != i.config.Audience {
		options = append(options, Audience(form.Audience))
	}
	if form.Fault != "" {
		if !slices.Contains(TokenFaults(), form.Fault) {
			refuseField(w, "fault", "want one of %q", TokenFaults())
			return
		}
		options = append(options, form.Fault)
	}
	token, err := i.mint(options...)
	if err != nil {
		refuseField(w, "algorithm", "%v", err)
		return
	}
	answer(w, http.StatusOK, map[string]string{"token": token})
}

func (i *Issuer) serveConsoleFault(w http.ResponseWriter, r *http.Request) {
	var form struct {
		Fault EndpointFault `json:"fault"` // empty for none
	}
	if !readForm(w, r, &form) {
		return
	}
	if form.Fault != Healthy && !slices.Contains(EndpointFaults(), form.Fault) {
		refuseField(w, "fault", "want one of %q, or empty for none", EndpointFaults())
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

// refuseField says what is wrong with a field of the form, so that the page can show it
// there.
func refuseField(w http.ResponseWriter, field, format string, arguments ...any) {
	refusal := invalidRequest(format, arguments...)
	answer(w, refusal.Status, map[string]string{
		"error": refusal.Code, "field": field,
		"error_description": strings.Map(descriptionChar, refusal.Description),
	})
}
