// Package principal is the one format that both Lambdas share: who the verified
// caller is. The authorizer writes it into the context of its answer, API Gateway
// hands the context on to the function behind the route, and the handler reads it
// back here. It holds no rule about tokens: those are the authorizer's.
package principal

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ErrExpired says that the token has expired since the authorizer checked it. API Gateway
// caches an authorizer's answer for the result TTL, whatever the exp of the token is.
var ErrExpired = errors.New("the token has expired")

// ErrNoClaim says that the token has no such claim, or that it is null.
var ErrNoClaim = errors.New("the token has no such claim")

// Principal is the verified caller of a request. Subjects are unique within one issuer
// only. The subject is empty for a client at an issuer whose tokens for clients have no
// sub; then ClientID is set, and must not be taken for a subject.
type Principal struct {
	Subject  string            // sub (RFC 7519 section 4.1.2)
	ClientID string            // client_id (RFC 8693 section 4.3), empty where the issuer names no client
	Scopes   []string          // scope (RFC 8693 section 4.2), one entry a scope
	Issuer   string            // iss (RFC 7519 section 4.1.1)
	Expiry   time.Time         // exp (RFC 7519 section 4.1.4)
	Until    time.Time         // when the authorizer refuses the token: exp plus clock skew
	Claims   map[string]string // the claims of the setting contextClaims, as JSON; see Claim
}

// Claim returns a claim of the setting contextClaims, decoded into T as by encoding/json.
// Its error is [ErrNoClaim] for a claim that the token does not have; any other error
// means that its value is no T.
func Claim[T any](p Principal, name string) (value T, err error) {
	text, ok := p.Claims[name]
	if !ok || text == "null" {
		return value, fmt.Errorf("%w: %s", ErrNoClaim, name)
	}
	if json.Unmarshal([]byte(text), &value) != nil { // its error may hold the value
		var none T
		return none, fmt.Errorf("the claim %s is not of type %T", name, none)
	}
	return value, nil
}

// HasScope reports whether the caller was granted exactly this scope.
func (p Principal) HasScope(scope string) bool {
	return slices.Contains(p.Scopes, scope)
}

// Scopes splits the value of a scope claim at its spaces, and at nothing else (RFC 6749
// section 3.3).
func Scopes(value string) []string {
	return strings.FieldsFunc(value, func(r rune) bool { return r == ' ' })
}

// Context is the authorizer context for this principal. Every value is a string
// because API Gateway turns all of them into strings anyway and refuses nested ones
// (AWS: "Output from an API Gateway Lambda authorizer").
func (p Principal) Context() map[string]any {
	context := map[string]any{
		"client_id": p.ClientID,
		"scope":     strings.Join(p.Scopes, " "),
		"iss":       p.Issuer,
		"exp":       strconv.FormatInt(p.Expiry.Unix(), 10),
		"until":     strconv.FormatFloat(float64(p.Until.UnixMilli())/1000, 'f', -1, 64),
	}
	if p.Subject != "" {
		context["sub"] = p.Subject
	}
	for name, value := range p.Claims {
		context[name] = value
	}
	return context
}

// ReservedNames are the names in the context that are not claims of contextClaims. API
// Gateway sets the last two.
var ReservedNames = []string{"sub", "client_id", "scope", "iss", "exp", "until", "principalId", "integrationLatency"}

// FromContext reads the principal out of requestContext.authorizer. It returns
// [ErrExpired] as soon as the authorizer would refuse the token too: a cached answer
// never outlives its token. Any other error means that the route is not behind the
// authorizer, which is a mistake in the deployment, not the caller's.
func FromContext(authorizer map[string]any, now time.Time) (Principal, error) {
	text := func(name string) string {
		value, _ := authorizer[name].(string)
		return value
	}
	_, hasSubject := authorizer["sub"]
	if text("sub") == "" && (hasSubject || text("client_id") == "") {
		return Principal{}, errors.New("the authorizer context has no sub: attach the token authorizer to this route")
	}
	exp, err := strconv.ParseInt(text("exp"), 10, 64)
	if err != nil {
		return Principal{}, fmt.Errorf("the authorizer context has no usable exp: %w", err)
	}
	seconds, err := strconv.ParseFloat(text("until"), 64)
	if err != nil || !(math.Abs(seconds) < 1e12) {
		return Principal{}, fmt.Errorf("the authorizer context has no usable until: %q", text("until"))
	}
	until := time.UnixMilli(int64(math.Round(seconds * 1000)))
	if !now.Before(until) {
		return Principal{}, ErrExpired
	}
	var claims map[string]string
	for name, value := range authorizer {
		if value, ok := value.(string); ok && !slices.Contains(ReservedNames, name) {
			if claims == nil {
				claims = map[string]string{}
			}
			claims[name] = value
		}
	}
	return Principal{
		Subject:  text("sub"),
		ClientID: text("client_id"),
		Scopes:   Scopes(text("scope")),
		Issuer:   text("iss"),
		Expiry:   time.Unix(exp, 0),
		Until:    until,
		Claims:   claims,
	}, nil
}
