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

// peer is another verifier, set up as strictly as its documentation recommends.
type peer struct {
	name   string
	verify func(token string) (subject string, err error)
	bugs   []bug
}

// bug is a known reason for which a peer refuses a good token. holds checks the token and
// the error, so that the bug excuses no refusal for another reason.
type bug struct {
	why   string
	holds func(header, err string) bool
}

var (
	numbersAreFloats = bug{
		"every number must fit into a float64, also one that is not read; RFC 8259 section 6 has no such limit",
		func(_, err string) bool {
			return strings.Contains(err, "cannot unmarshal number") && strings.Contains(err, "of type float64")
		},
	}
	unusedHeaders = bug{
		"a header parameter that is not used (RFC 8725 section 3.10) or is of another protocol (nonce: RFC 8555) " +
			"must be well-formed",
		func(header, err string) bool {
			var members map[string]json.RawMessage
			json.Unmarshal([]byte(header), &members)
			return slices.ContainsFunc([]string{"jku", "jwk", "x5u", "x5c", "x5t", "nonce"}, func(name string) bool {
				return members[name] != nil && strings.Contains(strings.ToLower(err), name)
			})
		},
	}
	headerIsTrimmed = bug{
		"white space around the header's JSON is signed but not hashed (RFC 7515 section 5.2, step 8)",
		func(header, err string) bool {
			return header != strings.TrimSpace(header) && strings.Contains(err, "could not verify message")
		},
	}
)

// excuse returns the known bug because of which a peer refused a token, or "".
func (p peer) excuse(token string, refusal error) string {
	header, err := base64.RawURLEncoding.DecodeString(token[:strings.IndexByte(token, '.')])
	if err != nil {
		return "" // the authorizer must not accept it either
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
				return "", fmt.Errorf("no key for %q with %q", parsed.Headers[0].KeyID, parsed.Headers[0].Algorithm)
			}
			var claims josejwt.Claims
			if err := parsed.Claims(keys[0], &claims); err != nil {
				return "", err
			}
			expected := josejwt.Expected{Issuer: issuer, AnyAudience: josejwt.Audience{audience}}
			return claims.Subject, claims.ValidateWithLeeway(expected, clockSkew)
		}, []bug{numbersAreFloats, unusedHeaders}},
		{"jwx", func(token string) (string, error) {
			parsed, err := jwxjwt.Parse([]byte(token), jwxjwt.WithKeySet(jwxSet, jwxjws.WithRequireKid(true)),
				jwxjwt.WithIssuer(issuer), jwxjwt.WithAudience(audience),
				jwxjwt.WithRequiredClaim("exp"), jwxjwt.WithAcceptableSkew(clockSkew))
			if err != nil {
				return "", err
			}
			return parsed.Subject(), nil
		}, []bug{numbersAreFloats, unusedHeaders, headerIsTrimmed}},
	}, nil
}
