package main

import (
	"bytes"
	"encoding/pem"
	"errors"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"accountapi/lambdas/internal/jwt"
)

func load(settings ...string) (config, error) { return loadConfig(environment(settings)) }

func TestDefaultsAreStrict(t *testing.T) {
	c, err := load()
	if err != nil {
		t.Fatal(err)
	}
	auth0, _ := jwt.ProviderNamed("auth0")
	if len(c.issuers) != 1 {
		t.Fatalf("%d issuers, want 1", len(c.issuers))
	}
	issuer := c.issuers[0]
	if issuer.Provider != auth0 || len(issuer.Algorithms) != 1 || issuer.Algorithms[0].Name != "RS256" ||
		c.clockSkew != 30*time.Second || c.namespace != "Authorizer" || len(c.requiredScopes) != 0 {
		t.Errorf("got %+v", c)
	}
}

func TestListsAreSeparatedBySpacesOrCommas(t *testing.T) {
	c, err := load(
		"AUDIENCE=https://a.example, https://b.example",
		"ALGORITHMS=RS256,ES256 EdDSA",
		"REQUIRED_SCOPES= a  b,c ",
	)
	if err != nil {
		t.Fatal(err)
	}
	audiences, algorithms := c.issuers[0].Audiences, c.issuers[0].Algorithms
	if len(audiences) != 2 || len(algorithms) != 3 || len(c.requiredScopes) != 3 {
		t.Errorf("got %d audiences, %d algorithms, %d scopes", len(audiences), len(algorithms), len(c.requiredScopes))
	}
}

func TestClockSkewIsBetween0And120Seconds(t *testing.T) {
	for setting, want := range map[string]time.Duration{
		"CLOCK_SKEW_SECONDS=":    30 * time.Second,
		"CLOCK_SKEW_SECONDS=0":   0,
		"CLOCK_SKEW_SECONDS=1":   time.Second,
		"CLOCK_SKEW_SECONDS=120": 2 * time.Minute,
	} {
		if c, err := load(setting); err != nil || c.clockSkew != want {
			t.Errorf("%s: got %v (%v), want %v", setting, c.clockSkew, err, want)
		}
	}
}

func TestPlainHTTPIsAllowedForALoopbackAddress(t *testing.T) {
	for _, host := range []string{"127.0.0.1:3001", "localhost", "[::1]:80"} {
		if _, err := load("TOKEN_ISSUER=http://"+host+"/", "JWKS_URI=http://"+host+"/jwks"); err != nil {
			t.Errorf("%s: %v", host, err)
		}
	}
}

func TestConfigurationMistakeIsNamed(t *testing.T) {
	for setting, want := range map[string]string{
		"TOKEN_ISSUER=":                         "TOKEN_ISSUER is missing",
		"TOKEN_ISSUER=https://a\tb/":            `TOKEN_ISSUER "https://a\tb/" has a control character`,
		"JWKS_URI=http://tenant.example/":       "https://",
		"JWKS_URI=http://127.0.0.1.evil/":       "https://",
		"JWKS_URI=ftp://tenant.example/":        "https://",
		"JWKS_URI=ftp://localhost/":             "https://",
		"JWKS_URI=http://10.0.0.1/":             "https://",
		"JWKS_URI=http://[fe80::1]/":            "https://",
		"JWKS_URI=http://0.0.0.0/":              "https://",
		"JWKS_URI=https:///":                    "with a host",
		"JWKS_URI=https://[::1":                 "not a URL",
		"JWKS_URI=https://u:secret@t.example/":  "JWKS_URI",
		"JWKS_URI=https://t.example/#x":         "JWKS_URI",
		"TOKEN_ISSUER=https://tenant.example/ ": "a blank",
		"JWKS_URI=https://tenant.example/keys ": "a blank",
		"JWKS_URI=":                             "JWKS_URI is missing",
		"JWKS_URI=file:///etc/jwks":             "JWKS_URI",
		"AUDIENCE=":                             "AUDIENCE is missing",
		"AUDIENCE= , ":                          "AUDIENCE is missing",
		"PROVIDER=auth1":                        `PROVIDER "auth1" is unknown: use one of auth0, rfc9068, cognito, `,
		"ALGORITHMS=HS256":                      `ALGORITHMS "HS256"`,
		"ALGORITHMS=none":                       `ALGORITHMS "none"`,
		"ALGORITHMS=RS256 rs512":                `ALGORITHMS "rs512"`,
		"CLOCK_SKEW_SECONDS=-1":                 "CLOCK_SKEW_SECONDS",
		"CLOCK_SKEW_SECONDS=121":                "CLOCK_SKEW_SECONDS",
		"CLOCK_SKEW_SECONDS=1.5":                "CLOCK_SKEW_SECONDS",
		"CA_BUNDLE=none.pem":                    "CA_BUNDLE cannot be read",
		"CA_BUNDLE=config.go":                   "CA_BUNDLE config.go has no certificate",
	} {
		t.Run(setting, func(t *testing.T) {
			_, err := load(setting)
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Fatalf("got %v, want an error with %q", err, want)
			}
			if strings.Contains(err.Error(), "secret") {
				t.Error("the error holds a password")
			}
		})
	}
}

func TestAllMistakesAreReportedAtOnce(t *testing.T) {
	_, err := load("TOKEN_ISSUER=", "AUDIENCE=", "JWKS_URI=", "PROVIDER=x", "ALGORITHMS=x", "CLOCK_SKEW_SECONDS=x")
	if err == nil {
		t.Fatal("no error")
	}
	for _, name := range []string{"TOKEN_ISSUER", "AUDIENCE", "JWKS_URI", "PROVIDER", "ALGORITHMS", "CLOCK_SKEW_SECONDS"} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%s is not in the error: %v", name, err)
		}
	}
}

func TestCABundleIsRelativeToTheFunctionsFolder(t *testing.T) {
	folder := t.TempDir()
	server := httptest.NewTLSServer(nil)
	defer server.Close()
	want := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	file := filepath.Join(folder, "ca", "authority.pem")
	if err := errors.Join(os.Mkdir(filepath.Dir(file), 0o700), os.WriteFile(file, want, 0o600)); err != nil {
		t.Fatal(err)
	}
	for setting, want := range map[string][]byte{
		"CA_BUNDLE=":                 nil,
		"CA_BUNDLE=ca/authority.pem": want,
		"CA_BUNDLE=" + file:          want,
	} {
		if c, err := load("LAMBDA_TASK_ROOT="+folder, setting); err != nil || !bytes.Equal(c.caBundle, want) {
			t.Errorf("%s: got %q (%v), want %q", setting, c.caBundle, err, want)
		}
	}
}
