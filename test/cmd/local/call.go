package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
)

// tryOut calls the first route once, to show mistakes before the API is announced. The
// error says that the authorizer cannot check tokens with the settings. Any other failure
// is only a warning: a function may need something that does not exist locally.
//
// The function is called only with GET, which changes nothing. For another method, and
// without a local issuer, a token is sent that must be refused.
func (a *api) tryOut(ctx context.Context, url, token string) error {
	if len(a.routes) == 0 {
		return nil
	}
	route := a.routes[0]
	method, path := route.Call()
	isRefused := !route.Public && (token == "" || method != http.MethodGet)
	switch {
	case route.Public && method != http.MethodGet:
		return nil
	case isRefused:
		token = "none"
	}
	request, err := http.NewRequestWithContext(ctx, method, url+path, nil)
	if err != nil {
		return err
	}
	if !route.Public {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	switch errorType := response.Header.Get("X-Amzn-Errortype"); {
	case isRefused && response.StatusCode == http.StatusUnauthorized:
	case !isRefused && errorType == "" && response.StatusCode < 500:
	case errorType == "AuthorizerConfigurationException" || isRefused:
		return fmt.Errorf("%s answers %s, the authorizer does not work with these settings:\n%s",
			route, response.Status, a.log.lines())
	default:
		fmt.Fprintf(os.Stderr, "warning: %s %s answers %s, the reason is in the lines below\n",
			method, path, response.Status)
	}
	return nil
}
