package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"accountapi/test/gateway"
	"accountapi/test/internal/project"
	"accountapi/test/internal/routes"
)

// build brings the cloud assembly of this project up to date.
func (a *api) build(ctx context.Context) (err error) {
	a.assembly, err = project.Assembly(ctx, os.Stderr)
	return err
}

// load serves the cloud assembly in folder, which was copied for that, in place of the
// one before. With an error, that continues to serve.
func (a *api) load(folder string) error {
	served := ""
	if a.settings.assembly == "" {
		served = folder
	}
	next, err := gateway.Load(folder, gateway.Options{
		API: a.settings.api, Stage: a.settings.stage, Env: a.env, AWS: a.aws,
		Parameters: a.settings.parameters, Output: io.MultiWriter(a.log, &a.last), Log: a.record,
	})
	if err != nil {
		return errors.Join(err, os.RemoveAll(served))
	}
	table, err := routes.Read(folder)
	if err != nil {
		return errors.Join(err, next.Close(), os.RemoveAll(served))
	}
	a.mu.Lock()
	previous := api{gateway: a.gateway, served: a.served}
	a.gateway, a.served, a.routes = next, served, table
	a.mu.Unlock()
	previous.close()
	return nil
}

// copied returns a copy of an assembly: the next build removes the folder, even if it
// fails. The assembly that -assembly names is not copied.
func (a *api) copied(assembly string) (folder string, err error) {
	if a.settings.assembly != "" {
		return assembly, nil
	}
	if folder, err = os.MkdirTemp("", "account-api-"); err != nil {
		return "", err
	}
	if err := os.CopyFS(folder, os.DirFS(assembly)); err != nil {
		return "", errors.Join(err, os.RemoveAll(folder))
	}
	return folder, nil
}

// loadAssembly serves the cloud assembly as it was built.
func (a *api) loadAssembly() (err error) {
	folder, err := a.copied(a.assembly)
	if err != nil {
		return err
	}
	if a.settings.assembly == "" {
		if a.assets, err = assetsOf(folder, a.root); err != nil {
			return errors.Join(err, os.RemoveAll(folder))
		}
	}
	return a.load(folder)
}

// assetsOf returns the asset of each function of the project in a cloud assembly that was
// just built from them.
func assetsOf(assembly, root string) (assets map[string]string, err error) {
	bootstraps, err := filepath.Glob(filepath.Join(assembly, "asset.*", "bootstrap"))
	if err != nil {
		return nil, err
	}
	byContent := map[string]string{}
	for _, bootstrap := range bootstraps {
		if content, err := os.ReadFile(bootstrap); err == nil {
			byContent[string(content)] = filepath.Base(filepath.Dir(bootstrap))
		}
	}
	functions, err := filepath.Glob(filepath.Join(root, compiledFunctions, "*", "bootstrap"))
	if err != nil {
		return nil, err
	}
	assets = map[string]string{}
	for _, function := range functions {
		compiled, err := os.ReadFile(function)
		if err != nil {
			return nil, err
		}
		if asset, ok := byContent[string(compiled)]; ok {
			assets[filepath.Base(filepath.Dir(function))] = asset
		}
	}
	return assets, nil
}

// compiledFunctions is where make puts the functions for this machine.
var compiledFunctions = filepath.Join(".build", "local", "lambdas")

// reload builds the parts of the project that have changed and serves them. If the build
// fails, the previous version continues to serve.
func (a *api) reload(ctx context.Context, changed []string) {
	start := time.Now()
	a.unserved = append(a.unserved, changed...)
	var err error
	if slices.Contains(a.unserved, stackPart) {
		err = a.reloadStack(ctx)
	} else {
		err = a.reloadFunctions(ctx)
	}
	switch {
	case ctx.Err() != nil:
	case err != nil:
		fmt.Fprintf(os.Stderr, "local: %v\nlocal: the previous version continues to serve\n", err)
	default:
		a.unserved = nil
		fmt.Fprintf(os.Stderr, "reloaded in %.1f s\n", time.Since(start).Seconds())
	}
}

// reloadStack builds everything, and has the local issuer grant the scopes of the new
// routes.
func (a *api) reloadStack(ctx context.Context) error {
	if err := a.build(ctx); err != nil {
		return err
	}
	if err := a.loadAssembly(); err != nil {
		return err
	}
	if a.issuer == nil {
		return nil
	}
	scopes, err := scopesOf(a.assembly)
	if err != nil {
		return err
	}
	if err := a.issuer.SetScopes(scopes); err != nil || slices.Equal(scopes, a.scopes) || len(a.settings.scopes) > 0 {
		return err
	}
	a.scopes = scopes
	fmt.Printf("the routes need other scopes, so here is another token:\nTOKEN=%s\n", a.token())
	return nil
}

// reloadFunctions builds the functions that have changed, and puts them in place of the
// old ones in a copy of the assembly that is served: the template is the same, so there
// is nothing to synthesize.
func (a *api) reloadFunctions(ctx context.Context) error {
	var functions, targets []string
	for function := range a.assets {
		if slices.Contains(a.unserved, sharedPart) || slices.Contains(a.unserved, filepath.Join("lambdas", function)) {
			functions = append(functions, function)
			targets = append(targets, filepath.Join(compiledFunctions, function, "bootstrap"))
		}
	}
	if len(targets) == 0 {
		return nil // a new function, which no route uses yet
	}
	if err := project.Make(ctx, a.root, os.Stderr, append([]string{"-j2"}, targets...)...); err != nil {
		return err
	}
	folder, err := a.copied(a.served)
	if err != nil {
		return err
	}
	for _, function := range functions {
		compiled, err := os.ReadFile(filepath.Join(a.root, compiledFunctions, function, "bootstrap"))
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, a.assets[function], "bootstrap"), compiled, 0o755)
		}
		if err != nil {
			return errors.Join(err, os.RemoveAll(folder))
		}
	}
	return a.load(folder)
}
