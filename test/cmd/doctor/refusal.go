package main

import (
	"fmt"
	"slices"
	"strings"

	"accountapi/test/internal/discovery"
	"accountapi/test/internal/pasted"
)

const (
	copyAgain     = "copy the token again, complete and without line breaks"
	sendUnchanged = "send an access token for this API, exactly as the issuer issued it"
	sendSigned    = "send a token that the issuer has signed"
	sendAccess    = "send the access_token of the issuer's response, not the id_token"
	addKid        = "configure the issuer to put the kid into the header"
	requestForAPI = "request it with the API's identifier: make token ISSUER=… CLIENT_ID=… AUDIENCE=…"
)

// refusal explains a reason of the authorizer, and how to get a token that is accepted.
func (d *doctor) refusal(reason string) (why, fix string) {
	switch reason {
	case "malformed_header":
		if why, fix := pasted.Form(d.given.token); why != "" {
			return why, fix
		}
		return "it has characters that no token has, such as spaces or line breaks", copyAgain
	case "oversize":
		return "it is longer than the authorizer accepts, which is about what API Gateway accepts",
			"configure the issuer to put less into access tokens (groups, permissions)"
	case "malformed_token":
		return d.malformed()
	case "bad_header":
		if d.token.header["kid"] == "" {
			return "its kid is empty", "configure the issuer to put the ID of its key into the header, or no kid"
		}
		return "an access token does not have such a header", sendUnchanged
	case "alg_not_allowed":
		return d.otherAlgorithm()
	case "token_kind":
		return d.otherKind()
	case "issuer":
		return d.otherIssuer()
	case "kid_unknown":
		return d.unknownKey()
	case "kid_unproven":
		why, fix = d.unknownKey()
		// The fetch for a newer key is limited, so that tokens cannot cause one each.
		return why + "; it may be a newer key, but the keys were fetched a moment ago (the API answers 503)",
			"try again in a minute; if the answer is the same, " + fix
	case "jwks_unavailable":
		return "the keys could not be fetched", "see the lines about the keys above"
	case "key_alg_mismatch":
		return "this key is for another algorithm", "configure the issuer to sign with the algorithm of its key"
	case "bad_signature":
		return "not made with that key, or the token was changed after it was signed",
			copyAgain + " (Entra's tokens for Microsoft Graph can be verified by Graph only: request one for this API)"
	case "claim_type":
		return "a claim is missing or has a wrong type" + d.claimsMissing(),
			"configure the issuer to put it into its access tokens"
	case "bound_token":
		return "it is bound to a key of its holder (DPoP or mutual TLS), which the scheme Bearer cannot prove",
			"request a token that is not bound to a key"
	case "audience":
		return d.otherAudience()
	case "expired":
		return "it is no longer valid", "get a new token: make token ISSUER=… CLIENT_ID=… AUDIENCE=…"
	case "not_yet_valid":
		return "it is not valid yet", "compare the clocks of the issuer and of this machine"
	}
	return "the authorizer says " + reason, copyAgain
}

// malformed explains a token that is not a signed JWT.
func (d *doctor) malformed() (why, fix string) {
	switch {
	case strings.EqualFold(d.token.headerString("alg"), "none"):
		return "it is not signed", sendSigned
	case d.token.parts == 1:
		return "it is an opaque token, not a JWT; Auth0 issues one if the request names no API", requestForAPI
	case d.token.parts == 5:
		return "it is an encrypted token (JWE), which only its issuer can read; " +
			"Auth0 issues one if the request names no API", requestForAPI
	}
	return "it is damaged, or not a JWT", copyAgain
}

// otherAlgorithm explains a token signed with an algorithm that is not allowed.
func (d *doctor) otherAlgorithm() (why, fix string) {
	switch alg := d.token.headerString("alg"); {
	case strings.HasPrefix(alg, "HS"):
		return "it is signed with a secret that the issuer and the API share, not with a key pair",
			"configure the issuer to sign with RS256 " +
				"(Auth0: Applications → APIs → the API → Settings → Signing Algorithm)"
	case strings.EqualFold(alg, "none"):
		return "it is not signed", sendSigned
	}
	return "allowed is " + d.allowed() + ", and the issuer has no key for the other algorithm",
		"send a token of this issuer, or have the issuer publish the key"
}

// unknownKey explains a token whose key is not in use.
func (d *doctor) unknownKey() (why, fix string) {
	if d.token.header["kid"] == nil {
		return "the token does not say which key signed it, and there is not exactly one key in use for " +
			quoted(d.token.header["alg"]), addKid
	}
	return "it is not the kid of a key in use: " +
			"the key was removed, is of another issuer, or is not used (see above)",
		"get a new token from exactly this issuer"
}

// otherKind explains a token that is not an access token.
func (d *doctor) otherKind() (why, fix string) {
	for _, claim := range []string{"nonce", "at_hash", "c_hash"} {
		if d.token.claims[claim] != nil {
			return "it is an ID token, because it has the claim " + claim, sendAccess
		}
	}
	if use := d.token.claimString("token_use"); use == "id" {
		return "it is an ID token, because its claim token_use says so", sendAccess
	}
	if d.use.provider == "cognito" && d.token.claims["token_use"] == nil {
		return "it does not have the claim token_use of Cognito's tokens",
			"leave PROVIDER=cognito out if the issuer is not Cognito"
	}
	if d.use.provider == "rfc9068" {
		return "PROVIDER=rfc9068 requires the typ at+jwt",
			"leave PROVIDER out, or configure the issuer to issue tokens as in RFC 9068"
	}
	return "an access token does not have this typ", "send an access token for this API"
}

// otherIssuer explains a token of an issuer that is not trusted.
func (d *doctor) otherIssuer() (why, fix string) {
	iss := d.token.claimString("iss")
	if iss == "" {
		return "a token must name its issuer", sendUnchanged
	}
	return fmt.Sprintf("the trusted issuer is %q (%s)", d.use.issuer, discovery.Difference(iss, d.use.issuer)),
		"use ISSUER=" + quote(iss) + " if that is the issuer you mean, " +
			"or get the token from the trusted issuer" + hint(iss)
}

// otherAudience explains a token for another API. If its aud is nearly the audience, it
// corrects the settings, so that the command at the end is right.
func (d *doctor) otherAudience() (why, fix string) {
	audiences := d.token.claimStrings(d.audienceClaim())
	for _, theirs := range audiences {
		for i, ours := range d.use.audiences {
			if strings.EqualFold(strings.TrimRight(theirs, "/"), strings.TrimRight(ours, "/")) {
				d.use.audiences = slices.Clone(d.use.audiences)
				d.use.audiences[i] = theirs
				return "they are nearly the same: " + discovery.Difference(ours, theirs),
					"use AUDIENCE=" + quote(theirs)
			}
		}
	}
	fix = "request a token for this API: make token ISSUER=… CLIENT_ID=… AUDIENCE=" + quote(d.use.audiences[0])
	if len(audiences) > 0 {
		fix += ", or use AUDIENCE=" + quote(audiences[0]) + " if that is this API"
	}
	return "it is for another API", fix
}

// claimsMissing lists the required claims that are missing, in brackets; "" if none is.
func (d *doctor) claimsMissing() string {
	required := []string{"sub", "exp"}
	if d.use.provider == "rfc9068" {
		required = append(required, "client_id", "iat", "jti")
	}
	var missing []string
	for _, name := range required {
		if d.token.claims[name] == nil {
			missing = append(missing, name)
		}
	}
	if len(missing) == 0 {
		return ""
	}
	return " (there is no " + strings.Join(missing, ", no ") + ")"
}
