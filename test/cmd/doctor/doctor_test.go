package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"accountapi/test/internal/compiled"
	"accountapi/test/internal/project"
	"accountapi/test/issuer"
)

// The tests run the compiled command, as make doctor does.

var program string

func TestMain(m *testing.M) {
	// Once, before tests that run at the same time find it out of date.
	if _, err := project.Function(context.Background(), "authorizer", os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(compiled.Tests{M: m, Source: ".", Program: &program}.Run())
}

// call is one call of the command.
type call struct {
	args  string // separated by spaces
	token string
	env   []string
	stdin string
}

// expect makes the call and looks for its exit code and for texts in what it prints. No part
// of the token may be there.
func (c call) expect(t *testing.T, code int, texts ...string) {
	t.Helper()
	command := exec.Command(program, strings.Fields(c.args)...)
	command.Env = append(append(os.Environ(), "TOKEN="+c.token), c.env...)
	command.Stdin = strings.NewReader(c.stdin)
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	if err := command.Run(); err != nil {
		if _, exited := errors.AsType[*exec.ExitError](err); !exited {
			t.Fatal(err)
		}
	}
	if got := command.ProcessState.ExitCode(); got != code {
		t.Errorf("exit code %d, want %d", got, code)
	}
	for _, text := range texts {
		if !strings.Contains(output.String(), text) {
			t.Errorf("does not say %q", text)
		}
	}
	for _, part := range strings.Split(c.token, ".") {
		if len(part) > 20 && strings.Contains(output.String(), part) {
			t.Errorf("a part of the token is in the output")
		}
	}
	if t.Failed() {
		t.Logf("doctor %s\n%s", c.args, &output)
	}
}

const (
	audience     = "https://api.example.com"
	withAudience = " -audience " + audience
)

func start(t *testing.T, config issuer.Config) *issuer.Server {
	t.Helper()
	config.Audience = audience
	tenant, err := issuer.Start("127.0.0.1:0", config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tenant.Close() })
	return tenant
}

// internet answers, by host, for what is not on this machine: a proxy leads the command and
// the authorizer there, and they trust its certificate. It returns their environment.
func internet(t *testing.T, hosts map[string]http.Handler) (env []string) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("skipped: only Go on Linux takes the certificates to trust from the environment (SSL_CERT_FILE)")
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	for host := range hosts {
		template.DNSNames = append(template.DNSNames, host)
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "trusted.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}), 0o644); err != nil {
		t.Fatal(err)
	}

	site := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hosts[strings.ToLower(strings.TrimSuffix(r.Host, ":443"))].ServeHTTP(w, r)
	}))
	site.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{certificate}, PrivateKey: key}}}
	site.StartTLS()
	t.Cleanup(site.Close)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if host := strings.ToLower(strings.TrimSuffix(r.Host, ":443")); r.Method != http.MethodConnect || hosts[host] == nil {
			http.Error(w, "no such host", http.StatusBadGateway)
			return
		}
		there, err := net.Dial("tcp", site.Listener.Addr().String())
		if err != nil {
			panic(err)
		}
		here, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		io.WriteString(here, "HTTP/1.1 200 OK\r\n\r\n")
		go func() {
			io.Copy(there, here)
			there.Close()
		}()
		io.Copy(here, there)
		here.Close()
	}))
	t.Cleanup(proxy.Close)
	return []string{"HTTPS_PROXY=" + proxy.URL, "https_proxy=" + proxy.URL, "NO_PROXY=", "no_proxy=", "SSL_CERT_FILE=" + file}
}

// tenant is an issuer at an address on the internet.
func tenant(t *testing.T, config issuer.Config) *issuer.Issuer {
	t.Helper()
	config.Audience = audience
	i, err := issuer.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// publish is an issuer that has its discovery document at place and these keys at /keys.
func publish(place, name string, keys []byte) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc(place+"/.well-known/openid-configuration", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"issuer":%q,"jwks_uri":"https://%s/keys"}`, name, r.Host)
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { w.Write(keys) })
	return mux
}

func TestWhatIsFine(t *testing.T) {
	local := start(t, issuer.Config{})
	rsa := tenant(t, issuer.Config{URL: "https://tenant.eu.auth0.com/"})
	elliptic := tenant(t, issuer.Config{URL: "https://elliptic.eu.auth0.com/", Algorithms: []string{"ES256"}})
	env := internet(t, map[string]http.Handler{
		"tenant.eu.auth0.com":   rsa,
		"elliptic.eu.auth0.com": elliptic,
		"id.example.com":        publish("/realms/a", "https://id.example.com/realms/a", rsa.JWKS()),
		"cognito-idp.eu-west-1.amazonaws.com": publish("/pool", "https://cognito-idp.eu-west-1.amazonaws.com/pool",
			rsa.JWKS()),
	})
	for name, test := range map[string]struct {
		call
		want []string
	}{
		"an issuer on this machine": {call{args: "-issuer " + local.URL() + withAudience}, []string{
			"ok issuer     \"" + local.URL() + "\" is what it calls itself, byte for byte",
			"ok key        \"" + local.KeyID() + "\" (RSA RS256) is used",
			"?? token      none to try",
			"\nfine to run on this machine",
			"  make run ISSUER=" + local.URL() + " AUDIENCE=" + audience + "\n",
		}},
		"a good token": {call{args: "-issuer " + local.URL() + withAudience, token: local.Token()}, []string{
			`ok header     alg "RS256", typ "JWT", kid "` + local.KeyID() + `"`,
			`ok key        kid "` + local.KeyID() + `" is one of those in use`,
			"ok signature  made with that key",
			`ok iss        the token says "` + local.URL() + `"`,
			`ok aud        the token is for "` + audience + `", this API is "` + audience + `"`,
			"ok exp        good for another 23 h 59 min",
			"ok scope      get:profile is among",
		}},
		"a token with its scheme, from standard input": {call{args: "-token-file - -issuer " + local.URL() + withAudience, stdin: "Bearer " + local.Token() + "\n"}, []string{
			"ok signature  made with that key",
		}},
		"an Auth0 tenant": {call{args: "-issuer https://tenant.eu.auth0.com/" + withAudience, token: rsa.Token(), env: env}, []string{
			"\nfine to deploy:\n  make deploy ISSUER=https://tenant.eu.auth0.com/ AUDIENCE=" + audience +
				"\n  or as CDK context: -c issuer=https://tenant.eu.auth0.com/ -c audience=" + audience + "\n",
		}},
		"another algorithm": {call{args: "-issuer https://elliptic.eu.auth0.com/ -algorithms ES256" + withAudience, token: elliptic.Token(), env: env}, []string{
			"-c algorithms=ES256\n",
		}},
		"an issuer with a path": {call{args: "-issuer https://id.example.com/realms/a -jwks-uri https://id.example.com/keys" + withAudience,
			token: rsa.Token(issuer.Claim("iss", "https://id.example.com/realms/a")), env: env}, []string{
			"make deploy ISSUER=https://id.example.com/realms/a AUDIENCE=" + audience + " JWKS_URI=https://id.example.com/keys\n",
		}},
		"tokens as in RFC 9068": {call{args: "-issuer " + local.URL() + withAudience,
			token: local.Token(issuer.Header("typ", "at+jwt"), issuer.Claim("client_id", "c"))}, []string{
			"?? provider   the token has the shape of rfc9068",
			"PROVIDER=rfc9068\n",
		}},
		"Cognito": {call{args: "-issuer https://cognito-idp.eu-west-1.amazonaws.com/pool -provider cognito -audience client1 -jwks-uri https://cognito-idp.eu-west-1.amazonaws.com/keys",
			token: rsa.Token(issuer.Claim("iss", "https://cognito-idp.eu-west-1.amazonaws.com/pool"), issuer.Without("aud"),
				issuer.Claim("token_use", "access"), issuer.Claim("client_id", "client1")), env: env}, []string{
			`ok client_id  the token is for "client1", this API is "client1"`,
		}},
	} {
		t.Run(name, func(t *testing.T) { test.expect(t, 0, test.want...) })
	}
}

func TestAMistakeInTheIssuerIsNamedWithItsFix(t *testing.T) {
	const auth0 = "https://tenant.eu.auth0.com/"
	local := start(t, issuer.Config{})
	bare := strings.TrimSuffix(local.URL(), "/")
	rsa := tenant(t, issuer.Config{URL: auth0})
	env := internet(t, map[string]http.Handler{
		"tenant.eu.auth0.com":                rsa,
		"id.example.com":                     publish("/realms/a", "https://id.example.com/realms/a", rsa.JWKS()),
		"proxied.example.com":                publish("", "http://proxied.example.com/", rsa.JWKS()),
		"other.example.com":                  http.NotFoundHandler(),
		"tenant.okta.com":                    publish("", "https://tenant.okta.com", rsa.JWKS()),
		"login.microsoftonline.com":          publish("/common/v2.0", "https://login.microsoftonline.com/{tenantid}/v2.0", rsa.JWKS()),
		"sts.windows.net":                    publish("/t", "https://sts.windows.net/t/", rsa.JWKS()),
		"x.auth.eu-west-1.amazoncognito.com": http.NotFoundHandler(),
	})
	for name, test := range map[string]struct {
		issuer, says, fix string
	}{
		"the slash is missing, on this machine":  {bare, "the slash at the end is missing", "use ISSUER=" + local.URL()},
		"the slash is missing":                   {"https://tenant.eu.auth0.com", "the slash at the end is missing", "use ISSUER=" + auth0},
		"a slash too much":                       {"https://id.example.com/realms/a/", "the slash at the end is too much", "use ISSUER=https://id.example.com/realms/a\n"},
		"http":                                   {"http://tenant.eu.auth0.com/", "http instead of https", "use ISSUER=" + auth0},
		"upper case":                             {"https://Tenant.eu.auth0.com/", "upper and lower case of the host differ", "use ISSUER=" + auth0},
		"a port":                                 {"https://tenant.eu.auth0.com:443/", "the port 443 is too much", "use ISSUER=" + auth0},
		"a bare domain":                          {"tenant.eu.auth0.com", "https:// is missing", "use ISSUER=" + auth0},
		"quotes around it":                       {`"` + auth0 + `"`, "there are blanks or quotes around it", "use ISSUER=" + auth0},
		"the address of the document":            {auth0 + ".well-known/openid-configuration", "it is the address of a document", "use ISSUER=" + auth0},
		"a password in it":                       {"https://user:hunter2@tenant.eu.auth0.com/", "it has a user", "use ISSUER=" + auth0},
		"an issuer that does not know its https": {"https://proxied.example.com/", `it calls itself "http://proxied.example.com/"`, "tell the issuer its public address"},
		"Okta's own server":                      {"https://tenant.okta.com", "for Okta itself", "ISSUER=https://tenant.okta.com/oauth2/default"},
		"Entra for everybody":                    {"https://login.microsoftonline.com/common/v2.0", "for the tenants of everybody", "with the ID of your tenant"},
		"Entra's older issuer":                   {"https://sts.windows.net/t", "the slash at the end is missing", "Entra has two issuers"},
		"where users of Cognito sign in":         {"https://x.auth.eu-west-1.amazoncognito.com/", "no discovery document", "its issuer is https://cognito-idp.REGION"},
		"no discovery document":                  {"https://other.example.com/", "404 Not Found", "must answer 200 with a JWK Set"},
		"nobody there":                           {"http://127.0.0.1:1/", "no answer from http://127.0.0.1:1/", "compare ISSUER"},
		"no network":                             {"https://nowhere.example.com/", "no answer from", "try again where there is a way to it"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			call{args: "-issuer " + test.issuer + withAudience, env: env}.expect(t, 1, test.says, test.fix, "\nnot fine to ")
		})
	}
}

func TestAMistakeInTheSettingsIsNamedWithItsFix(t *testing.T) {
	local := start(t, issuer.Config{})
	elliptic := start(t, issuer.Config{Algorithms: []string{"ES256"}})
	both := start(t, issuer.Config{Algorithms: []string{"RS256", "ES384"}})
	rsa := tenant(t, issuer.Config{URL: "https://tenant.eu.auth0.com/"})
	env := internet(t, map[string]http.Handler{
		"tenant.eu.auth0.com":                 rsa,
		"id.example.com":                      publish("/realms/a", "https://id.example.com/realms/a", rsa.JWKS()),
		"cognito-idp.eu-west-1.amazonaws.com": publish("/pool", "https://cognito-idp.eu-west-1.amazonaws.com/pool", rsa.JWKS()),
		"t.okta.com":                          publish("/oauth2/default", "https://t.okta.com/oauth2/default", rsa.JWKS()),
	})
	const auth0 = "-issuer https://tenant.eu.auth0.com/"
	for name, test := range map[string]struct{ args, token, says, fix string }{
		"the keys are elsewhere": {"-issuer https://id.example.com/realms/a" + withAudience, "",
			"without JWKS_URI a deploy knows no usual place", "add JWKS_URI=https://id.example.com/keys"},
		"the discovery document in place of the keys": {auth0 + withAudience + " -jwks-uri https://tenant.eu.auth0.com/.well-known/openid-configuration", "",
			"the authorizer gets no keys from", "use JWKS_URI=https://tenant.eu.auth0.com/.well-known/jwks.json"},
		"no keys there": {auth0 + withAudience + " -jwks-uri https://tenant.eu.auth0.com/jwks", "",
			"404 Not Found", "use JWKS_URI=https://tenant.eu.auth0.com/.well-known/jwks.json"},
		"keys over http": {auth0 + withAudience + " -jwks-uri http://tenant.eu.auth0.com/.well-known/jwks.json", "",
			"must begin with https://", "use JWKS_URI=https://tenant.eu.auth0.com/.well-known/jwks.json"},
		"an unknown provider": {auth0 + withAudience + " -provider auth1", "",
			"PROVIDER is auth1, but the issuer's host is that of auth0", "use PROVIDER=auth0"},
		"an unknown provider of an unknown host": {"-issuer " + local.URL() + withAudience + " -provider auth1", "",
			`PROVIDER "auth1" is unknown`, "leave PROVIDER out"},
		"an unknown algorithm": {auth0 + withAudience + " -algorithms RS257", "",
			`ALGORITHMS "RS257" is unknown: use RS256`, "correct ALGORITHMS"},
		"keys for another algorithm than the default": {"-issuer " + elliptic.URL() + withAudience, elliptic.Token(),
			"none of the keys goes with RS256, the default", "add ALGORITHMS=ES256"},
		"keys for another algorithm": {"-issuer " + local.URL() + withAudience + " -algorithms ES256,ES384", local.Token(),
			"none of the keys goes with ES256 ES384", "use ALGORITHMS=RS256"},
		"a token with the other of two algorithms": {"-issuer " + both.URL() + withAudience, both.Token(issuer.Algorithm("ES384")),
			"the token is signed with ES384, allowed is RS256, the default", "add ALGORITHMS='RS256 ES384'"},
		"Cognito as Auth0": {"-issuer https://cognito-idp.eu-west-1.amazonaws.com/pool -audience client1", "",
			"the issuer's host is that of cognito", "add PROVIDER=cognito"},
		"Cognito with an API": {"-issuer https://cognito-idp.eu-west-1.amazonaws.com/pool -provider cognito" + withAudience, "",
			"name the app client they are for", "use AUDIENCE=APP_CLIENT_ID"},
		"Okta as Auth0": {"-issuer https://t.okta.com/oauth2/default" + withAudience, "",
			"the issuer's host is that of okta", "add PROVIDER=okta"},
		"Auth0 as Entra": {auth0 + withAudience + " -provider entra", "",
			"PROVIDER is entra, but the issuer's host is that of auth0", "use PROVIDER=auth0"},
		"another issuer as Auth0": {"-issuer https://id.example.com/realms/a -jwks-uri https://id.example.com/keys -provider auth0" + withAudience, "",
			"a deploy refuses", "leave PROVIDER out"},
		"Auth0's own API": {auth0 + " -audience https://tenant.eu.auth0.com/api/v2/", "",
			"is Auth0's own API", "make an API of your own"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			call{args: test.args, token: test.token, env: env}.expect(t, 1, "!! ", test.says, "fix: "+test.fix, "Fix this first: "+test.fix)
		})
	}
}

func TestKeysThatAreNotUsedAreListedWithTheReason(t *testing.T) {
	local := start(t, issuer.Config{})
	published := func(change func(key map[string]any)) []byte {
		var set struct {
			Keys []map[string]any `json:"keys"`
		}
		local.PublishJWKS(nil)
		if err := json.Unmarshal(local.JWKS(), &set); err != nil {
			t.Fatal(err)
		}
		other := map[string]any{}
		for name, value := range set.Keys[0] {
			other[name] = value
		}
		other["kid"] = "other"
		change(other)
		set.Keys = append(set.Keys, other)
		document, err := json.Marshal(set)
		if err != nil {
			t.Fatal(err)
		}
		return document
	}
	for name, test := range map[string]struct {
		change func(key map[string]any)
		code   int
		want   string
	}{
		"for encryption": {func(key map[string]any) { key["use"] = "enc" }, 0,
			`?? key        "other" (RSA RS256) is not used: use is not sig`},
		"of another algorithm": {func(key map[string]any) { key["alg"] = "PS256" }, 0,
			`?? key        "other" (RSA PS256) is not used: it goes with none of the allowed algorithms (RS256, the default)`},
		"of a kind that nobody knows": {func(key map[string]any) { key["kty"] = "AKP" }, 0,
			`?? key        "other" (AKP RS256) is not used: no allowed algorithm goes with`},
		"with its private half": {func(key map[string]any) { key["d"] = "AQ" }, 1,
			`fix: have the issuer replace this key at once`},
	} {
		t.Run(name, func(t *testing.T) {
			local.PublishJWKS(published(test.change))
			call{args: "-issuer " + local.URL() + withAudience}.expect(t, test.code, test.want, `ok key        "`+local.KeyID()+`"`)
		})
	}
}

func TestAnEndpointThatFailsIsSaidToFail(t *testing.T) {
	local := start(t, issuer.Config{})
	for fault, want := range map[issuer.EndpointFault]string{
		issuer.ServerError:   "500 Internal Server Error",
		issuer.Redirect:      "no redirect is followed, it could lead anywhere: use JWKS_URI=" + local.URL() + "redirected/jwks.json",
		issuer.HTML:          "must answer 200 with a JWK Set",
		issuer.EmptySet:      "must answer 200 with a JWK Set",
		issuer.TruncatedJSON: "must answer 200 with a JWK Set",
		issuer.HugeBody:      "must answer 200 with a JWK Set",
		issuer.Outage:        "no answer from",
	} {
		t.Run(string(fault), func(t *testing.T) {
			local.SetFault(fault)
			call{args: "-issuer " + local.URL() + withAudience, token: local.Token()}.expect(t, 1, "!! keys ", want, "!! key        kid")
		})
	}
}

func TestATokenThatIsRefusedIsExplained(t *testing.T) {
	local := start(t, issuer.Config{})
	good := local.Token()
	compact := func(header, claims string) string { return local.Sign([]byte(header), []byte(claims)) }
	for name, test := range map[string]struct{ token, says, fix string }{
		"expired":              {local.Token(issuer.Expired), "!! exp        expired 1 h 0 min ago", "get a fresh token"},
		"not yet valid":        {local.Token(issuer.NotYetValid), "!! exp        nbf is in 59 min", "compare the clocks"},
		"in milliseconds":      {local.Token(issuer.Claim("exp", time.Now().UnixMilli())), "!! kind ", "have the issuer put it"},
		"for another API":      {local.Token(issuer.WrongAudience), `the token is for "https://another-api.example.com/", this API is "` + audience + `": it is for another API`, "AUDIENCE=https://another-api.example.com/ if that is this API"},
		"for almost this API":  {local.Token(issuer.Audience(audience+"/", "https://t.example/userinfo")), "almost: the slash at the end is missing", "use AUDIENCE=" + audience + "/"},
		"of another issuer":    {local.Token(issuer.WrongIssuer), `trusted is "` + local.URL() + `"`, "use ISSUER=https://another-tenant.example.com/ if that is the issuer you mean"},
		"without an issuer":    {local.Token(issuer.Without("iss")), "!! iss        the token says none", "as it came from the issuer"},
		"by an unknown key":    {local.Token(issuer.UnknownKey), "none of those in use", "get a fresh token from exactly this issuer"},
		"by another key":       {local.Token(issuer.WrongKey), "!! signature  not made with that key", "copy it again"},
		"tampered with":        {local.Token(issuer.Tampered), "!! signature  not made with that key", "copy it again"},
		"unsigned":             {local.Token(issuer.AlgNone), "it is not signed", "a token that the issuer has signed"},
		"unsigned, padded":     {compact(`{"alg":"none","kid":"x"}`, `{}`), "it is not signed", "a token that the issuer has signed"},
		"with a shared secret": {local.Token(issuer.HMACWithPublicKey), "signed with a secret that issuer and API share", "have the issuer sign with RS256"},
		"with an algorithm the issuer has no key for": {local.Token(issuer.Header("alg", "ES256")), "allowed is RS256, the default", "or have it publish the key"},
		"without a kid":      {local.Token(issuer.WithoutHeader("kid")), "which key signed it", "put the kid into the header"},
		"with an odd header": {local.Token(issuer.Header("crit", []string{"x"})), "no access token has such a header", "as it came from the issuer"},
		"opaque":             {"kj3h45kj34h5kj34h5k", "an opaque token, not a JWT", "make token ISSUER=… CLIENT_ID=… AUDIENCE=…"},
		"encrypted":          {"eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..abc.def.ghi", "an encrypted token (JWE)", "make token ISSUER=… CLIENT_ID=… AUDIENCE=…"},
		"cut":                {good[:len(good)/2], "damaged, or no JWT at all", "copy it again"},
		"with a line break":  {good[:40] + "\n" + good[40:], "characters that no token has", "copy it again"},
		"too long":           {local.Token(issuer.Claim("groups", strings.Repeat("x", 9000))), "longer than the authorizer takes", "have the issuer put less into"},
		"an ID token":        {local.Token(issuer.Claim("nonce", "n")), "an ID token, as its claim nonce shows", "send the access_token"},
		"a logout token":     {local.Token(issuer.Header("typ", "logout+jwt")), "no access token has this typ", "send an access token"},
		"bound to a key":     {local.Token(issuer.Claim("cnf", map[string]string{"jkt": "x"})), "DPoP", "not bound to a key"},
		"without an expiry":  {local.Token(issuer.Without("exp")), "there is no exp", "have the issuer put it"},
		"without the scope":  {local.Token(issuer.Scopes("other:scope")), "GET /profile answers 403", "grant it to the client"},
		"with a permission":  {local.Token(issuer.Scopes("openid"), issuer.Claim("permissions", []string{"get:profile"})), "GET /profile answers 403", "it is in the claim permissions"},
		"of Cognito":         {local.Token(issuer.Without("aud"), issuer.Claim("token_use", "access"), issuer.Claim("client_id", audience)), "the token has the shape of Cognito's", "add PROVIDER=cognito"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			call{args: "-issuer " + local.URL() + withAudience, token: test.token}.expect(t, 1, test.says, "fix: ", test.fix, "Fix this first:")
		})
	}
}

func TestAMistakeIsCorrectedForWhatIsLookedAtNext(t *testing.T) {
	local := start(t, issuer.Config{Algorithms: []string{"ES256"}})
	call{args: "-issuer " + strings.TrimSuffix(local.URL(), "/") + withAudience, token: local.Token(issuer.Expired)}.expect(t, 1,
		"fix: use ISSUER="+local.URL(), "fix: add ALGORITHMS=ES256", "ok signature", "!! exp ",
		"  make run ISSUER="+local.URL()+" AUDIENCE="+audience+" ALGORITHMS=ES256\n",
		"Fix this first: use ISSUER="+local.URL())
	rsa := start(t, issuer.Config{})
	call{args: "-issuer " + rsa.URL() + withAudience, token: rsa.Token(issuer.Audience(audience + "/"))}.expect(t, 1,
		"  make run ISSUER="+rsa.URL()+" AUDIENCE="+audience+"/\n")
}

func TestATokenIsExplainedWithoutANetwork(t *testing.T) {
	rsa := tenant(t, issuer.Config{URL: "https://tenant.eu.auth0.com/"})
	nobody := []string{"HTTPS_PROXY=http://127.0.0.1:1", "https_proxy=http://127.0.0.1:1", "NO_PROXY=", "no_proxy="}
	call{args: "-issuer https://tenant.eu.auth0.com/" + withAudience, token: rsa.Token(), env: nobody}.expect(t, 1,
		"!! issuer     no answer from", `ok iss        the token says "https://tenant.eu.auth0.com/"`, "the keys could not be fetched",
		"?? exp        not judged: good for another 23 h 59 min")
}

func TestAWrongCallSaysWhatIsMissing(t *testing.T) {
	for name, test := range map[string]struct {
		call
		want []string
	}{
		"nothing":                        {call{}, []string{"ISSUER is missing", "AUDIENCE is missing"}},
		"no audience":                    {call{args: "-issuer https://t.example/"}, []string{"AUDIENCE is missing"}},
		"a token as an argument":         {call{args: "-issuer https://t.example/ -audience a a.b.c"}, []string{"a token belongs into the environment"}},
		"a token file that is not there": {call{args: "-issuer https://t.example/ -audience a -token-file /nowhere"}, []string{"read the token"}},
		"a token file that is empty":     {call{args: "-issuer https://t.example/ -audience a -token-file -"}, []string{"- is empty"}},
		"a flag that is none":            {call{args: "-tokn x"}, []string{"not defined"}},
	} {
		t.Run(name, func(t *testing.T) { test.expect(t, 2, test.want...) })
	}
}
