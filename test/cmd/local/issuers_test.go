package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"accountapi/test/internal/internet"
	"accountapi/test/internal/routes"
	"accountapi/test/issuer"
)

// projectAssembly is this project's own assembly, whose template has an issuer that does
// not exist.
var projectAssembly = filepath.Join("..", "..", "..", ".build", "local", "assembly")

func TestTheLocalIssuerImitatesEveryProvider(t *testing.T) {
	r := route(t)
	for _, provider := range routes.List(providers) {
		t.Run(provider, func(t *testing.T) {
			p := start(t, "-port", "0", "-issuer-port", "0", "-provider", provider)
			url := p.value(t, "API_URL")
			expectLetIn(t, url, r, p.value(t, "TOKEN"))
		})
	}
}

func TestTheLocalIssuerSignsWithTheGivenAlgorithm(t *testing.T) {
	r := route(t)
	for _, algorithm := range []string{"ES256", "EdDSA", "Ed25519"} {
		p := start(t, "-port", "0", "-issuer-port", "0", "-algorithms", algorithm)
		url := p.value(t, "API_URL")
		expectLetIn(t, url, r, p.value(t, "TOKEN"))
	}
}

func TestTheTokenHasTheScopesThatAreAskedFor(t *testing.T) {
	r := route(t)
	if len(r.Scopes) == 0 {
		t.Skip("skipped: the first route that needs a token needs no scope")
	}
	p := start(t, "-port", "0", "-issuer-port", "0", "-scopes", "a:b,c:d e:f")
	url, token := p.value(t, "API_URL"), p.value(t, "TOKEN")
	if status, errorType := call(t, url, r, token); status != 403 || errorType != "" {
		t.Errorf("got %d %s, want the function's 403", status, errorType)
	}
	p = start(t, "-port", "0", "-issuer-port", "0", "-provider", "okta", "-scopes", strings.Join(r.Scopes, ","))
	url = p.value(t, "API_URL")
	expectLetIn(t, url, r, p.value(t, "TOKEN"))
}

// tenant starts an issuer with the scopes of a route.
func tenant(t *testing.T, scopes []string) *issuer.Server {
	t.Helper()
	i, err := issuer.Start("127.0.0.1:0", issuer.Config{Scopes: scopes})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { i.Close() })
	return i
}

func TestTokensOfTwoIssuersAreLetIn(t *testing.T) {
	r := route(t)
	a, b := tenant(t, r.Scopes), tenant(t, r.Scopes)
	entry := func(i *issuer.Server) string {
		return fmt.Sprintf(`{"issuer":%q,"jwksUri":%q,"audience":[%q]}`, i.URL(), i.JWKSURL(), i.Audience())
	}
	p := start(t, "-port", "0", "-env", "ISSUERS=["+entry(a)+","+entry(b)+"]")
	url := p.value(t, "API_URL")
	expectLetIn(t, url, r, a.Token())
	expectLetIn(t, url, r, b.Token())
	if status, _ := call(t, url, r, tenant(t, r.Scopes).Token()); status != 401 {
		t.Errorf("a third issuer's token got %d, want 401", status)
	}
}

func TestAGivenIssuerReplacesTheListOfTheTemplate(t *testing.T) {
	r := route(t)
	assembly := t.TempDir()
	if err := os.CopyFS(assembly, os.DirFS(projectAssembly)); err != nil {
		t.Fatal(err)
	}
	templates, err := filepath.Glob(filepath.Join(assembly, "*.template.json"))
	if err != nil {
		t.Fatal(err)
	}
	edited := false
	for _, file := range templates {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		before, after, ok := strings.Cut(string(text), `"TOKEN_ISSUER":`)
		if !ok {
			continue
		}
		edited = true
		list := `"ISSUERS": "[{\"issuer\":\"https://t.example/\",\"jwksUri\":\"https://t.example/k\",\"audience\":[\"x\"]}]",`
		if err := os.WriteFile(file, []byte(before+list+`"TOKEN_ISSUER":`+after), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if !edited {
		t.Skip("skipped: the template has no TOKEN_ISSUER in the authorizer's environment")
	}
	p := start(t, "-assembly", assembly, "-port", "0", "-issuer-port", "0")
	url := p.value(t, "API_URL")
	expectLetIn(t, url, r, p.value(t, "TOKEN"))

	given := tenant(t, r.Scopes)
	p = start(t, "-assembly", assembly, "-port", "0", "-issuer", given.URL(), "-audience", given.Audience())
	expectLetIn(t, p.value(t, "API_URL"), r, given.Token())
}

// withCABundle returns a copy of this project's assembly with the CA bundle that
// network.caBundle packs.
func withCABundle(t *testing.T, file string) (assembly string) {
	t.Helper()
	assembly = t.TempDir()
	if err := os.CopyFS(assembly, os.DirFS(projectAssembly)); err != nil {
		t.Fatal(err)
	}
	bundle, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	templates, err := filepath.Glob(filepath.Join(assembly, "*.template.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, template := range templates {
		text, err := os.ReadFile(template)
		if err != nil {
			t.Fatal(err)
		}
		edited := strings.Replace(string(text), `"TOKEN_ISSUER":`, `"CA_BUNDLE": "ca.pem", "TOKEN_ISSUER":`, 1)
		if err := os.WriteFile(template, []byte(edited), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	packed, err := routes.CABundle(assembly)
	if err != nil || packed == "" {
		t.Fatalf("the assembly has no authorizer to put the bundle into: %v", err)
	}
	if err := os.WriteFile(packed, bundle, 0o644); err != nil {
		t.Fatal(err)
	}
	return assembly
}

func TestThePackedCABundleIsTrustedByTheAuthorizerAndByDiscovery(t *testing.T) {
	r := route(t)
	i, err := issuer.New(issuer.Config{URL: "https://id.internal/", Scopes: r.Scopes})
	if err != nil {
		t.Fatal(err)
	}
	var ca string
	env := slices.DeleteFunc(internet.Serve(t, map[string]http.Handler{"id.internal": i}), func(variable string) bool {
		file, found := strings.CutPrefix(variable, "SSL_CERT_FILE=")
		if found {
			ca = file
		}
		return found
	})
	p := command(t, "-assembly", withCABundle(t, ca), "-port", "0", "-issuer", i.URL(), "-audience", i.Audience())
	p.Env = append(os.Environ(), env...)
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Process.Kill() })
	expectLetIn(t, p.value(t, "API_URL"), r, i.Token())
}

func TestFunctionsReachTheIssuerThroughTheProxyOfTheShell(t *testing.T) {
	r := route(t)
	i, err := issuer.New(issuer.Config{URL: "https://kc.example.com/", Provider: "keycloak", Scopes: r.Scopes})
	if err != nil {
		t.Fatal(err)
	}
	env := internet.Serve(t, map[string]http.Handler{"kc.example.com": i})
	n := slices.IndexFunc(env, func(variable string) bool { return strings.HasPrefix(variable, "SSL_CERT_FILE=") })
	folder, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	relative, err := filepath.Rel(folder, strings.TrimPrefix(env[n], "SSL_CERT_FILE="))
	if err != nil {
		t.Fatal(err)
	}
	env[n] = "SSL_CERT_FILE=" + relative // as typed in a shell

	p := command(t, "-port", "0", "-issuer", i.URL(), "-audience", i.Audience(), "-provider", "keycloak")
	p.Env = append(os.Environ(), env...)
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Process.Kill() })
	expectLetIn(t, p.value(t, "API_URL"), r, i.Token(issuer.Kind("user")))
}
