package gateway

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"accountapi/test/gateway/template"
)

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
	case !strings.HasPrefix(r.part, "{"):
		if parent.literals == nil {
			parent.literals = map[string]*resource{}
		}
		parent.literals[r.part] = r
	case parent.variable != nil:
		p.Fail("PathPart", "%s and %s are siblings: AWS allows one variable path below a resource",
			parent.variable.part, r.part)
	case parent.isGreedy():
		p.Fail("PathPart", "%s is below %s, which takes the rest of the path", r.part, parent.part)
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
