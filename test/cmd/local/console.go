package main

import (
	"accountapi/test/gateway"
	"accountapi/test/issuer"
)

// The API console, the page of the local issuer, offers the routes and shows why a
// request was refused.

// consoleRoutes returns the routes that are served. It returns none before the first
// load, and if the template has no table of routes.
func (a *api) consoleRoutes() (all []issuer.Route) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	for _, r := range a.routes {
		all = append(all, issuer.Route(r))
	}
	return all
}

func (a *api) record(r gateway.Record) {
	a.log.request(r)
	a.last.Record(r)
}
