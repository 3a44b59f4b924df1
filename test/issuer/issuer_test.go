package issuer_test

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"accountapi/test/issuer"

	"github.com/go-jose/go-jose/v4"
	josejwt "github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/go-cmp/cmp"
)

// start runs an issuer on a free port until the test ends.
func start(t *testing.T, config issuer.Config) *issuer.Server {
	t.Helper()
	s, err := issuer.Start("127.0.0.1:0", config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// get fetches address and decodes its JSON.
func get[T any](t *testing.T, address string) T {
	t.Helper()
	response, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: status %s", address, response.Status)
	}
	var document T
	if err := json.NewDecoder(response.Body).Decode(&document); err != nil {
		t.Fatalf("GET %s: %v", address, err)
	}
	return document
}

func TestDiscoveryHasWhatOpenIDConnectRequires(t *testing.T) {
	for _, form := range []string{"http://127.0.0.1:3001/", "http://127.0.0.1:3001", "https://tenant.eu.example.com/"} {
		t.Run(form, func(t *testing.T) {
			i, err := issuer.New(issuer.Config{URL: form, Algorithms: []string{"ES256", "EdDSA"}})
			if err != nil {
				t.Fatal(err)
			}
			recorder := httptest.NewRecorder()
			i.ServeHTTP(recorder, httptest.NewRequest("GET", "/.well-known/openid-configuration", nil))
			var got map[string]any
			if err := json.Unmarshal(recorder.Body.Bytes(), &got); err != nil {
				t.Fatal(err)
			}
			host := strings.TrimSuffix(form, "/")
			want := map[string]any{
				"issuer":                                form, // byte for byte (Discovery section 4.3)
				"authorization_endpoint":                host + "/authorize",
				"token_endpoint":                        host + "/oauth/token",
				"jwks_uri":                              host + "/.well-known/jwks.json",
				"response_types_supported":              []any{"code"},
				"subject_types_supported":               []any{"public"},
				"id_token_signing_alg_values_supported": []any{"ES256", "EdDSA"},
				"grant_types_supported":                 []any{"authorization_code", "client_credentials"},
				"scopes_supported":                      []any{"read:things"},
				"token_endpoint_auth_methods_supported": []any{"client_secret_basic", "client_secret_post", "none"},
				"code_challenge_methods_supported":      []any{"S256"},

				"authorization_response_iss_parameter_supported": true,
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			if got := recorder.Header().Get("Content-Type"); got != "application/json" {
				t.Errorf("Content-Type %q", got)
			}
		})
	}
}

// TestTokensVerifyByDiscovery verifies tokens as OpenID libraries do: discovery, JWK Set,
// signature, claims.
func TestTokensVerifyByDiscovery(t *testing.T) {
	known := []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
	s := start(t, issuer.Config{Algorithms: known, Audience: "https://api.example.com/"})
	document := get[struct {
		Issuer string `json:"issuer"`
		JWKS   string `json:"jwks_uri"`
	}](t, s.URL()+".well-known/openid-configuration")
	keys := get[jose.JSONWebKeySet](t, document.JWKS)

	for _, algorithm := range known {
		t.Run(algorithm, func(t *testing.T) {
			allowed := []jose.SignatureAlgorithm{jose.SignatureAlgorithm(algorithm)}
			token, err := josejwt.ParseSigned(s.Token(issuer.Algorithm(algorithm)), allowed)
			if err != nil {
				t.Fatal(err)
			}
			key := keys.Key(token.Headers[0].KeyID)
			if len(key) != 1 || key[0].Algorithm != algorithm || key[0].Use != "sig" || !key[0].IsPublic() {
				t.Fatalf("keys with the token's kid: %+v, want one public %s key for signatures", key, algorithm)
			}
			var claims josejwt.Claims
			if err := token.Claims(key[0], &claims); err != nil {
				t.Fatal(err)
			}
			expected := josejwt.Expected{
				Issuer: document.Issuer, AnyAudience: josejwt.Audience{"https://api.example.com/"},
			}
			if err := claims.Validate(expected); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestJWKSetIsServedWithTheHeadersOfAuth0(t *testing.T) {
	for name, test := range map[string]struct{ config, want string }{
		"default":    {"", "public, max-age=15, stale-while-revalidate=15, stale-if-error=86400"},
		"configured": {"max-age=3600", "max-age=3600"},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, issuer.Config{CacheControl: test.config})
			response, err := http.Get(s.JWKSURL())
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			if got := response.Header.Get("Cache-Control"); got != test.want {
				t.Errorf("Cache-Control %q, want %q", got, test.want)
			}
			if got := response.Header.Get("Content-Type"); got != "application/json; charset=utf-8" {
				t.Errorf("Content-Type %q", got)
			}
			body, err := io.ReadAll(response.Body)
			if err != nil {
				t.Fatal(err)
			}
			if string(body) != string(s.JWKS()) {
				t.Errorf("served %s, want JWKS(): %s", body, s.JWKS())
			}
		})
	}
}

func TestNewReportsEveryMistakeAtOnce(t *testing.T) {
	_, err := issuer.New(issuer.Config{
		URL:        "127.0.0.1:3001",
		Algorithms: []string{"HS256", "none"},
		Scopes:     []string{"read things"},
		Lifetime:   time.Millisecond,
		Provider:   "auth1",
	})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		`url "127.0.0.1:3001"`, `algorithm "HS256"`, `algorithm "none"`, `scope "read things"`, "lifetime 1ms",
		`provider "auth1"`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error does not name %s:\n%v", want, err)
		}
	}
}

func TestNewRefusesInvalidIssuerIdentifiers(t *testing.T) {
	for _, identifier := range []string{
		"", "issuer.example.com", "ftp://issuer.example.com/", "http:///", "http://issuer.example.com/tenant",
		"http://issuer.example.com/?", "http://issuer.example.com/#", "http://user@issuer.example.com/",
		"http://[::1", ":",
	} {
		t.Run(identifier, func(t *testing.T) {
			if _, err := issuer.New(issuer.Config{URL: identifier}); err == nil {
				t.Error("no error")
			}
		})
	}
}

func TestStartReportsWhyItFails(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()

	for name, test := range map[string]struct {
		addr   string
		config issuer.Config
		want   string
	}{
		"port in use":     {taken.Addr().String(), issuer.Config{}, "address already in use"},
		"not loopback":    {"0.0.0.0:0", issuer.Config{}, "not a loopback address"},
		"bad config":      {"127.0.0.1:0", issuer.Config{Algorithms: []string{"RS1"}}, `algorithm "RS1"`},
		"no address":      {"127.0.0.1", issuer.Config{}, "missing port"},
		"every interface": {":0", issuer.Config{}, "not a loopback address"},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := issuer.Start(test.addr, test.config)
			if err == nil {
				s.Close()
				t.Fatal("no error")
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %q, want it to say %q", err, test.want)
			}
		})
	}
}

func TestStartServesUntilClose(t *testing.T) {
	s, err := issuer.Start("127.0.0.1:0", issuer.Config{})
	if err != nil {
		t.Fatal(err)
	}
	address, err := url.Parse(s.URL())
	if err != nil || address.Path != "/" {
		t.Fatalf("URL %q: want the bound address with a slash at the end, as Auth0's", s.URL())
	}
	get[map[string]any](t, s.JWKSURL())

	// Close does not wait for a request that hangs.
	s.SetFault(issuer.Hang)
	hanging := make(chan error)
	go func() {
		_, err := http.Get(s.JWKSURL())
		hanging <- err
	}()
	for s.JWKSFetches() < 2 {
		time.Sleep(time.Millisecond)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := <-hanging; err == nil {
		t.Error("the hanging request was answered")
	}
	if connection, err := net.Dial("tcp", address.Host); err == nil {
		connection.Close()
		t.Error("still listening after Close")
	}
	if err := s.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
}

func TestRotation(t *testing.T) {
	s := start(t, issuer.Config{})
	published := func() []string {
		var kids []string
		for _, key := range get[jose.JSONWebKeySet](t, s.JWKSURL()).Keys {
			kids = append(kids, key.KeyID)
		}
		return kids
	}
	first := s.KeyID()
	second := s.Rotate()
	if first == second || s.KeyID() != second {
		t.Errorf("kids %q, %q, then %q: want a new one that signs", first, second, s.KeyID())
	}
	if got := published(); !slices.Equal(got, []string{first, second}) {
		t.Errorf("after Rotate published %q, want old and new", got)
	}
	if header, _ := decode(t, s.Token()); header["kid"] != second {
		t.Errorf("token signed by %v, want the new key", header["kid"])
	}
	if header, _ := decode(t, s.Token(issuer.SignedBy(first))); header["kid"] != first {
		t.Errorf("token signed by %v, want the old key on demand", header["kid"])
	}

	s.RetireOldKeys()
	if got := published(); !slices.Equal(got, []string{second}) {
		t.Errorf("after RetireOldKeys published %q, want the new one alone", got)
	}

	if err := s.AddKey(second, "ES256"); err != nil { // a kid need not be unique: RFC 7517 section 4.5
		t.Fatal(err)
	}
	if got := published(); !slices.Equal(got, []string{second, second}) {
		t.Errorf("after AddKey published %q, want two with one kid", got)
	}
	if header, _ := decode(t, s.Token(issuer.SignedBy(second))); header["alg"] != "ES256" {
		t.Errorf("SignedBy took the %v key, want the latest", header["alg"])
	}
	if err := s.AddKey("k", "HS256"); err == nil {
		t.Error("AddKey made a symmetric key")
	}

	for _, document := range []string{"", "null", `{"keys":null}`} {
		s.PublishJWKS([]byte(document))
		if got := string(s.JWKS()); got != document {
			t.Errorf("published %q, want %q verbatim", got, document)
		}
	}
	s.PublishJWKS(nil)
	if got := published(); len(got) != 2 {
		t.Errorf("after PublishJWKS(nil) published %q, want the keys again", got)
	}
}

func TestConcurrentUse(t *testing.T) {
	s := start(t, issuer.Config{Algorithms: []string{"ES256"}})
	done := make(chan struct{})
	for _, act := range []func(){
		func() { s.Token() },
		func() { s.Token(issuer.WrongKey) },
		func() { s.Sign(nil, nil) },
		func() { s.Rotate() },
		func() { s.RetireOldKeys() },
		func() { s.PublishJWKS(nil) },
		func() { s.SetFault(issuer.Healthy) },
		func() { s.KeyID(); s.JWKSFetches() },
		func() {
			if response, err := http.Get(s.JWKSURL()); err == nil {
				response.Body.Close()
			}
		},
	} {
		go func() {
			for range 20 {
				act()
			}
			done <- struct{}{}
		}()
	}
	for range 9 {
		<-done
	}
}
