package e2e

import (
	"strings"
	"testing"

	"accountapi/test/internal/authorizer"
	"accountapi/test/internal/routes"
	"accountapi/test/issuer"
	"accountapi/test/runtimeapi"
)

// The tests with startAuthorizer run the authorizer's binary without the gateway: what is
// tested there takes the real process and real connections.

// What the authorizer answers, and what API Gateway makes of it.
const (
	allow        = "Allow"            // invokes the route's function
	refuse       = "Unauthorized"     // 401
	notCheckable = "jwks_unavailable" // 500, which the stack maps to 503
)

// function is the compiled authorizer and what it has written to stdout and stderr.
type function struct {
	*runtimeapi.Function
	log *output
}

// startAuthorizer starts the authorizer for the tokens of an issuer. The settings are
// those of trust.
func startAuthorizer(t *testing.T, i *issuer.Server, settings ...string) *function {
	t.Helper()
	return start(t, runtimeapi.Config{Env: trust(i, settings...)})
}

// start starts the authorizer with one process at a time.
func start(t *testing.T, config runtimeapi.Config) *function {
	t.Helper()
	log := &output{}
	config.Output, config.MaxEnvironments = log, 1
	f, err := authorizer.Start(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		f.Close()
		if t.Failed() {
			t.Logf("the authorizer has written:\n%.4000s", log)
		}
	})
	return &function{f, log}
}

// trust returns the variables with which the authorizer trusts the tokens of an issuer.
// Each of settings is written "NAME=value" and replaces a variable or adds one.
func trust(i *issuer.Server, settings ...string) map[string]string {
	env := map[string]string{
		"TOKEN_ISSUER": i.URL(), "AUDIENCE": i.Audience(), "JWKS_URI": i.JWKSURL(),
		"REQUIRED_SCOPES": "", // those of the routes are enough
	}
	for _, setting := range settings {
		name, value, _ := strings.Cut(setting, "=")
		env[name] = value
	}
	return env
}

// startIssuer starts an issuer that signs with these algorithms, or with RS256. Its
// tokens have every scope of the routes.
func startIssuer(t *testing.T, algorithms ...string) *issuer.Server {
	t.Helper()
	return startIssuerFor(t, table, algorithms...)
}

// startIssuerFor starts an issuer whose tokens have every scope of these routes.
func startIssuerFor(t *testing.T, table []routes.Route, algorithms ...string) *issuer.Server {
	t.Helper()
	i, err := issuer.Start("127.0.0.1:0", issuer.Config{Algorithms: algorithms, Scopes: routes.Scopes(table)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { i.Close() })
	return i
}

// ask sends an Authorization value and returns the effect of the policy, or the error.
func (f *function) ask(t *testing.T, authorization string) string {
	t.Helper()
	answer, err := authorizer.Ask(t.Context(), f.Function, authorization)
	if err != nil {
		t.Fatal(err)
	}
	return answer.Effect + answer.Error // one of them is ""
}

func (f *function) expect(t *testing.T, authorization, want string) {
	t.Helper()
	if got := f.ask(t, authorization); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// expectSecretsKept fails the test if a part of one of these values is in what the
// authorizer has written, or a panic.
func (f *function) expectSecretsKept(t *testing.T, values ...string) {
	t.Helper()
	log := f.log.String()
	for _, value := range values {
		for part := range strings.FieldsFuncSeq(value, func(r rune) bool { return strings.ContainsRune(". ,;=", r) }) {
			if len(part) > 60 && strings.Contains(log, part[:60]) {
				t.Errorf("the log has a part of %.80s…", value)
			}
		}
	}
	if strings.Contains(log, "panic") || strings.Contains(log, "goroutine ") {
		t.Error("the log has a panic")
	}
}
