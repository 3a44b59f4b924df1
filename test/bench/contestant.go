package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"accountapi/test/runtimeapi"
)

// kind says what a contestant is in the comparison.
type kind string

const (
	ours      kind = "ours"
	reference kind = "reference" // not an authorizer: shows what the rest costs
	peer      kind = "peer"
)

// contestant is one function in the comparison: a bootstrap and its measured figures.
type contestant struct {
	name      string
	kind      kind
	folder    string   // of its source, below contestants; "" for the authorizer
	modules   []string // whose versions tell which libraries were measured
	node      bool
	httpsOnly bool // takes keys from no http address
	oneThread bool // GOMAXPROCS=1, which the authorizer sets for itself

	bootstrap string // to run on this machine
	row       *row
}

// contestants returns everyone who takes part: the authorizer, the floor, the floor once
// more to see the noise, and on one thread to see what the authorizer owes to that, and the
// rest.
func contestants() []*contestant {
	list := []*contestant{
		{name: "this authorizer", kind: ours, modules: []string{"github.com/lestrrat-go/jwx/v2"}},
		{name: "floor", kind: reference, folder: "floor"},
		{name: "floor again", kind: reference, folder: "floor"},
		{name: "floor on one thread", kind: reference, folder: "floor", oneThread: true},
		{name: "no-op", kind: reference, folder: "noop"},
		{name: "keyfunc + golang-jwt", kind: peer, folder: "keyfunc",
			modules: []string{"github.com/MicahParks/keyfunc/v3", "github.com/golang-jwt/jwt/v5"}},
		{name: "jwx", kind: peer, folder: "jwx", modules: []string{"github.com/lestrrat-go/jwx/v2"}},
		{name: "go-oidc", kind: peer, folder: "go-oidc", modules: []string{"github.com/coreos/go-oidc/v3"}},
		{name: "go-jwt-middleware", kind: peer, folder: "go-jwt-middleware",
			modules: []string{"github.com/auth0/go-jwt-middleware/v3"}},
		{name: "no-op on Node.js", kind: reference, folder: "node/noop", node: true},
		{name: "jsonwebtoken + jwks-rsa", kind: peer, folder: "node/jsonwebtoken", node: true,
			modules: []string{"jsonwebtoken", "jwks-rsa"}},
		{name: "aws-jwt-verify", kind: peer, folder: "node/aws-jwt-verify", node: true, httpsOnly: true,
			modules: []string{"aws-jwt-verify"}},
		{name: "jose", kind: peer, folder: "node/jose", node: true, modules: []string{"jose"}},
	}
	for _, c := range list {
		c.row = &row{Name: c.name, Kind: c.kind}
	}
	return list
}

// event is an authorizer event, with the caller that its token is for.
type event struct {
	payload []byte
	subject string
}

// newEvent is what API Gateway sends a TOKEN authorizer.
func newEvent(token, subject string) event {
	payload, err := json.Marshal(map[string]string{
		"type":               "TOKEN",
		"authorizationToken": "Bearer " + token,
		"methodArn":          "arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/prod/GET/profile",
	})
	if err != nil {
		panic(err) // strings always marshal
	}
	return event{payload, subject}
}

// verdict is what an authorizer's answer means to API Gateway.
type verdict string

const (
	allow  verdict = "allow"
	refuse verdict = "refuse" // a 401
	fault  verdict = "error"  // a 500
)

// verdictOf reads an answer. It is allow only if all is there that API Gateway and the
// handlers need, for the caller that the token was made for.
func verdictOf(result runtimeapi.Result, subject string) verdict {
	if result.FunctionError != "" {
		var failure struct{ ErrorMessage string }
		if json.Unmarshal(result.Payload, &failure) == nil && failure.ErrorMessage == "Unauthorized" {
			return refuse
		}
		return fault
	}
	var answer struct {
		PrincipalID    string
		PolicyDocument struct{ Statement []struct{ Effect string } }
		Context        struct{ Scope string }
	}
	if json.Unmarshal(result.Payload, &answer) != nil || len(answer.PolicyDocument.Statement) != 1 ||
		answer.PolicyDocument.Statement[0].Effect != "Allow" {
		return fault
	}
	if subject != anybody && (answer.PrincipalID != subject || answer.Context.Scope != "get:profile") {
		return fault
	}
	return allow
}

// anybody is the subject where references answer, which do not look at claims.
const anybody = ""

// function is a contestant that runs, in one environment.
type function struct {
	*runtimeapi.Function
	contestant *contestant
	name       string
	pid        int // of its process, once somebody has asked
	last       *lastLines
}

// start starts a contestant that trusts the tenant, or only prepares to: its process
// starts with the first invocation.
func (c *contestant) start(t *tenant) (*function, error) {
	return c.startAs(c.bootstrap, t.environment(c))
}

func (c *contestant) startAs(bootstrap string, env map[string]string) (*function, error) {
	f := &function{contestant: c, name: "bench-" + rand.Text(), last: &lastLines{}}
	var err error
	f.Function, err = runtimeapi.Start(runtimeapi.Config{
		Name:            f.name,
		Bootstrap:       bootstrap,
		Env:             env,
		Timeout:         5 * time.Second, // as deployed
		MaxEnvironments: 1,
		Output:          f.last,
	})
	return f, err
}

// answer invokes the function with one event and returns how it decided.
func (f *function) answer(ctx context.Context, e event) (verdict, runtimeapi.Result, error) {
	result, err := f.Invoke(ctx, e.payload)
	if err != nil {
		return "", result, err
	}
	subject := e.subject
	if f.contestant.kind == reference {
		subject = anybody
	}
	return verdictOf(result, subject), result, nil
}

// errVerdict is an answer that makes all timing meaningless: a good token not let in.
var errVerdict = errors.New("a good token was not let in")

// mustAllow invokes the function with a good token.
func (f *function) mustAllow(ctx context.Context, e event) (runtimeapi.Result, error) {
	got, result, err := f.answer(ctx, e)
	if err == nil && got != allow {
		err = fmt.Errorf("%s: %w: %s %s", f.contestant.name, errVerdict, result.Payload, f.last)
	}
	return result, err
}

// lastLines keeps the end of what a function wrote, to explain a failure.
type lastLines struct {
	mu      sync.Mutex
	text    []byte
	written int // bytes in all
}

func (l *lastLines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.written += len(p)
	l.text = append(l.text, p...)
	if len(l.text) > 4096 {
		l.text = append(l.text[:0], l.text[len(l.text)-2048:]...)
	}
	return len(p), nil
}

func (l *lastLines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.text)
}
