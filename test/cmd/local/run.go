package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"
	"syscall"

	"accountapi/test/gateway"
	"accountapi/test/internal/explain"
	"accountapi/test/internal/project"
	"accountapi/test/internal/routes"
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
	var issuerListener net.Listener
	if s.localIssuer {
		if issuerListener, err = listen(s.issuerPort, "ISSUER_PORT"); err != nil {
			return err
		}
		defer issuerListener.Close()
	}
	var built map[string]version // the sources before the build, so that no later change is missed
	if s.assembly == "" {
		if api.root, err = project.Root(); err != nil {
			return fmt.Errorf("%w, or name a cloud assembly with -assembly", err)
		}
		built = sources(api.root)
		if err := api.build(ctx); err != nil {
			return err
		}
	}
	// After the build, because the scopes of the issuer are those of the routes, and the
	// certificates of a private one are in the assembly.
	if s.localIssuer {
		if err := api.startIssuer(issuerListener); err != nil {
			return err
		}
		defer api.issuer.Close()
	} else if err := trustCABundle(api.assembly); err != nil {
		return err
	}
	if err := api.configure(ctx); err != nil {
		return err
	}
	noAWS, err := api.connectAWS()
	if err != nil {
		return err
	}
	defer noAWS.Close()
	if err := api.loadAssembly(); err != nil {
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
		go watch(ctx, api.root, built, func(changed []string) { api.reload(ctx, changed) })
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
	scopes   []string // that issuer grants
	env      map[string]string
	aws      map[string]string // of the shell, nil without credentials
	log      *log
	last     explain.Last      // request, for the API console
	assets   map[string]string // by function of this project: its asset in the cloud assembly
	unserved []string          // the parts that have changed since what is served

	mu      sync.RWMutex // held for reading by every request, for writing by a reload
	gateway *gateway.Gateway
	served  string // the folder that gateway reads, if it is a copy
	routes  []routes.Route
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
			"stop that, or choose another with make run %s=%d", port, setting, (port+10)%65536)
	}
	if err != nil {
		return nil, fmt.Errorf("%s=%d: %w: choose another port", setting, port, err)
	}
	return listener, nil
}

func (a *api) startIssuer(listener net.Listener) (err error) {
	if a.scopes, err = scopesOf(a.assembly); err != nil {
		return err
	}
	a.issuer, err = issuer.Serve(listener, issuer.Config{
		Provider: a.settings.provider, Audience: a.settings.audience, Scopes: a.scopes,
		Algorithms: routes.List(a.settings.algorithms), Routes: a.consoleRoutes, Explain: a.last.Explanation,
	})
	return err
}

// token returns a token of the local issuer.
func (a *api) token() string {
	if len(a.settings.scopes) > 0 {
		return a.issuer.Token(issuer.Scopes(a.settings.scopes...))
	}
	return a.issuer.Token()
}

// scopesOf returns the scopes that an API needs: those of its routes, and those that its
// authorizer demands for every route.
func scopesOf(assembly string) ([]string, error) {
	table, err := routes.Read(assembly)
	if err != nil {
		return nil, err
	}
	required, err := routes.RequiredScopes(assembly)
	if err != nil {
		return nil, err
	}
	scopes := append(routes.Scopes(table), required...)
	slices.Sort(scopes)
	return slices.Compact(scopes), nil
}

// announce prints how to call the API, once it answers.
func (a *api) announce(ctx context.Context, address string) error {
	url := address + "/" + a.gateway.Stage()
	token := ""
	if a.issuer != nil {
		if err := a.issuer.SetAPIURL(url); err != nil {
			return err
		}
		token = a.token()
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
	if len(a.routes) > 0 {
		fmt.Printf("\n%s\n\n", a.routes[0].Curl(url, cmp.Or(token, "$TOKEN")))
	} else { // another project's
		served := a.gateway.Routes()
		fmt.Printf("\n%s\n\n%s\n", curl(url, firstRoute(served), token), list(served))
	}
	if a.issuer != nil {
		fmt.Printf("The API console is at %s. ", a.issuer.ConsoleURL())
	}
	fmt.Println("Ctrl-C stops.")
	return nil
}
