package gateway

import (
	"cmp"
	"slices"
)

// A ServedRoute is a method of a path of the API.
type ServedRoute struct {
	Method string // or ANY
	Path   string // below the stage, as in the template: /users/{id}
	// Authorizer is the logical id of the authorizer, "" if the route is public.
	Authorizer string
	// Header is the request header that the authorizer gets the token from.
	Header string
}

// Routes returns the routes of the API by their paths and methods.
func (g *Gateway) Routes() []ServedRoute {
	all := routesBelow(g.api.root)
	slices.SortFunc(all, func(a, b ServedRoute) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Method, b.Method))
	})
	return all
}

func routesBelow(r *resource) (all []ServedRoute) {
	for _, m := range r.methods {
		route := ServedRoute{Method: m.verb, Path: r.path}
		if m.authorizer != nil {
			route.Authorizer, route.Header = m.authorizer.logicalID, m.authorizer.header
		}
		all = append(all, route)
	}
	for _, child := range r.literals {
		all = append(all, routesBelow(child)...)
	}
	if r.variable != nil {
		all = append(all, routesBelow(r.variable)...)
	}
	return all
}
