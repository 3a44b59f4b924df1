package gateway

import (
	"fmt"
	"regexp"
	"slices"

	"accountapi/test/gateway/template"
)

// A loader reads one API from its templates and collects what is wrong with it, so that
// one load reports everything.
type loader struct {
	options   Options
	assembly  *template.Assembly
	restAPI   *template.Resource
	id        string // of the RestApi
	functions *functions
	stage     stage // complete before the functions are read
	problems  []error
	notes     []string // what is accepted and may surprise
}

func (l *loader) fail(format string, args ...any) {
	l.problems = append(l.problems, fmt.Errorf(format, args...))
}

func (l *loader) note(format string, args ...any) {
	l.notes = append(l.notes, fmt.Sprintf(format, args...))
}

// all returns the resources that are created next to the API and have one of the types:
// those of its own stack, of nested stacks and of other stacks of the same environment.
func (l *loader) all(types ...string) []*template.Resource {
	var all []*template.Resource
	for _, s := range l.assembly.Stacks {
		if !s.SharesEnvironment(l.restAPI.Stack) {
			continue
		}
		for _, r := range s.Resources {
			if slices.Contains(types, r.Type) && l.exists(r) {
				all = append(all, r)
			}
		}
	}
	return all
}

// of returns the resources of the type that belong to this API, in the order of their
// stacks and logical ids.
func (l *loader) of(typ string) []*template.Resource {
	return slices.DeleteFunc(l.all(typ), func(r *template.Resource) bool { return !l.belongs(r) })
}

func (l *loader) exists(r *template.Resource) bool {
	exists, err := r.Exists()
	if err != nil {
		l.fail("%s: %v", r, err)
	}
	return exists
}

// belongs reports whether the resource is one of this API. A resource of which that
// cannot be known is a problem.
func (l *loader) belongs(r *template.Resource) bool {
	id, _, err := r.Stack.Evaluate(r.Properties["RestApiId"])
	if err != nil {
		l.fail("%s: RestApiId: %v (the id of the served API is %s here)", r, err, l.id)
	}
	return err == nil && id == l.id
}

// idOf is the id by which other resources refer to r.
func (l *loader) idOf(r *template.Resource) string {
	id, err := r.Ref()
	if err != nil {
		l.fail("%s: %v", r, err)
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
