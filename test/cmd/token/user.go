package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"runtime"

	"accountapi/test/internal/printable"

	"golang.org/x/oauth2"
)

// getForUser gets the token of a user with the authorization code grant (RFC 6749 section
// 4.1): the user logs in in the browser, which sends the code to this machine (RFC 8252
// section 7.3). PKCE (RFC 7636) replaces the secret, which a public client does not have.
func getForUser(ctx context.Context, s settings) (string, error) {
	document, err := discover(ctx, s.issuer)
	if err == nil {
		err = checkEndpoint(document, "authorization_endpoint", document.AuthorizationEndpoint)
	}
	if err != nil {
		return "", err
	}
	state, verifier := rand.Text(), oauth2.GenerateVerifier()
	callback, err := listen(s, state)
	if err != nil {
		return "", err
	}
	defer callback.close()

	secret := os.Getenv("CLIENT_SECRET")
	config := oauth2.Config{
		ClientID: s.clientID, ClientSecret: secret, RedirectURL: callback.url, Scopes: s.scopes,
		Endpoint: oauth2.Endpoint{
			AuthURL: document.AuthorizationEndpoint, TokenURL: document.TokenEndpoint,
			AuthStyle: oauth2.AuthStyleInParams, // of a public client: only its ID
		},
	}
	if secret != "" {
		config.Endpoint.AuthStyle = authStyle(document.TokenAuthMethods)
	}
	options := []oauth2.AuthCodeOption{oauth2.S256ChallengeOption(verifier)}
	for name, value := range s.api() {
		options = append(options, oauth2.SetAuthURLParam(name, value))
	}
	login := config.AuthCodeURL(state, options...)
	fmt.Fprintf(printable.Writer(os.Stderr),
		"log in at\n\n%s\n\nThe issuer must know %s as a callback URL of the client.\n",
		login, callback.url)
	openBrowser(login)

	code, err := callback.wait(ctx)
	if err != nil {
		return "", err
	}
	exchange := []oauth2.AuthCodeOption{oauth2.VerifierOption(verifier)}
	if s.resource != "" { // RFC 8707 section 2.2
		exchange = append(exchange, oauth2.SetAuthURLParam("resource", s.resource))
	}
	token, err := config.Exchange(withoutRedirects(ctx), code, exchange...)
	if err != nil {
		return "", explain(err, s, secret, document.TokenEndpoint)
	}
	return printed(token, s)
}

// openBrowser opens a page in the browser if this machine has one with a window. Otherwise
// the user opens the URL that is printed.
func openBrowser(page string) {
	var command *exec.Cmd
	switch {
	case runtime.GOOS == "darwin":
		command = exec.Command("open", page)
	case os.Getenv("DISPLAY")+os.Getenv("WAYLAND_DISPLAY") == "":
		return // xdg-open would start a browser in this terminal
	default:
		command = exec.Command("xdg-open", page)
	}
	if command.Start() == nil {
		go command.Wait()
	}
}
