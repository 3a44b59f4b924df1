package differential

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/MicahParks/keyfunc/v3"
	"github.com/go-jose/go-jose/v4"
	josejwt "github.com/go-jose/go-jose/v4/jwt"
	"github.com/golang-jwt/jwt/v5"
	"github.com/lestrrat-go/jwx/v2/jwk"
	jwxjws "github.com/lestrrat-go/jwx/v2/jws"
	jwxjwt "github.com/lestrrat-go/jwx/v2/jwt"
)

// peer is another verifier, set up as its documentation says a careful user should.
type peer struct {
	name   string
	verify func(token string) (subject string, err error)
	bugs   []bug
}

// bug is a reason for which a peer refuses a token that is good. It is looked for in the
// token, and in the error too, so that it does not excuse a refusal for another reason.
type bug struct {
	why   string
	holds func(header, err string) bool
}

var (
	numbersAreFloats = bug{
		"every number must fit into a float64, also one that nobody reads; RFC 8259 section 6 has no such bound",
		func(_, err string) bool {
			return strings.Contains(err, "cannot unmarshal number") && strings.Contains(err, "of type float64")
		},
	}
	idleHeaders = bug{
		"a header parameter that is not used (RFC 8725 section 3.10), or is of another protocol (nonce: RFC 8555), must be well-formed all the same",
		func(header, err string) bool {
			var members map[string]json.RawMessage
			json.Unmarshal([]byte(header), &members)
			return slices.ContainsFunc([]string{"jku", "jwk", "x5u", "x5c", "x5t", "nonce"}, func(name string) bool {
				return members[name] != nil && strings.Contains(strings.ToLower(err), name)
			})
		},
	}
	headerIsTrimmed = bug{
		"blanks around the header's JSON are not hashed, although they are signed (RFC 7515 section 5.2, step 8)",
		func(header, err string) bool {
			return header != strings.TrimSpace(header) && strings.Contains(err, "could not verify message")
		},
	}
)

// excuse returns the bug because of which a peer refused a token, "" if it is none of its own.
func (p peer) excuse(token string, refusal error) string {
	header, err := base64.RawURLEncoding.DecodeString(token[:strings.IndexByte(token, '.')])
	if err != nil {
		return "" // then the authorizer should not have let it in
	}
	for _, b := range p.bugs {
		if b.holds(string(header), refusal.Error()) {
			return b.why
		}
	}
	return ""
}

func newPeers(document []byte) ([]peer, error) {
	keyfuncs, err := keyfunc.NewJWKSetJSON(document)
	if err != nil {
		return nil, err
	}
	var joseSet jose.JSONWebKeySet
	if err := json.Unmarshal(document, &joseSet); err != nil {
		return nil, err
	}
	jwxSet, err := jwk.Parse(document)
	if err != nil {
		return nil, err
	}

	parser := jwt.NewParser(jwt.WithValidMethods(algorithms), jwt.WithIssuer(issuer), jwt.WithAudience(audience),
		jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithLeeway(clockSkew), jwt.WithStrictDecoding())
	var joseAlgorithms []jose.SignatureAlgorithm
	for _, algorithm := range algorithms {
		joseAlgorithms = append(joseAlgorithms, jose.SignatureAlgorithm(algorithm))
	}
	jwxjwt.Settings(jwxjwt.WithCompactOnly(true), jwxjwt.WithNumericDateParsePedantic(true))

	return []peer{
		{"golang-jwt with keyfunc", func(token string) (string, error) {
			var claims jwt.MapClaims
			parsed, err := parser.ParseWithClaims(token, &claims, keyfuncs.Keyfunc)
			if err != nil {
				return "", err
			}
			return parsed.Claims.GetSubject()
		}, []bug{numbersAreFloats}},
		{"go-jose", func(token string) (string, error) {
			parsed, err := josejwt.ParseSigned(token, joseAlgorithms)
			if err != nil {
				return "", err
			}
			keys := joseSet.Key(parsed.Headers[0].KeyID)
			if len(keys) != 1 || keys[0].Algorithm != parsed.Headers[0].Algorithm {
				return "", fmt.Errorf("no key for %q with algorithm %q", parsed.Headers[0].KeyID, parsed.Headers[0].Algorithm)
			}
			var claims josejwt.Claims
			if err := parsed.Claims(keys[0], &claims); err != nil {
				return "", err
			}
			expected := josejwt.Expected{Issuer: issuer, AnyAudience: josejwt.Audience{audience}}
			return claims.Subject, claims.ValidateWithLeeway(expected, clockSkew)
		}, []bug{numbersAreFloats, idleHeaders}},
		{"jwx", func(token string) (string, error) {
			parsed, err := jwxjwt.Parse([]byte(token), jwxjwt.WithKeySet(jwxSet, jwxjws.WithRequireKid(true)),
				jwxjwt.WithIssuer(issuer), jwxjwt.WithAudience(audience), jwxjwt.WithRequiredClaim("exp"), jwxjwt.WithAcceptableSkew(clockSkew))
			if err != nil {
				return "", err
			}
			return parsed.Subject(), nil
		}, []bug{numbersAreFloats, idleHeaders, headerIsTrimmed}},
	}, nil
}
