// Package principal is the one format that both Lambdas share: who the verified
// caller is. The authorizer writes it into the context of its answer, API Gateway
// hands the context on to the function behind the route, and the handler reads it
// back here. It holds no rule about tokens: those are the authorizer's.
package principal

import (
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

// Principal is the verified caller of a request.
type Principal struct {
	Subject  string    // sub (RFC 7519 section 4.1.2), never empty
	ClientID string    // client_id (RFC 8693 section 4.3), empty where the issuer names no client
	Scopes   []string  // scope (RFC 8693 section 4.2), one entry a scope
	Issuer   string    // iss (RFC 7519 section 4.1.1)
	Expiry   time.Time // exp (RFC 7519 section 4.1.4)
	Until    time.Time // when the authorizer refuses the token: exp plus clock skew
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
	return map[string]any{
		"sub":       p.Subject,
		"client_id": p.ClientID,
		"scope":     strings.Join(p.Scopes, " "),
		"iss":       p.Issuer,
		"exp":       strconv.FormatInt(p.Expiry.Unix(), 10),
		"until":     strconv.FormatFloat(float64(p.Until.UnixMilli())/1000, 'f', -1, 64),
	}
}

// FromContext reads the principal out of requestContext.authorizer. It returns
// [ErrExpired] as soon as the authorizer would refuse the token too: a cached answer
// never outlives its token. Any other error means that the route is not behind the
// authorizer, which is a mistake in the deployment, not the caller's.
func FromContext(authorizer map[string]any, now time.Time) (Principal, error) {
	text := func(name string) string {
		value, _ := authorizer[name].(string)
		return value
	}
	subject := text("sub")
	if subject == "" {
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
	return Principal{
		Subject:  subject,
		ClientID: text("client_id"),
		Scopes:   Scopes(text("scope")),
		Issuer:   text("iss"),
		Expiry:   time.Unix(exp, 0),
		Until:    until,
	}, nil
}
