package gateway

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"accountapi/test/gateway/template"
)

// pathPart is one segment of a path: characters that AWS allows, or a variable.
var pathPart = regexp.MustCompile(`^(?:[a-zA-Z0-9._:$-]+|\{[a-zA-Z0-9._:$-]+\+?\})$`)

// loadResources returns all resources of the API by id; their paths are below root.
func loadResources(l *loader) (root *resource, all map[string]*resource) {
	rootID, err := l.restAPI.Attribute("RootResourceId")
	if err != nil {
		l.fail("%v", err)
	}
	root = &resource{id: fmt.Sprint(rootID), path: "/"}
	all = map[string]*resource{root.id: root}
	declared := map[*resource]template.Values{}
	for _, r := range l.of("AWS::ApiGateway::Resource") {
		p := r.Values(&l.problems)
		child := &resource{id: l.idOf(r), part: p.String("PathPart")}
		if p.Has("PathPart") && !pathPart.MatchString(child.part) {
			p.Fail("PathPart", "AWS refuses %q: Resource's path part only allow a-zA-Z0-9._-: or a valid greedy path "+
				"variable and curly braces at the beginning and the end; "+
				"a path of several segments is a resource for each", child.part)
		}
		all[child.id] = child
		declared[child] = p
	}
	for _, id := range slices.Sorted(maps.Keys(all)) {
		if r := all[id]; r != root {
			addToParent(r, all, declared[r])
		}
	}
	setPaths(root, "")
	return root, all
}

func addToParent(r *resource, all map[string]*resource, p template.Values) {
	parent := all[p.String("ParentId")]
	switch {
	case parent == nil:
		p.Fail("ParentId", "the API has no such resource")
	case parent.isGreedy():
		p.Fail("PathPart", "%s is below %s, which takes the rest of the path", r.part, parent.part)
	case parent.literals[r.part] != nil || parent.variable != nil && parent.variable.part == r.part:
		p.Fail("PathPart", "AWS refuses it: Another resource with the same parent already has this name: %s", r.part)
	case !strings.HasPrefix(r.part, "{"):
		if parent.literals == nil {
			parent.literals = map[string]*resource{}
		}
		parent.literals[r.part] = r
	case parent.variable != nil:
		p.Fail("PathPart", "%s and %s are siblings: AWS allows one variable path below a resource",
			parent.variable.part, r.part)
	default:
		parent.variable = r
	}
}

func setPaths(r *resource, prefix string) {
	for part, child := range r.literals {
		child.path = prefix + "/" + part
		setPaths(child, child.path)
	}
	if child := r.variable; child != nil {
		child.path = prefix + "/" + child.part
		setPaths(child, child.path)
	}
}
