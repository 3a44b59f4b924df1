// Command token gets an access token from an OpenID provider: with the client credentials
// grant (RFC 6749 section 4.4) that of a client, and with -user that of a user, who logs
// in in the browser. make token starts it.
//
// It prints only the token to standard output. It reads the client's secret from the
// environment (CLIENT_SECRET) or from a prompt that does not show it, never from an
// argument, which other users of the machine could see. The exit code is 1 if it gets no
// token, and 2 if its arguments are not valid.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"accountapi/test/internal/printable"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	stderr := printable.Writer(os.Stderr)
	s, err := parse(os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(stderr, "token:", err)
		os.Exit(2)
	}
	get := getForClient
	if s.user {
		get = getForUser
	}
	token, err := get(ctx, s)
	if err != nil {
		fmt.Fprintln(stderr, "token:", err)
		os.Exit(1)
	}
	fmt.Println(token)
}

// settings are the flags.
type settings struct {
	issuer, clientID   string
	audience, resource string // the API, in the parameter that the issuer knows
	scopes             []string
	user               bool
	callback           *url.URL // where the browser comes back to; its port may be 0
	timeout            time.Duration
}

// parse reads the flags. Its error names every mistake.
func parse(args []string) (settings, error) {
	var s settings
	var scope string
	flags := flag.NewFlagSet("token", flag.ContinueOnError)
	flags.SetOutput(os.Stderr)
	flags.StringVar(&s.issuer, "issuer", "", "`URL` of the OpenID provider, exactly as in the iss of its tokens")
	flags.StringVar(&s.clientID, "client-id", "",
		"`ID` of the client at the issuer; its secret comes from CLIENT_SECRET or a prompt")
	flags.StringVar(&s.audience, "audience", "",
		"`identifier` of the API that the token is for, if the issuer requires it (Auth0)")
	flags.StringVar(&s.resource, "resource", "",
		"`URL` of the API that the token is for, if the issuer requires it in this parameter (RFC 8707, AD FS)")
	flags.StringVar(&scope, "scope", "",
		"`scopes` to request, separated by spaces; all that the client is granted if left out")
	flags.BoolVar(&s.user, "user", false, "get the token of a user, who logs in in the browser")
	callback := flags.String("callback-url", "",
		"`URL` on this machine that the browser comes back to, as it is registered at the issuer; "+
			defaultCallback+" if left out")
	flags.DurationVar(&s.timeout, "timeout", 5*time.Minute, "how `long` to wait for the login")
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	s.scopes = strings.Fields(scope)

	var problems []error
	if s.issuer == "" {
		problems = append(problems, errors.New(
			"ISSUER is missing: set the issuer of the token, for example ISSUER=https://TENANT.eu.auth0.com/"))
	}
	if s.clientID == "" {
		problems = append(problems, errors.New(
			"CLIENT_ID is missing: set it to the client ID in the client's settings at the issuer"))
	}
	switch {
	case *callback == "":
		*callback = defaultCallback
	case !s.user:
		problems = append(problems, errors.New("CALLBACK_URL is for the token of a user: add USER=1"))
	}
	var err error
	if s.callback, err = parseCallback(*callback); err != nil {
		problems = append(problems, err)
	}
	if flags.NArg() > 0 {
		// The argument is not repeated: it may be a secret.
		problems = append(problems, errors.New(
			"unexpected argument: see -help; pass a secret in the environment, as CLIENT_SECRET"))
	}
	return s, errors.Join(problems...)
}
