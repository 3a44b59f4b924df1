package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"runtime"

	"golang.org/x/oauth2"
)

// getForUser gets the token of a user with the authorization code grant (RFC 6749 section
// 4.1): the user logs in in the browser, which brings the code to this machine (RFC 8252
// section 7.3). PKCE (RFC 7636) stands in for the secret that a public client does not
// have.
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
	fmt.Fprintf(os.Stderr, "log in at\n\n%s\n\nThe issuer must know %s as a callback URL of the client.\n",
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
	describe(token, s)
	return token.AccessToken, nil
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

// userAdvice returns what to do about a refusal of a user's token, "" if that is the same
// as for a client.
func userAdvice(r refusal, s settings, hasSecret bool) string {
	const kind = "the client may not use the authorization code grant: " +
		"allow it at the issuer (Auth0: make it a Native application)"
	switch {
	case r.says("redirect_uri"), r.says("redirect uri"), r.says("callback"):
		return "the issuer does not know this callback URL: " + register(s.callback.String())
	case r.says("9002327"): // Entra
		return "register the callback URL for a desktop application, not for a single-page application"
	case r.code == "invalid_client" && !hasSecret, r.status == 401 && r.code == "access_denied" && !hasSecret:
		return "the client has a secret: call this as CLIENT_SECRET=… make token USER=1 …, " +
			"or make it a public client at the issuer (Auth0: a Native application)"
	case r.code == "access_denied" && r.says("service not found"), r.code == "invalid_target":
		return noSuchAPI(s)
	case r.code == "access_denied" && r.says("scope"), r.code == "invalid_scope":
		return "the issuer does not know this scope, or the client may not ask for it: " +
			"compare SCOPE with the scopes of the API at the issuer, or leave SCOPE out"
	case r.code == "access_denied" && r.status == 0:
		return "the user or the issuer has refused: log in as a user who may use this client, and give consent"
	case r.code == "unauthorized_client", r.code == "unsupported_response_type", r.code == "unsupported_grant_type":
		return kind
	case r.code == "invalid_grant":
		return "the code is used, or too old: call make token again, and log in within a minute"
	case r.code == "server_error", r.code == "temporarily_unavailable":
		return "the issuer has an internal error: try again later"
	}
	return ""
}

// register says where a callback URL is registered.
func register(callback string) string {
	return fmt.Sprintf("register exactly %s for the client at the issuer "+
		"(Auth0: Applications → the application → Allowed Callback URLs), or set CALLBACK_URL to one that is", callback)
}
