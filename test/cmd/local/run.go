package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"accountapi/test/gateway"
	"accountapi/test/internal/project"
	"accountapi/test/issuer"
)

// run serves until ctx ends. When it returns, every process it started has ended.
func run(ctx context.Context, args []string) error {
	s, err := parse(args)
	if err != nil {
		return err
	}
	// The ports are opened before the build, so that a port in use is reported at once.
	listener, err := listen(s.port, "PORT")
	if err != nil {
		return err
	}
	defer listener.Close()
	api := &api{settings: s, assembly: s.assembly, log: &log{}}
	defer api.close()
	if s.localIssuer {
		if err := api.startIssuer(); err != nil {
			return err
		}
		defer api.issuer.Close()
	}

	if err := api.configure(ctx); err != nil {
		return err
	}
	if s.assembly == "" {
		if api.root, err = project.Root(); err != nil {
			return fmt.Errorf("%w, or name a cloud assembly with -assembly", err)
		}
		if err := api.build(ctx); err != nil {
			return err
		}
	}
	if err := api.load(); err != nil {
		return err
	}

	server := &http.Server{Handler: api}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	defer server.Close()
	if err := api.announce(ctx, "http://"+listener.Addr().String()); err != nil {
		return err
	}
	if s.assembly == "" {
		go watch(ctx, api.root, func() { api.reload(ctx) })
	}
	select {
	case <-ctx.Done():
		return nil
	case err := <-failed:
		return err
	}
}

// api serves requests with the current gateway, which a reload replaces.
type api struct {
	settings settings
	root     string // of this project; "" if -assembly is set
	assembly string // the folder of the cloud assembly
	issuer   *issuer.Server
	env      map[string]string
	log      *log

	mu      sync.RWMutex // held for reading by every request, for writing by a reload
	gateway *gateway.Gateway
	served  string // the folder that gateway reads, if it is a copy
}

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	a.gateway.ServeHTTP(w, r)
}

func (a *api) close() {
	if a.gateway != nil {
		a.gateway.Close()
	}
	os.RemoveAll(a.served)
}

// listen opens a port of this machine. Its error says how to choose another port.
func listen(port int, setting string) (net.Listener, error) {
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("port %d is in use, perhaps by another make run: "+
			"stop that, or choose another with make run %s=%d", port, setting, port+10)
	}
	return listener, err
}

func (a *api) startIssuer() error {
	listener, err := listen(a.settings.issuerPort, "ISSUER_PORT")
	if err != nil {
		return err
	}
	config := issuer.Config{Audience: a.settings.audience, Scopes: []string{"get:profile", "update:profile"}}
	if a.settings.algorithms != "" {
		config.Algorithms = strings.FieldsFunc(a.settings.algorithms, func(r rune) bool { return r == ' ' || r == ',' })
	}
	a.issuer, err = issuer.Serve(listener, config)
	return err
}

// configure sets the environment of the functions, so that they trust the right issuer.
func (a *api) configure(ctx context.Context) (err error) {
	s := a.settings
	switch {
	case s.localIssuer:
		a.env = s.overrides(a.issuer.URL(), a.issuer.Audience(), a.issuer.JWKSURL())
	case s.issuer != "":
		jwksURI := s.jwksURI
		if jwksURI == "" {
			if jwksURI, err = discover(ctx, s.issuer); err != nil {
				return err
			}
		}
		a.env = s.overrides(s.issuer, s.audience, jwksURI)
	default:
		a.env = s.overrides("", "", "")
	}
	return nil
}

// build builds the functions and the cloud assembly for this machine.
func (a *api) build(ctx context.Context) (err error) {
	fmt.Fprintln(os.Stderr, "building the functions and synthesizing the stack …")
	a.assembly, err = project.Assembly(ctx, os.Stderr)
	return err
}

// load reads the cloud assembly and replaces the gateway, unless there is an error.
func (a *api) load() (err error) {
	folder, served := a.assembly, ""
	if a.settings.assembly == "" {
		// A copy, because the next build removes the folder, even if it fails.
		if served, err = os.MkdirTemp("", "account-api-"); err != nil {
			return err
		}
		folder = served
		if err := os.CopyFS(folder, os.DirFS(a.assembly)); err != nil {
			return errors.Join(err, os.RemoveAll(served))
		}
	}
	next, err := gateway.Load(folder, gateway.Options{
		API: a.settings.api, Stage: a.settings.stage, Env: a.env, Parameters: a.settings.parameters,
		Output: a.log, Log: a.log.request,
	})
	if err != nil {
		return errors.Join(err, os.RemoveAll(served))
	}
	a.mu.Lock()
	previous := api{gateway: a.gateway, served: a.served}
	a.gateway, a.served = next, served
	a.mu.Unlock()
	previous.close()
	return nil
}

// reload builds changed sources and serves them. If the build fails, the previous version
// continues to serve.
func (a *api) reload(ctx context.Context) {
	start := time.Now()
	err := a.build(ctx)
	if err == nil {
		err = a.load()
	}
	switch {
	case ctx.Err() != nil:
	case err != nil:
		fmt.Fprintf(os.Stderr, "local: %v\nlocal: the previous version continues to serve\n", err)
	default:
		fmt.Fprintf(os.Stderr, "reloaded in %.1f s\n", time.Since(start).Seconds())
	}
}

// announce prints how to call the API, once it answers.
func (a *api) announce(ctx context.Context, address string) error {
	url := address + "/" + a.gateway.Stage()
	token := ""
	if a.issuer != nil {
		if err := a.issuer.SetAPIURL(url); err != nil {
			return err
		}
		token = a.issuer.Token()
	}
	if a.settings.assembly == "" {
		if err := a.tryOut(ctx, url, token); err != nil {
			return err
		}
	}
	a.log.release()
	for _, note := range a.gateway.Notes() {
		fmt.Fprintln(os.Stderr, "note:", note)
	}
	fmt.Printf("API_URL=%s\n", url)
	if token != "" {
		fmt.Printf("TOKEN=%s\n", token)
	}
	routes := a.gateway.Routes()
	fmt.Printf("\n%s\n\n%s\n", curl(url, firstRoute(routes), token), list(routes))
	if a.issuer != nil {
		fmt.Printf("Try other tokens at %s. ", a.issuer.URL())
	}
	fmt.Println("Ctrl-C stops.")
	return nil
}

// tryOut calls the API once, at its first route. With a good token it must answer 200.
// Without one, it must refuse a token that is not valid, which shows that the functions
// start with the settings. It cannot tell what another route than a GET that needs a
// token answers.
func (a *api) tryOut(ctx context.Context, url, token string) error {
	route := firstRoute(a.gateway.Routes())
	if route.Method != http.MethodGet || route.Authorizer == "" {
		return nil
	}
	want, sent := http.StatusOK, token
	if token == "" {
		want, sent = http.StatusUnauthorized, "none"
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url+examplePath(route), nil)
	if err != nil {
		return err
	}
	request.Header.Set(route.Header, "Bearer "+sent)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != want {
		return fmt.Errorf("GET %s answers %s, the functions do not work with these settings:\n%s",
			route.Path, response.Status, a.log.lines())
	}
	return nil
}
