package delivery

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"accountapi/test/gateway"
	"accountapi/test/internal/compiled"
	"accountapi/test/internal/project"
	"accountapi/test/issuer"
)

// With the lines of the README and the zip file, the API of a CDK app in TypeScript
// answers only callers with a valid token.
func TestAuthorizerProtectsTheAPIOfATypeScriptApp(t *testing.T) {
	assembly := synthesize(t)
	auth0 := startIssuer(t)
	one := map[string]string{"TOKEN_ISSUER": auth0.URL(), "AUDIENCE": auth0.Audience(), "JWKS_URI": auth0.JWKSURL()}
	url := serve(t, assembly, one) + "/orders"

	t.Run("a good token", func(t *testing.T) {
		token := auth0.Token(issuer.Subject("auth0|42"), issuer.Scopes("read:orders"))
		status, _, body := get(t, url, "Bearer "+token)
		var caller map[string]any
		if err := json.Unmarshal([]byte(body), &caller); err != nil || status != 200 {
			t.Fatalf("got %d %s, want 200 with what the function got", status, body)
		}
		if caller["sub"] != "auth0|42" || caller["scope"] != "read:orders" || caller["until"] == nil {
			t.Errorf("the function got %s, want sub, scope and until", body)
		}
	})
	for _, test := range []struct{ name, authorization string }{
		{"no token", ""},
		{"another scheme", "Basic YTpi"},
		{"an expired token", "Bearer " + auth0.Token(issuer.Lifetime(-time.Hour))},
		{"a token for another API", "Bearer " + auth0.Token(issuer.Audience("https://other.example"))},
	} {
		t.Run(test.name, func(t *testing.T) {
			status, header, body := get(t, url, test.authorization)
			if challenge := header.Get("WWW-Authenticate"); status != 401 || challenge != "Bearer" {
				t.Errorf("got %d with WWW-Authenticate %q and %s, want 401 with Bearer", status, challenge, body)
			}
		})
	}
	t.Run("a good token while the issuer is down", func(t *testing.T) {
		down := maps.Clone(one)
		down["JWKS_URI"] = "http://127.0.0.1:1/jwks.json"
		url := serve(t, assembly, down) + "/orders"
		status, header, body := get(t, url, "Bearer "+auth0.Token())
		if wait := header.Get("Retry-After"); status != 503 || wait != "5" {
			t.Errorf("got %d with Retry-After %q and %s, want 503 with 5", status, wait, body)
		}
	})
	t.Run("ISSUERS", func(t *testing.T) {
		issuers := strings.NewReplacer("https://tenant.eu.auth0.com/.well-known/jwks.json", auth0.JWKSURL(),
			"https://tenant.eu.auth0.com/", auth0.URL(), "https://api.example.com", auth0.Audience(),
		).Replace(section(t, "## In front of an API that exists", "json"))
		url := serve(t, assembly, map[string]string{
			"ISSUERS": issuers, "TOKEN_ISSUER": "", "AUDIENCE": "", "JWKS_URI": "",
		}) + "/orders"
		for subject, want := range map[string]int{"auth0|42": 200, "auth0|65a1": 401} {
			if status, _, body := get(t, url, "Bearer "+auth0.Token(issuer.Subject(subject))); status != want {
				t.Errorf("%s: got %d %s, want %d", subject, status, body, want)
			}
		}
	})
}

// synthesize type checks and runs the app in testdata with the lines of the README, and
// returns its cloud assembly. The zip file in it has the name of the one for arm64, but a
// program for this machine.
func synthesize(t *testing.T) (assembly string) {
	t.Helper()
	packages := nodePackages(t)
	folder := t.TempDir()
	if err := os.Symlink(packages, filepath.Join(folder, "node_modules")); err != nil {
		t.Fatal(err)
	}
	template, err := os.ReadFile("testdata/cdk/app.ts")
	if err != nil {
		t.Fatal(err)
	}
	app := strings.Replace(string(template), "// README\n", snippets(t, "With the CDK in TypeScript", "ts"), 1)
	write(t, filepath.Join(folder, "app.ts"), app)
	putAuthorizer(t, folder)
	if err := compiled.Build("./testdata/orders", filepath.Join(folder, "orders", "bootstrap")); err != nil {
		t.Fatal(err)
	}
	run(t, folder, "node", "node_modules/typescript/bin/tsc", "--strict", "--skipLibCheck",
		"--module", "commonjs", "--target", "es2022", "app.ts")
	run(t, folder, "node", "app.js")
	return filepath.Join(folder, "cdk.out")
}

// putAuthorizer puts authorizer-linux-arm64.zip into folder, as make dist makes it but
// with the authorizer for this machine.
func putAuthorizer(t *testing.T, folder string) {
	t.Helper()
	var log bytes.Buffer
	bootstrap, err := project.Function(t.Context(), "authorizer", &log)
	if err != nil {
		t.Fatalf("%v\n%s", err, &log)
	}
	const name = "authorizer-linux-arm64.zip"
	dist := t.TempDir()
	run(t, ".", "go", "run", "../cmd/dist", dist, name+"="+bootstrap)
	if err := os.Rename(filepath.Join(dist, name), filepath.Join(folder, name)); err != nil {
		t.Fatal(err)
	}
}

// nodePackages installs the packages of testdata/cdk/package-lock.json, unless they are
// installed already, and returns their folder. The test is skipped where npm cannot get
// them.
func nodePackages(t *testing.T) (folder string) {
	t.Helper()
	lock, err := os.ReadFile("testdata/cdk/package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	prefix, err := filepath.Abs(filepath.Join(root, ".build", "delivery", "cdk"))
	if err != nil {
		t.Fatal(err)
	}
	folder = filepath.Join(prefix, "node_modules")
	done := filepath.Join(prefix, "installed")
	if installed, err := os.ReadFile(done); err == nil && bytes.Equal(installed, lock) {
		return folder
	}
	for _, file := range []string{"package.json", "package-lock.json"} {
		content, err := os.ReadFile(filepath.Join("testdata", "cdk", file))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(prefix, file), string(content))
	}
	// Without a network npm would try for minutes.
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	npm := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund",
		"--loglevel=error", "--prefer-offline", "--fetch-retries=0")
	npm.Dir = prefix
	if output, err := npm.CombinedOutput(); err != nil {
		first, _, _ := strings.Cut(strings.TrimSpace(string(output)), "\n")
		t.Skipf("skipped: npm cannot install aws-cdk-lib here: %v: %s", err, first)
	}
	write(t, done, string(lock))
	return folder
}

func startIssuer(t *testing.T) *issuer.Server {
	t.Helper()
	server, err := issuer.Start("127.0.0.1:0", issuer.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	return server
}

// serve serves a cloud assembly whose functions have these variables, and returns the URL
// of its stage.
func serve(t *testing.T, assembly string, variables map[string]string) (url string) {
	t.Helper()
	var log bytes.Buffer
	served, err := gateway.Load(assembly, gateway.Options{Output: &log, Env: variables})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(served)
	t.Cleanup(func() {
		server.Close()
		served.Close()
		if t.Failed() {
			t.Logf("the functions have written:\n%s", &log)
		}
	})
	return server.URL + "/" + served.Stage()
}

func get(t *testing.T, url, authorization string) (status int, header http.Header, body string) {
	t.Helper()
	request, err := http.NewRequest("GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if authorization != "" {
		request.Header.Set("Authorization", authorization)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, response.Header, string(text)
}
