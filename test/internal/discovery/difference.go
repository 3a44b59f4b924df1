package discovery

import (
	"fmt"
	"net/url"
	"strings"
)

// Difference describes how the name of an issuer or of an API differs from what it should
// be; "" if they are equal. Names are compared byte for byte: with a slash at the end it
// is a different name.
func Difference(got, want string) string {
	if got == want {
		return ""
	}
	g, gotErr := url.Parse(got)
	w, wantErr := url.Parse(want)
	if gotErr != nil || wantErr != nil || g.Host == "" || w.Host == "" {
		if strings.EqualFold(got, want) {
			return "upper and lower case differ"
		}
		return "it is a different one"
	}
	var differences []string
	differs := func(format string, arguments ...any) {
		differences = append(differences, fmt.Sprintf(format, arguments...))
	}
	if g.Scheme != w.Scheme {
		differs("%s instead of %s", g.Scheme, w.Scheme)
	}
	switch {
	case g.Hostname() == w.Hostname():
	case strings.EqualFold(g.Hostname(), w.Hostname()):
		differs("upper and lower case of the host differ")
	default:
		differs("the host is different")
	}
	switch {
	case g.Port() == w.Port():
	case g.Port() == "":
		differs("the port %s is missing", w.Port())
	case w.Port() == "":
		differs("the port %s must be left out", g.Port())
	default:
		differs("port %s instead of %s", g.Port(), w.Port())
	}
	gotPath, wantPath := strings.TrimRight(g.Path, "/"), strings.TrimRight(w.Path, "/")
	switch {
	case g.Path == w.Path:
	case gotPath == wantPath && len(g.Path) < len(w.Path):
		differs("the slash at the end is missing")
	case gotPath == wantPath:
		differs("the slash at the end must be left out")
	case strings.EqualFold(gotPath, wantPath):
		differs("upper and lower case of the path differ")
	default:
		differs("the path is different")
	}
	if len(differences) == 0 {
		return "the spelling differs" // such as HTTPS:// or %2F
	}
	return strings.Join(differences, ", ")
}
