package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"accountapi/test/internal/discovery"
)

// profileScope is what GET /profile demands.
const profileScope = "get:profile"

// token is what a token says of itself: facts to show. Whether it is any good, only the
// authorizer tells.
type token struct {
	parts  int // between the dots
	length int // in bytes
	header map[string]any
	claims map[string]any
}

// decode reads as much of a token as can be read. Its signature is left out on purpose.
func decode(compact string) token {
	parts := strings.Split(compact, ".")
	t := token{parts: len(parts), length: len(compact)}
	t.header = object(parts[0])
	if len(parts) == 3 {
		t.claims = object(parts[1])
	}
	return t
}

func object(part string) (members map[string]any) {
	text, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil || json.Unmarshal(text, &members) != nil {
		return nil
	}
	return members
}

func (t token) headerText(name string) string {
	text, _ := t.header[name].(string)
	return text
}

func (t token) text(claim string) string {
	text, _ := t.claims[claim].(string)
	return text
}

// texts are the values of a claim that may be one string or several.
func (t token) texts(claim string) (values []string) {
	switch value := t.claims[claim].(type) {
	case string:
		return []string{value}
	case []any:
		for _, item := range value {
			values = append(values, fmt.Sprint(item))
		}
	}
	return values
}

// moment is a claim with a time (NumericDate of RFC 7519 section 2).
func (t token) moment(claim string) (at time.Time, ok bool) {
	seconds, ok := t.claims[claim].(float64)
	return time.Unix(int64(seconds), 0), ok
}

// examineToken has the authorizer decide about the token and explains the verdict.
func (d *doctor) examineToken(ctx context.Context) error {
	if shape := byShape(d.token); shape != "" && d.given.provider == "" && d.use.provider == "" && byHost(d.use.issuer) == "" {
		d.use.provider = shape
		if shape == "cognito" {
			d.wrong("provider", "add PROVIDER=cognito", "the token has the shape of Cognito's")
		} else {
			d.note("provider", "the token has the shape of %s: PROVIDER=%s goes by that", shape, shape)
		}
	}
	if d.use.jwksURI == "" {
		// The authorizer does not start without. Nobody answers there, which it takes for
		// an outage, and until then it gets as far as with keys.
		withoutKeys := *d
		withoutKeys.use.jwksURI = "https://127.0.0.1:1/"
		return withoutKeys.explainVerdict(ctx)
	}
	return d.explainVerdict(ctx)
}
