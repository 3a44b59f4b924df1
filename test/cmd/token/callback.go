package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"syscall"
	"time"

	"accountapi/test/internal/discovery"
)

// defaultCallback has a fixed port, because most issuers compare the whole URL with the
// registered ones, although RFC 8252 section 7.3 lets clients choose any port.
const defaultCallback = "http://127.0.0.1:3002/callback"

// parseCallback reads CALLBACK_URL.
func parseCallback(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" || !discovery.Loopback(u) || u.Port() == "" || u.User != nil ||
		u.RawQuery != "" || u.Fragment != "" || u.Path == "" {
		return nil, fmt.Errorf("CALLBACK_URL=%s: use an http URL of this machine with a port and a path, such as %s",
			text, defaultCallback)
	}
	return u, nil
}

// callback receives the answer that the browser sends.
type callback struct {
	settings settings
	url      string // with the port that is open
	server   *http.Server
	answers  chan answer
}

// answer is the first answer to the authorization request.
type answer struct {
	code string
	err  error
}

// listen opens the port of the callback URL, for the answer to the request with this
// state.
func listen(s settings, state string) (*callback, error) {
	listener, err := net.Listen("tcp", s.callback.Host)
	if errors.Is(err, syscall.EADDRINUSE) {
		port, _ := strconv.Atoi(s.callback.Port())
		other := *s.callback
		other.Host = net.JoinHostPort(s.callback.Hostname(), strconv.Itoa(port%65535+1))
		return nil, fmt.Errorf("port %d is in use, perhaps by another make token: "+
			"stop that, or register another callback URL at the issuer and add it: CALLBACK_URL=%s", port, &other)
	}
	if err != nil {
		return nil, fmt.Errorf("CALLBACK_URL=%s: %w: choose another port", s.callback, err)
	}
	address := *s.callback
	if address.Port() == "0" {
		_, port, _ := net.SplitHostPort(listener.Addr().String())
		address.Host = net.JoinHostPort(address.Hostname(), port)
	}
	s.callback = &address
	c := &callback{settings: s, url: address.String(), answers: make(chan answer, 1)}
	c.server = &http.Server{ReadHeaderTimeout: timeout, Handler: c.handler(state)}
	go c.server.Serve(listener)
	return c, nil
}

// close ends the server when the browser has the page.
func (c *callback) close() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if c.server.Shutdown(ctx) != nil {
		c.server.Close()
	}
}

// handler serves the callback URL and nothing else.
func (c *callback) handler(state string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, value := range map[string]string{
			"Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff",
			"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "Connection": "close",
		} {
			w.Header().Set(name, value)
		}
		query := r.URL.Query()
		isAnswer := r.URL.Path == c.settings.callback.Path && (query.Has("code") || query.Has("error"))
		if r.Method != http.MethodGet || !isAnswer {
			w.WriteHeader(http.StatusNotFound)
			io.WriteString(w, "make token waits for the answer of the issuer at "+c.settings.callback.Path+".\n")
			return
		}
		a := c.read(query, state)
		if a.err != nil {
			w.WriteHeader(http.StatusBadRequest)
			io.WriteString(w, "There is no token: the terminal says why. You can close this window.\n")
		} else {
			io.WriteString(w, "You have logged in. You can close this window.\n")
		}
		select {
		case c.answers <- a:
		default: // there was one already
		}
	})
}

// read reads the authorization response (RFC 6749 section 4.1.2, RFC 9207 section 2.4).
func (c *callback) read(query url.Values, state string) answer {
	for name, values := range query {
		if len(values) > 1 { // RFC 6749 section 3.1
			return answer{err: fmt.Errorf("the answer in the browser has the parameter %q %d times: "+
				"ask the operator of the issuer", name, len(values))}
		}
	}
	r := refusal{code: query.Get("error"), description: query.Get("error_description")}
	switch {
	case query.Get("state") != state:
		return answer{err: errors.New("the answer in the browser is not for this request (its state differs): " +
			"close older pages of the login, call make token again, and open the URL that it prints then")}
	case query.Has("iss") && query.Get("iss") != c.settings.issuer:
		return answer{err: fmt.Errorf("the answer in the browser is of the issuer %q, not of %q: "+
			"use the ISSUER you log in at", query.Get("iss"), c.settings.issuer)}
	case r.code != "":
		fix := cmp.Or(userAdvice(r, c.settings, false), "ask the operator of the issuer")
		return answer{err: fmt.Errorf("the issuer answers %s: %s", r, fix)}
	case query.Get("code") == "":
		return answer{err: errors.New("the answer of the issuer has no code: ask its operator")}
	}
	return answer{code: query.Get("code")}
}

// wait returns the code that the browser sends.
func (c *callback) wait(ctx context.Context) (code string, err error) {
	hint := "if the issuer shows an error about the callback URL (redirect_uri), " + register(c.url)
	select {
	case a := <-c.answers:
		return a.code, a.err
	case <-ctx.Done():
		return "", fmt.Errorf("interrupted before the login: %s", hint)
	case <-time.After(c.settings.timeout):
		return "", fmt.Errorf("nobody has logged in within %s: call make token again; %s", c.settings.timeout, hint)
	}
}
