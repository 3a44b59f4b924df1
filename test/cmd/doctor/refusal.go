package main

import (
	"fmt"
	"slices"
	"strings"

	"accountapi/test/internal/discovery"
)

// refusal explains a reason of the authorizer, and what to do about it.
func (d *doctor) refusal(reason string) (why, fix string) {
	t := d.token
	const (
		again  = "copy it again, whole and without line breaks"
		forAPI = "ask for it with the API's identifier: make token ISSUER=… CLIENT_ID=… AUDIENCE=…"
	)
	switch reason {
	case "malformed_header":
		return "it holds characters that no token has, such as blanks or line breaks", again
	case "oversize":
		return "longer than the authorizer takes, and about what API Gateway lets through", "have the issuer put less into access tokens (groups, permissions)"
	case "malformed_token":
		switch {
		case strings.EqualFold(t.headerText("alg"), "none"):
			return "it is not signed", "send a token that the issuer has signed"
		case t.parts == 1:
			return "an opaque token, not a JWT; Auth0 gives one when it is not told for which API", forAPI
		case t.parts == 5:
			return "an encrypted token (JWE) that only its issuer can read; Auth0 gives one when it is not told for which API", forAPI
		}
		return "damaged, or no JWT at all", again
	case "bad_header":
		return "no access token has such a header", "send an access token for this API, as it came from the issuer"
	case "alg_not_allowed":
		switch alg := t.headerText("alg"); {
		case strings.HasPrefix(alg, "HS"):
			return "signed with a secret that issuer and API share, not with a key pair", "have the issuer sign with RS256 (Auth0: Applications → APIs → the API → Settings → Signing Algorithm)"
		case strings.EqualFold(alg, "none"):
			return "it is not signed", "send a token that the issuer has signed"
		}
		return "allowed is " + d.allowed() + ", and the issuer has no key for the other", "send a token of this issuer, or have it publish the key"
	case "kid_missing":
		return "it does not say which key signed it", "have the issuer put the kid into the header"
	case "token_kind":
		return d.otherKind()
	case "issuer":
		return d.otherIssuer()
	case "kid_unknown":
		return "none of those in use: retired by now, of another issuer, or left out above", "get a fresh token from exactly this issuer"
	case "jwks_unavailable":
		return "the keys could not be fetched", "see what is said of the keys above"
	case "key_alg_mismatch":
		return "that key is for another algorithm", "have the issuer sign with the algorithm that its key names"
	case "bad_signature":
		return "not made with that key, or the token was changed since", again + " (Entra's tokens for Microsoft Graph can be checked by nobody else: ask for one for this API)"
	case "claim_type":
		return "a claim is missing or has a wrong type" + d.claimsMissing(), "have the issuer put it into its access tokens"
	case "bound_token":
		return "it is bound to a key of its holder (DPoP or mutual TLS), which the scheme Bearer cannot prove", "get a token that is not bound to a key"
	case "audience":
		return d.otherAudience()
	case "expired":
		return "it is over", "get a fresh token: make token ISSUER=… CLIENT_ID=… AUDIENCE=…"
	case "not_yet_valid":
		return "it is not valid yet", "compare the clocks of the issuer and of this machine"
	}
	return "the authorizer says " + reason, again
}

// otherKind explains a token that is no access token.
func (d *doctor) otherKind() (why, fix string) {
	for _, mark := range []string{"nonce", "at_hash", "c_hash"} {
		if d.token.claims[mark] != nil {
			return "an ID token, as its claim " + mark + " shows", "send the access_token of the issuer's answer, not the id_token"
		}
	}
	if use := d.token.text("token_use"); use == "id" {
		return "an ID token, as its claim token_use shows", "send the access_token of the issuer's answer, not the id_token"
	}
	if d.use.provider == "cognito" && d.token.claims["token_use"] == nil {
		return "it lacks the claim token_use of Cognito's tokens", "leave PROVIDER=cognito out, if the issuer is another"
	}
	if d.use.provider == "rfc9068" {
		return "PROVIDER=rfc9068 wants the typ at+jwt", "leave PROVIDER out, or have the issuer make tokens as in RFC 9068"
	}
	return "no access token has this typ", "send an access token for this API"
}

// otherIssuer explains a token that is not from the issuer that is trusted.
func (d *doctor) otherIssuer() (why, fix string) {
	iss := d.token.text("iss")
	if iss == "" {
		return "it must name its issuer", "send an access token for this API, as it came from the issuer"
	}
	return fmt.Sprintf("trusted is %q (%s)", d.use.issuer, discovery.Difference(iss, d.use.issuer)),
		"use ISSUER=" + quote(iss) + " if that is the issuer you mean, or else get the token from the one that is trusted" + hint(iss)
}

// otherAudience explains a token for another API. If it is only a slip in the name, the
// settings are corrected, so that the command at the end has it right.
func (d *doctor) otherAudience() (why, fix string) {
	audiences := d.token.texts(d.audienceClaim())
	for _, theirs := range audiences {
		for i, ours := range d.use.audiences {
			if strings.EqualFold(strings.TrimRight(theirs, "/"), strings.TrimRight(ours, "/")) {
				d.use.audiences = slices.Clone(d.use.audiences)
				d.use.audiences[i] = theirs
				return "almost: " + discovery.Difference(ours, theirs), "use AUDIENCE=" + quote(theirs)
			}
		}
	}
	fix = "ask for a token for this API: make token ISSUER=… CLIENT_ID=… AUDIENCE=" + quote(d.use.audiences[0])
	if len(audiences) > 0 {
		fix += ", or use AUDIENCE=" + quote(audiences[0]) + " if that is this API"
	}
	return "it is for another API", fix
}

// claimsMissing lists the claims that are often missing, in brackets; "" if all are there.
func (d *doctor) claimsMissing() string {
	needed := []string{"sub", "exp"}
	if d.use.provider == "rfc9068" {
		needed = append(needed, "client_id", "iat", "jti")
	}
	var missing []string
	for _, name := range needed {
		if d.token.claims[name] == nil {
			missing = append(missing, name)
		}
	}
	if len(missing) == 0 {
		return ""
	}
	return " (there is no " + strings.Join(missing, ", no ") + ")"
}
