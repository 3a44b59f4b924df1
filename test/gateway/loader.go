package gateway

import (
	"fmt"
	"regexp"

	"accountapi/test/gateway/template"
)

// A loader reads one API from its template and collects what is wrong with it, so that
// one load reports everything.
type loader struct {
	options   Options
	assembly  *template.Assembly
	restAPI   *template.Resource
	id        string // of the RestApi
	functions *functions
	problems  []error
}

func (l *loader) fail(format string, args ...any) {
	l.problems = append(l.problems, fmt.Errorf(format, args...))
}

// of returns the resources of the type that belong to this API, in the order of their
// logical ids.
func (l *loader) of(typ string) []*template.Resource {
	var all []*template.Resource
	for _, r := range l.restAPI.Stack.Resources {
		if r.Type == typ && l.exists(r) && l.belongs(r) {
			all = append(all, r)
		}
	}
	return all
}

func (l *loader) exists(r *template.Resource) bool {
	exists, err := r.Exists()
	if err != nil {
		l.fail("%v", err)
	}
	return exists
}

func (l *loader) belongs(r *template.Resource) bool {
	id, _, err := r.Stack.Evaluate(r.Properties["RestApiId"])
	return err == nil && id == l.id
}

// idOf is the id by which other resources refer to r.
func (l *loader) idOf(r *template.Resource) string {
	id, err := r.Ref()
	if err != nil {
		l.fail("%s: %v", r.LogicalID, err)
	}
	return id
}

// wholeMatch compiles an expression that AWS matches with the whole of a value, as
// String.matches of Java does.
func wholeMatch(expression string) (*regexp.Regexp, error) {
	r, err := regexp.Compile(`\A(?:` + expression + `)\z`)
	if err != nil {
		return nil, fmt.Errorf("%w: the local gateway knows RE2 expressions only, "+
			"without look-around and back-references", err)
	}
	return r, nil
}
