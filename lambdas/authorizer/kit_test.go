package main

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"sync"
	"testing"

	"accountapi/lambdas/internal/tokentest"

	"github.com/aws/aws-lambda-go/lambdacontext"
)

// The keys and edits of the tests, by their short names.
var (
	key1, key2, stranger = tokentest.Key1, tokentest.Key2, tokentest.Stranger
	ed, by, mint         = tokentest.Ed, tokentest.By, tokentest.Mint
	claim, absent        = tokentest.Claim, tokentest.Absent
	keySet, toJSON       = tokentest.JWKS, tokentest.JSON
)

const (
	testIssuer   = tokentest.Issuer
	testAudience = tokentest.Audience
	testArn      = "arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/prod/GET/items"
	testStage    = "arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/prod/*"
)

func bearerOf(edits ...tokentest.Edit) string { return "Bearer " + mint(edits...) }

// syncBuffer is a log that may be written to while it is read: by a fetch for which no
// caller waits any more.
type syncBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

// take returns what has been written since the last call.
func (b *syncBuffer) take() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	defer b.buffer.Reset()
	return b.buffer.String()
}

// bed is an authorizer, built as main builds it, with its issuer.
type bed struct {
	*authorizer
	*tokentest.Server
	clock *tokentest.Clock
	lines *syncBuffer
}

// newBed starts an issuer with this JWK Set and an authorizer with these settings on top
// of the usual ones, and fetches the keys as init does.
func newBed(t testing.TB, document string, settings ...string) *bed {
	t.Helper()
	b := &bed{Server: tokentest.Serve(t, document), clock: &tokentest.Clock{}, lines: &syncBuffer{}}
	b.start(t, settings...)
	b.prefetch()
	return b
}

func (b *bed) start(t testing.TB, settings ...string) {
	t.Helper()
	env := environment(append([]string{"JWKS_URI=" + b.URL}, settings...))
	var err error
	if b.authorizer, err = newAuthorizer(env, b.lines, b.clock.Now); err != nil {
		t.Fatal(err)
	}
	for _, keys := range b.keySets {
		t.Cleanup(keys.Close)
	}
}

// environment has these settings, written NAME=value, on top of the usual ones.
func environment(settings []string) func(string) string {
	env := map[string]string{
		"TOKEN_ISSUER": testIssuer, "AUDIENCE": testAudience, "JWKS_URI": testIssuer + ".well-known/jwks.json",
		"AWS_LAMBDA_FUNCTION_NAME": "authorizer",
	}
	for _, setting := range settings {
		name, value, _ := strings.Cut(setting, "=")
		env[name] = value
	}
	return func(name string) string { return env[name] }
}

// call sends an Authorization value through the handler and returns the decision and the
// reason, both as logged, after checking that the answer says the same and that nothing
// of the token is in the log or the error.
func (b *bed) call(t testing.TB, authorization string) (decision, why string) {
	t.Helper()
	line := b.lineOf(t, authorization)
	decision, _ = line["decision"].(string)
	why, _ = line["reason"].(string)
	return decision, why
}

// lineOf is call, and returns the log line of the decision.
func (b *bed) lineOf(t testing.TB, authorization string) (line map[string]any) {
	t.Helper()
	b.lines.take()
	ctx := lambdacontext.NewContext(context.Background(), &lambdacontext.LambdaContext{AwsRequestID: "request-1"})
	event := toJSON(request{Type: "TOKEN", AuthorizationToken: authorization, MethodArn: testArn})
	policy, err := b.Invoke(ctx, []byte(event))
	text := b.lines.take()
	for one := range strings.Lines(text) {
		if strings.Contains(one, `"msg":"decision"`) {
			if err := json.Unmarshal([]byte(one), &line); err != nil {
				t.Fatalf("the log line is no JSON: %v\n%s", err, one)
			}
		}
	}
	got := "error"
	switch {
	case err == nil:
		got = strings.ToLower(effect(policy))
	case err.Error() == "Unauthorized":
		got = "refuse"
	}
	if got != line["decision"] {
		t.Errorf("answered %q but logged %q", got, line["decision"])
	}
	for part := range strings.FieldsFuncSeq(authorization, func(r rune) bool { return strings.ContainsRune(". ", r) }) {
		if len(part) > 40 && (strings.Contains(text, part) || err != nil && strings.Contains(err.Error(), part)) {
			t.Errorf("a part of the token is in the log or the error: %s", text)
		}
	}
	return line
}

// contextOf returns the context for the functions in the answer about an accepted token.
func (b *bed) contextOf(t testing.TB, authorization string) map[string]string {
	t.Helper()
	event := request{Type: "TOKEN", AuthorizationToken: authorization, MethodArn: testArn}
	text, err := b.Invoke(t.Context(), []byte(toJSON(event)))
	if err != nil {
		t.Fatal(err)
	}
	var answer struct{ Context map[string]string }
	if err := json.Unmarshal(text, &answer); err != nil {
		t.Fatal(err)
	}
	return answer.Context
}

// effect returns the effect of a policy.
func effect(policy []byte) string {
	var document struct {
		PolicyDocument struct{ Statement []struct{ Effect string } }
	}
	if json.Unmarshal(policy, &document) != nil || len(document.PolicyDocument.Statement) != 1 {
		return "no policy"
	}
	return document.PolicyDocument.Statement[0].Effect
}
