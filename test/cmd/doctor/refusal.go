package main

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"accountapi/test/internal/discovery"
	"accountapi/test/internal/pasted"
)

const (
	copyAgain            = "copy the token again, complete and without line breaks"
	sendUnchanged        = "send an access token for this API, exactly as the issuer issued it"
	sendSigned           = "send a token that the issuer has signed"
	sendAccessNotRefresh = "send the access_token of the issuer's response, not the refresh_token"
	addKid               = "configure the issuer to put the kid into the header"
)

// refusal explains a reason of the authorizer, and how to get a token that is accepted.
func (d *doctor) refusal(reason string) (why, fix string) {
	if d.signer != nil {
		return "its key is of another issuer, " + shown(d.signer.use.Issuer), "get the token from exactly this issuer, " +
			"or, if these are its keys (the URLs of two issuers may be swapped), " + d.set("jwksUri", d.signer.use.JWKSURI)
	}
	switch reason {
	case "malformed_header":
		if why, fix := pasted.Form(d.settings.token); why != "" {
			return why, fix
		}
		return "it has characters that no token has, such as spaces or line breaks", copyAgain
	case "oversize":
		return "it is longer than the authorizer accepts, which is about what API Gateway accepts",
			"configure the issuer to put less into access tokens (groups, permissions)"
	case "malformed_token":
		return d.malformed()
	case "bad_header":
		return d.badHeader()
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
		fix = copyAgain
		if d.kind().name == "Entra" {
			fix += " (tokens for Microsoft Graph can be verified by Graph only: request one for this API)"
		}
		return "not made with that key, or the token was changed after it was signed", fix
	case "claim_type":
		return d.wrongClaim()
	case "bound_token":
		return "it is bound to a key of its holder, as its claim cnf shows (DPoP or mutual TLS), " +
				"which the scheme Bearer cannot prove",
			"request a token that is not bound to a key: configure the client without DPoP and certificate-bound tokens"
	case "audience":
		return d.otherAudience()
	case "expired":
		return "it is no longer valid", "get a new token"
	case "not_yet_valid":
		return "it is not valid yet", "compare the clocks of the issuer and of this machine"
	case "required_claim", "refused_claim":
		return d.otherCondition(reason == "required_claim")
	case "context_size":
		return "the claims of contextClaims (" + d.whole["CONTEXT_CLAIMS"] + ") are longer than 4,096 bytes in this token",
			"name fewer claims in contextClaims, or configure the issuer to put less into them"
	}
	return "the authorizer says " + reason, copyAgain
}

// malformed explains a token that is not a signed JWT.
func (d *doctor) malformed() (why, fix string) {
	k := d.kind()
	opaque, fix := k.opaque, d.advice(k.request)
	if opaque == refreshTokens {
		opaque, fix = "the refresh tokens of "+k.name+" are such tokens", sendAccessNotRefresh
	}
	switch {
	case strings.EqualFold(d.token.headerString("alg"), "none"):
		return "it is not signed", sendSigned
	case d.token.parts == 1:
		return "it is an opaque token, not a JWT; " + opaque, fix
	case d.token.parts == 5:
		return "it is an encrypted token (JWE), which only its issuer can read; " + opaque, fix
	}
	if d.token.intact && d.token.claims != nil {
		return "the authorizer cannot read its claims: a name is repeated, or there are more than 200 claims, " +
				"more than 16 levels, or characters that are not UTF-8",
			"configure the issuer to write each claim once, and fewer of them"
	}
	return "it is damaged, or not a JWT", copyAgain
}

// badHeader names the member of the header that no access token may have.
func (d *doctor) badHeader() (why, fix string) {
	header := d.token.header
	kid, isString := header["kid"].(string)
	present := func(name string) bool { _, ok := header[name]; return ok }
	switch {
	case header == nil:
		return "its header is not a JSON object", copyAgain
	case present("kid") && !isString:
		return "kid in its header is not a string", "configure the issuer to put the ID of its key into the header, or no kid"
	case present("kid") && kid == "":
		return "its kid is empty", "configure the issuer to put the ID of its key into the header, or no kid"
	case present("kid") && len(kid) > 256:
		return "its kid is too long", "configure the issuer with a shorter key ID"
	case !present("alg"):
		return "its header has no alg", sendUnchanged
	}
	for _, name := range []string{"crit", "b64", "cty", "zip", "enc"} {
		if present(name) {
			return "its header has the member " + name + ", which no access token has", sendUnchanged
		}
	}
	for _, name := range []string{"alg", "typ"} {
		if _, isString := header[name].(string); present(name) && !isString {
			return name + " in its header is not a string", sendUnchanged
		}
	}
	return "its header is not a JSON object without repeated names", sendUnchanged
}

// otherAlgorithm explains a token signed with an algorithm that is not allowed.
func (d *doctor) otherAlgorithm() (why, fix string) {
	switch alg := d.token.headerString("alg"); {
	case strings.HasPrefix(alg, "HS") && slices.Contains([]string{"Refresh", "Offline"}, d.token.claimString("typ")):
		return "it is a refresh token, because its claim typ is " + quoted(d.token.claims["typ"]),
			sendAccessNotRefresh
	case strings.HasPrefix(alg, "HS"):
		return "it is signed with a secret that the issuer and the API share (" + alg + "), not with a key pair",
			d.kind().signing
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

// otherIssuer explains a token of an issuer that is not trusted.
func (d *doctor) otherIssuer() (why, fix string) {
	iss := d.token.claimString("iss")
	if iss == "" {
		return "a token must name its issuer", sendUnchanged
	}
	if mark := d.token.idTokenMark(); mark != "" {
		return fmt.Sprintf("the trusted issuer is %q, and this is an ID token, as its claim %s shows",
			d.use.Issuer, mark), sendAccess
	}
	if strings.TrimSpace(iss) != iss || strings.ContainsFunc(iss, unicode.IsControl) {
		return fmt.Sprintf("the trusted issuer is %q; no setting can trust a name with a control character or "+
				"with a blank at an end", d.use.Issuer),
			"configure the issuer with another name, or get the token from the trusted issuer"
	}
	return fmt.Sprintf("the trusted issuer is %q (%s)", d.use.Issuer, discovery.Difference(iss, d.use.Issuer)),
		d.set("issuer", iss) + " if that is the issuer you mean, " +
			"or get the token from the trusted issuer" + hint(iss)
}
