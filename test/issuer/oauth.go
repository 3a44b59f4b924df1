package issuer

import (
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// maxTokenRequest is the largest body, in bytes, that the token endpoint reads.
const maxTokenRequest = 64 << 10

// oauthError is the error response of RFC 6749 section 5.2.
type oauthError struct {
	Status      int    `json:"-"`
	Code        string `json:"error"`
	Description string `json:"error_description"`
}

func (e *oauthError) Error() string { return e.Code + ": " + e.Description }

func refuse(w http.ResponseWriter, e *oauthError) {
	answer(w, e.Status, &oauthError{Code: e.Code, Description: strings.Map(descriptionChar, e.Description)})
}

// descriptionChar replaces characters that RFC 6749 section 5.2 does not allow in an
// error_description, which may quote the request.
func descriptionChar(r rune) rune {
	switch {
	case r == '"' || r == '\\':
		return '\''
	case r < ' ' || r > '~':
		return '?'
	}
	return r
}

func invalidRequest(format string, arguments ...any) *oauthError {
	return &oauthError{http.StatusBadRequest, "invalid_request", fmt.Sprintf(format, arguments...)}
}

// accessDenied is Auth0's answer to a request that the client has no right to make. RFC
// 6749 section 5.2 has other codes for it (invalid_client, invalid_scope), but this
// issuer behaves like Auth0.
func accessDenied(status int, description string) *oauthError {
	return &oauthError{status, "access_denied", description}
}

// tokenResponse is the successful response of RFC 6749 section 5.1.
type tokenResponse struct {
	AccessToken string `json:"access_token"`
	Scope       string `json:"scope,omitempty"`
	ExpiresIn   int    `json:"expires_in"` // seconds
	TokenType   string `json:"token_type"`
}

// serveToken is the token endpoint: the client credentials grant of RFC 6749 section 4.4
// with Auth0's audience parameter, and the authorization code grant of section 4.1 with
// PKCE.
func (i *Issuer) serveToken(w http.ResponseWriter, r *http.Request) {
	// RFC 6749 section 5.1: answers of this endpoint must not be stored, including
	// errors.
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Pragma", "no-cache")

	response, err := i.grant(w, r)
	if refusal, ok := errors.AsType[*oauthError](err); ok {
		if _, _, basic := r.BasicAuth(); basic && refusal.Status == http.StatusUnauthorized {
			w.Header().Set("WWW-Authenticate", `Basic realm="issuer"`) // RFC 6749 section 5.2, invalid_client
		}
		refuse(w, refusal)
		return
	}
	if err != nil {
		refuse(w, &oauthError{http.StatusInternalServerError, "server_error", err.Error()})
		return
	}
	answer(w, http.StatusOK, response)
}

func (i *Issuer) grant(w http.ResponseWriter, r *http.Request) (tokenResponse, error) {
	parameters, err := tokenParameters(w, r)
	if err != nil {
		return tokenResponse{}, err
	}
	grant := parameters["grant_type"]
	switch grant {
	case "client_credentials", "authorization_code":
	case "":
		return tokenResponse{}, invalidRequest("Missing required parameter: grant_type")
	default:
		return tokenResponse{}, &oauthError{
			http.StatusBadRequest, "unsupported_grant_type", "Unsupported grant type: " + grant,
		}
	}

	id, secret, err := clientCredentials(r, parameters)
	if err != nil {
		return tokenResponse{}, err
	}
	// A public client has no secret: its code verifier proves that it is the one that has
	// asked for the code (RFC 7636).
	public := secret == "" && grant == "authorization_code"
	isSecret := subtle.ConstantTimeCompare([]byte(secret), []byte(i.config.ClientSecret)) == 1
	if id != i.config.ClientID || !isSecret && !public {
		return tokenResponse{}, accessDenied(http.StatusUnauthorized, "Unauthorized")
	}

	var scopes []string
	kind := i.Kinds()[0]
	if grant == "authorization_code" {
		kind = "user"
		scopes, err = i.redeem(parameters)
	} else {
		scopes, err = i.grantable(parameters["audience"], parameters["scope"])
	}
	if err != nil {
		return tokenResponse{}, err
	}
	token, err := i.mint(kind, Scopes(scopes...))
	if err != nil {
		return tokenResponse{}, err
	}
	return tokenResponse{
		AccessToken: token,
		Scope:       strings.Join(scopes, " "),
		ExpiresIn:   int(i.config.Lifetime.Seconds()),
		TokenType:   "Bearer",
	}, nil
}

// grantable returns the scopes that the client gets for this audience: those that it asks
// for, or all.
func (i *Issuer) grantable(audience, scope string) ([]string, error) {
	// Without an audience, a tenant uses its default audience, which is Config.Audience
	// here.
	if audience != "" && audience != i.config.Audience {
		return nil, accessDenied(http.StatusForbidden, "Service not found: "+audience)
	}
	granted := i.apiScopes()
	scopes := strings.Fields(scope)
	for _, scope := range scopes {
		if !slices.Contains(granted, scope) {
			return nil, accessDenied(http.StatusForbidden, "Client has not been granted scopes: "+scope)
		}
	}
	if len(scopes) == 0 {
		return granted, nil
	}
	return scopes, nil
}

// tokenParameters reads the request's parameters from a form (RFC 6749 section 4.4.2) or
// a JSON object (Auth0). None may be repeated (section 3.2).
func tokenParameters(w http.ResponseWriter, r *http.Request) (map[string]string, error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxTokenRequest)
	mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return nil, invalidRequest("Content-Type: want application/x-www-form-urlencoded or application/json")
	}
	parameters := map[string]string{}
	switch mediaType {
	case "application/json":
		if err := json.NewDecoder(r.Body).Decode(&parameters); err != nil {
			return nil, invalidRequest("body: want a JSON object of strings")
		}
	case "application/x-www-form-urlencoded":
		if err := r.ParseForm(); err != nil {
			return nil, invalidRequest("body: want a form")
		}
		for name, values := range r.PostForm { // not the query: RFC 6749 section 2.3.1
			if len(values) > 1 {
				return nil, invalidRequest("parameter %q occurs %d times", name, len(values))
			}
			parameters[name] = values[0]
		}
	default:
		return nil, invalidRequest("Content-Type %s: want application/x-www-form-urlencoded or application/json", mediaType)
	}
	return parameters, nil
}

// clientCredentials returns the client's ID and secret from the Authorization header or
// the body, but not from both (RFC 6749 section 2.3.1).
func clientCredentials(r *http.Request, parameters map[string]string) (id, secret string, err error) {
	id, secret, basic := r.BasicAuth()
	if !basic {
		return parameters["client_id"], parameters["client_secret"], nil
	}
	if parameters["client_secret"] != "" {
		return "", "", invalidRequest("client credentials in the Authorization header and in the body: want one of them")
	}
	id, idErr := url.QueryUnescape(id) // both are form-encoded before they are joined (section 2.3.1)
	secret, secretErr := url.QueryUnescape(secret)
	if err := errors.Join(idErr, secretErr); err != nil {
		return "", "", invalidRequest("client credentials in the Authorization header: want them form-encoded")
	}
	return id, secret, nil
}
