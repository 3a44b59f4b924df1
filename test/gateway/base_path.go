package gateway

import "strings"

// isDomain reports whether a host is a custom domain of the API.
func (a *api) isDomain(host string) bool {
	for _, b := range a.basePaths {
		if b.domain == strings.ToLower(host) {
			return true
		}
	}
	return false
}

// atDomain finds the stage, and the path below it, of a request to a custom domain: those
// of the longest base path that the request's path begins with. The stage is "" if there
// is none.
func (a *api) atDomain(host, whole string) (stage, path string) {
	longest := -1
	for _, b := range a.basePaths {
		rest, ok := strings.CutPrefix(whole+"/", strings.TrimSuffix("/"+b.path, "/")+"/")
		if b.domain != strings.ToLower(host) || !ok || len(b.path) <= longest {
			continue
		}
		longest = len(b.path)
		stage, path = b.stage, "/"+strings.TrimSuffix(rest, "/")
		if stage == "" {
			stage, path, _ = strings.Cut(path[1:], "/")
			path = "/" + path
		}
	}
	return stage, path
}
