package main

import (
	"strings"
	"testing"
	"time"

	"accountapi/test/issuer"
)

func TestRefusedTokensAreExplained(t *testing.T) {
	local := startIssuer(t)
	// Short names, so that each row fits on one line.
	token, claim, header := local.Token, issuer.Claim, issuer.Header
	good := token()
	var (
		padded       = local.Sign([]byte(`{"alg":"none","kid":"x"}`), []byte(`{"iss":"`+local.URL()+`"}`))
		milliseconds = token(claim("exp", time.Now().UnixMilli()))
		nearAudience = token(issuer.Audience(audience+"/", "https://t.example/userinfo"))
		tooLong      = token(claim("groups", strings.Repeat("x", 9000)))
		bound        = token(claim("cnf", map[string]string{"jkt": "x"}))
		nullScope    = token(claim("scope", nil), claim("scp", "read:things"))
		escapes      = token(issuer.Scopes(), claim("p\x1b[31m", "read:things"))
		strangeIss   = token(claim("iss", "x\x1b[31m"))
		repeated     = local.Sign([]byte(`{"alg":"RS256"}`), []byte(`{"iss":"`+local.URL()+`","sub":"a","sub":"b"}`))
		permission   = token(issuer.Scopes("openid"), claim("permissions", []string{"read:things"}))
		ofCognito    = token(issuer.Without("aud"), claim("token_use", "access"), claim("client_id", audience))
	)
	const (
		jwe           = "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..abc.def.ghi"
		thisAPI       = `this API is "https://api.example.com": it is for another API`
		otherAudience = `the token is for "https://another-api.example.com/", ` + thisAPI
		useAudience   = "AUDIENCE=https://another-api.example.com/ if that is this API"
		otherName     = "use ISSUER=https://another-tenant.example.com/"
		useIssuer     = "use ISSUER=https://another-tenant.example.com/ if that is the issuer you mean"
		makeToken     = "make token ISSUER=… CLIENT_ID=… AUDIENCE=https://api.example.com"
		putIt         = "configure the issuer to put it into its access tokens"
		access        = "send the access_token of the issuer's response, not the id_token"
		sendIt        = "exactly as the issuer issued it"
		signed        = "a token that the issuer has signed"
		notThatKey    = "!! signature  not made with that key"
		notAKey       = "it is not the kid of a key in use"
		nearly        = "they are nearly the same: the slash at the end is missing"
		isIDToken     = "it has the claim nonce, which marks an ID token"
		isJWE         = "an encrypted token (JWE), which only its issuer can read"
		noSuchHeader  = "its header has the member crit, which no access token has"
		notStrings    = "and must be a string or an array of strings"
		shared        = "signed with a secret that the issuer and the API share"
	)
	for name, test := range map[string]struct{ token, says, fix string }{
		"opaque":           {"kj3h45kj34h5kj34h5k", "an opaque token, not a JWT", makeToken},
		"encrypted":        {jwe, isJWE, makeToken},
		"cut off":          {good[:len(good)/2], "it is damaged, or not a JWT", "copy the token again"},
		"line break":       {good[:40] + "\n" + good[40:], "it has a line break", "copy the token again"},
		"quotes":           {`"` + good + `"`, "it has quotation marks", "pass the token without them"},
		"scheme twice":     {"Bearer bearer " + good, "it begins with the scheme Bearer", "pass the token alone"},
		"odd character":    {good[:40] + "$" + good[40:], "characters that no token has", "copy the token again"},
		"too long":         {tooLong, "longer than the authorizer accepts", "put less into access tokens"},
		"unsigned":         {token(issuer.AlgNone), "it is not signed", signed},
		"alg none":         {padded, "it is not signed", signed},
		"HS256":            {token(issuer.HMACWithPublicKey), shared, "sign with RS256"},
		"other algorithm":  {token(header("alg", "ES256")), "allowed is RS256, the default", "publish the key"},
		"crit":             {token(header("crit", []string{"x"})), noSuchHeader, sendIt},
		"kid a number":     {token(header("kid", 7)), "kid in its header is not a string", "put the ID of its key"},
		"cty":              {token(header("cty", "JWT")), "its header has the member cty", sendIt},
		"typ a number":     {token(header("typ", 7)), "typ in its header is not a string", sendIt},
		"no sub":           {token(issuer.Without("sub")), "!! kind       there is no sub", putIt},
		"sub a number":     {token(claim("sub", 7)), `sub is 7, and must be a string`, putIt},
		"exp a string":     {token(claim("exp", "soon")), `exp is "soon", and must be a number`, "put a number into it"},
		"jti a number":     {token(claim("jti", 7)), `jti is 7, and must be a string`, "put a string into it"},
		"scope a number":   {token(claim("scope", 7)), `scope is 7, and must be a string or an array`, "put scopes into it"},
		"scope null":       {nullScope, "scope is null, and must be a string or an array", "put scopes into it"},
		"sub null":         {token(claim("sub", nil)), "sub is null, and must be a string", putIt},
		"client null":      {token(claim("azp", nil)), "azp is null, and must be a string", "put a string into it"},
		"aud with 7":       {token(claim("aud", []any{audience, 7})), notStrings, "or an array of strings, into aud"},
		"aud an object":    {token(claim("aud", map[string]int{audience: 1})), notStrings, "put a string, or an array of"},
		"iss with escapes": {strangeIss, "no setting can trust a name with a control", "another name"},
		"right in escapes": {escapes, `the claim p\x1b[31m, which is not read`, `scopeClaims": ["p\u001b[31m"]`},
		"name repeated":    {repeated, "the authorizer cannot read its claims", "write each claim once"},
		"events":           {token(claim("events", "x")), "it has the claim events", sendIt},
		"own client":       {token(claim("aud", "c"), claim("azp", "c")), "it is for the client, as ID tokens are", access},
		"account console":  {token(claim("aud", "account")), "it is for Keycloak's own account console", makeToken},
		"logout token":     {token(header("typ", "logout+jwt")), "does not have this typ", "send an access token"},
		"ID token":         {token(claim("nonce", "n")), isIDToken, "send the access_token"},
		"Cognito":          {ofCognito, "the token looks like one of Cognito", "add PROVIDER=cognito"},
		"other name":       {token(issuer.WrongIssuer), "is signed with the keys of this issuer", otherName},
		"other issuer":     {token(issuer.WrongIssuer, issuer.WrongKey), "the trusted issuer is \"" + local.URL(), useIssuer},
		"no issuer":        {token(issuer.Without("iss")), "!! iss        the token has none", sendIt},
		"unknown key":      {token(issuer.UnknownKey), notAKey, "get a new token from exactly this issuer"},
		"another key":      {token(issuer.WrongKey), notThatKey, "copy the token again"},
		"tampered":         {token(issuer.Tampered), notThatKey, "copy the token again"},
		"other audience":   {token(issuer.WrongAudience), otherAudience, useAudience},
		"near audience":    {nearAudience, nearly, "use AUDIENCE=" + audience + "/"},
		"expired":          {token(issuer.Expired), "!! exp        expired 1 h 0 min ago", "get a new token"},
		"not yet valid":    {token(issuer.NotYetValid), "!! exp        nbf is in 59 min", "compare the clocks"},
		"milliseconds":     {milliseconds, "!! kind ", "configure the issuer to write exp in seconds"},
		"no expiry":        {token(issuer.Without("exp")), "there is no exp", "configure the issuer to put it"},
		"bound to a key":   {bound, "DPoP", "not bound to a key"},
		"other scope":      {token(issuer.Scopes("other:scope")), "GET /things answers 403", "grant it to the application"},
		"permission":       {permission, "GET /things answers 403", "as the claim permissions shows"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			call{args: forAPI + local.URL(), token: test.token}.expect(t, 1,
				test.says, "fix: ", test.fix, "Fix this first:")
		})
	}
}
