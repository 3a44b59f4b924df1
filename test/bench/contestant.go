package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"

	"accountapi/test/internal/authorizer"
	"accountapi/test/runtimeapi"
)

// kind says what a contestant is in the comparison.
type kind string

const (
	ours      kind = "ours"
	reference kind = "reference" // not an authorizer: shows what Lambda, runtime and crypto cost
	peer      kind = "peer"
)

// authorizerName is the authorizer's name in every table.
const authorizerName = "this authorizer"

// contestant is one function in the comparison: a bootstrap and its measured figures.
type contestant struct {
	name      string
	kind      kind
	folder    string   // of its source, below contestants; "" for the authorizer
	modules   []string // the libraries whose versions are reported
	node      bool
	httpsOnly bool // accepts no http URL for the key set
	oneThread bool // GOMAXPROCS=1, which the authorizer sets for itself

	bootstrap string // to run on this machine
	row       *row
}

// contestants returns all that take part. The floor takes part twice, which shows the
// noise, and once more on one thread, which shows how much the authorizer gains by that.
func contestants() []*contestant {
	list := []*contestant{
		{name: authorizerName, kind: ours, modules: []string{"github.com/lestrrat-go/jwx/v2"}},
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

// event is an authorizer event, with the subject of its token.
type event struct {
	payload []byte
	subject string
}

func newEvent(token, subject string) event {
	return event{authorizer.Event("Bearer " + token), subject}
}

// verdict is what an authorizer's answer means to API Gateway.
type verdict string

const (
	allow  verdict = "allow"
	refuse verdict = "refuse" // a 401
	fault  verdict = "error"  // a 500
)

// verdictOf reads an answer. It is allow only if the answer has all that API Gateway and
// the functions behind it need, for the subject of the token.
func verdictOf(result runtimeapi.Result, subject string) verdict {
	answer, err := authorizer.Read(result)
	switch {
	case err != nil:
		return fault
	case answer.Error == "Unauthorized":
		return refuse
	case answer.Effect != "Allow":
		return fault
	case subject != anybody && (answer.PrincipalID != subject || answer.Context["scope"] != "get:profile"):
		return fault
	}
	return allow
}

// anybody is the subject for references, which read no claims.
const anybody = ""

// function is a contestant that runs, in one environment.
type function struct {
	*runtimeapi.Function
	contestant *contestant
	name       string
	pid        int // of its process; 0 until usage has looked for it
	last       *lastLines
}

// start returns the contestant as a function that trusts the tenant. No process runs yet.
func (c *contestant) start(t *tenant) (*function, error) {
	return c.startAs(c.bootstrap, t)
}

func (c *contestant) startAs(bootstrap string, t *tenant) (*function, error) {
	f := &function{contestant: c, name: "bench-" + rand.Text(), last: &lastLines{}}
	var err error
	f.Function, err = authorizer.Start(runtimeapi.Config{
		Name:            f.name,
		Bootstrap:       bootstrap,
		Env:             t.environment(c),
		MaxEnvironments: 1,
		Output:          f.last,
	})
	return f, err
}

// answer invokes the function with one event and returns its verdict.
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

// errVerdict says that a good token was refused: what was measured is not a verification.
var errVerdict = errors.New("a good token was refused")

// mustAllow invokes the function with a good token.
func (f *function) mustAllow(ctx context.Context, e event) (runtimeapi.Result, error) {
	got, result, err := f.answer(ctx, e)
	if err == nil && got != allow {
		err = fmt.Errorf("%s: %w: %s %s", f.contestant.name, errVerdict, result.Payload, f.last)
	}
	return result, err
}

// lastLines keeps the end of what a function has written, to explain a failure.
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
