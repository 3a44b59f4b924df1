package discovery

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// serve starts a server that answers each path with its document. URL in a document is
// replaced by the server's URL, without a slash at the end.
func serve(t *testing.T, documents map[string]string) (url string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		document, ok := documents[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		fmt.Fprint(w, strings.ReplaceAll(document, "URL", url))
	}))
	t.Cleanup(server.Close)
	url = server.URL
	return url
}

func TestFetchReadsBothStandardURLs(t *testing.T) {
	for name, test := range map[string]struct{ path, address string }{
		"an issuer with a slash":              {"/", "/.well-known/openid-configuration"},
		"an issuer without a slash":           {"", "/.well-known/openid-configuration"},
		"an issuer with a path":               {"/realms/a", "/realms/a/.well-known/openid-configuration"},
		"an authorization server":             {"", "/.well-known/oauth-authorization-server"},
		"an authorization server with a path": {"/realms/a", "/.well-known/oauth-authorization-server/realms/a"},
	} {
		t.Run(name, func(t *testing.T) {
			url := serve(t, map[string]string{
				test.address: `{"issuer":"URL` + test.path + `","jwks_uri":"URL/keys","token_endpoint":"URL/token"}`,
			})
			document, err := Fetch(t.Context(), url+test.path)
			if err != nil {
				t.Fatal(err)
			}
			want := Document{
				Address: url + test.address, Issuer: url + test.path,
				JWKSURI: url + "/keys", TokenEndpoint: url + "/token",
			}
			if diff := cmp.Diff(want, document); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if err := document.Check(url + test.path); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestFetchRefusesWhatIsNotADiscoveryDocument(t *testing.T) {
	const address = "/.well-known/openid-configuration"
	for name, test := range map[string]struct{ document, want string }{
		"a web page":          {"<html>", "is not a discovery document"},
		"another JSON object": {`{"keys":[]}`, "it has no issuer"},
		"a wrong type":        {`{"issuer":7}`, "is not a discovery document"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Fetch(t.Context(), serve(t, map[string]string{address: test.document}))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
	for name, test := range map[string]struct{ issuer, want string }{
		"no document":     {serve(t, nil), "404 Not Found"},
		"no server":       {"http://127.0.0.1:1", "connection refused"},
		"a bare domain":   {"tenant.eu.auth0.com", "is not the URL of an issuer"},
		"plain http":      {"http://tenant.example/", "must begin with https://"},
		"a query":         {"https://tenant.example/?a", "is not the URL of an issuer"},
		"with a password": {"https://user:secret@tenant.example/", "is not the URL of an issuer"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Fetch(t.Context(), test.issuer)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func TestFetchDoesNotFollowARedirectToPlainHTTP(t *testing.T) {
	server := httptest.NewServer(http.RedirectHandler("http://192.0.2.1/", http.StatusFound))
	defer server.Close()
	if _, err := Fetch(t.Context(), server.URL); err == nil || !strings.Contains(err.Error(), "302 Found") {
		t.Errorf("got %v", err)
	}
}

func TestCheckRefusesTheDocumentOfAnotherIssuer(t *testing.T) {
	document := Document{Issuer: "https://t.example/"}
	err := document.Check("https://t.example")
	for _, want := range []string{"the slash at the end is missing", "use exactly ISSUER=https://t.example/"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if err := document.Check("https://t.example/"); err != nil {
		t.Error(err)
	}
}

func TestDifferenceNamesWhatDiffers(t *testing.T) {
	const want = "https://t.example:8443/a/"
	const scheme, port, slash = "http instead of https", "the port 8443 is missing", "the slash at the end is missing"
	for got, difference := range map[string]string{
		want:                         "",
		"https://t.example:8443/a":   slash,
		"https://t.example:8443/a//": "the slash at the end must be left out",
		"http://t.example:8443/a/":   scheme,
		"https://T.example:8443/a/":  "upper and lower case of the host differ",
		"https://t.example:8443/A/":  "upper and lower case of the path differ",
		"https://t.example/a/":       port,
		"https://t.example:443/a/":   "port 443 instead of 8443",
		"https://u.example:8443/a/":  "the host is different",
		"https://t.example:8443/b/":  "the path is different",
		"HTTPS://t.example:8443/a/":  "the spelling differs",
		"something else":             "it is a different one",
		"http://t.example/a":         scheme + ", " + port + ", " + slash,
	} {
		if text := Difference(got, want); text != difference {
			t.Errorf("%s: got %q, want %q", got, text, difference)
		}
	}
	if text := Difference("My-API", "my-api"); text != "upper and lower case differ" {
		t.Errorf("got %q", text)
	}
	if text := Difference("https://t.example:443/", "https://t.example/"); text != "the port 443 must be left out" {
		t.Errorf("got %q", text)
	}
}

func TestBesideFindsTheDocumentThatNamesTheKeys(t *testing.T) {
	const document = "/.well-known/openid-configuration"
	for name, test := range map[string]struct{ document, keys, named, want string }{
		"same folder":            {document, "/.well-known/jwks.json", "/.well-known/jwks.json", ""},
		"AD FS":                  {"/adfs" + document, "/adfs/discovery/keys", "/adfs/discovery/keys", ""},
		"Keycloak":               {"/realms/a" + document, "/realms/a/p/certs", "/realms/a/p/certs", ""},
		"of another set of keys": {document, "/keys", "/other-keys", "there is no discovery document beside"},
		"no document":            {"/elsewhere", "/keys", "/keys", "there is no discovery document beside"},
	} {
		t.Run(name, func(t *testing.T) {
			url := serve(t, map[string]string{
				test.document: `{"issuer":"a name","access_token_issuer":"another","jwks_uri":"URL` + test.named + `"}`,
			})
			got, err := Beside(t.Context(), url+test.keys)
			if test.want != "" {
				if err == nil || !strings.Contains(err.Error(), test.want) {
					t.Errorf("got %v, want %q", err, test.want)
				}
				return
			}
			want := Document{
				Address: url + test.document, Issuer: "a name", AccessTokenIssuer: "another", JWKSURI: url + test.keys,
			}
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("%v (-want +got)\n%s", err, diff)
			}
		})
	}
}
