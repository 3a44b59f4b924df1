package template

import (
	"maps"
	"slices"
	"strings"
)

// This file finds out in which order CloudFormation creates resources.

// WaitsFor reports whether CloudFormation creates r after other, a resource of the same
// stack: r names it in DependsOn or in its properties, or another resource that r waits
// for does
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-dependson.html).
func (r *Resource) WaitsFor(other *Resource) bool {
	met := map[*Resource]bool{}
	for next := []*Resource{r}; len(next) > 0; next = next[1:] {
		for _, id := range append(slices.Clip(next[0].dependsOn), named(next[0].Properties)...) {
			before, ok := r.Stack.Resource(id)
			if !ok || met[before] {
				continue
			}
			if before == other {
				return true
			}
			met[before] = true
			next = append(next, before)
		}
	}
	return false
}

// named returns the logical ids and parameters that intrinsic functions in v name.
func named(v any) (ids []string) {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			ids = append(ids, named(item)...)
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			switch argument := v[key]; key {
			case "Ref":
				ids = append(ids, stringsIn(argument)...)
			case "Fn::GetAtt":
				for _, name := range stringsIn(argument) {
					id, _, _ := strings.Cut(name, ".")
					ids = append(ids, id)
				}
			case "Fn::Sub":
				for _, text := range stringsIn(argument) {
					for _, match := range placeholder.FindAllStringSubmatch(text, -1) {
						id, _, _ := strings.Cut(match[1], ".")
						ids = append(ids, id)
					}
				}
			}
			ids = append(ids, named(v[key])...)
		}
	}
	return ids
}

// Root returns the stack that s is nested in, over all levels; s itself if it is not
// nested.
func (s *Stack) Root() *Stack {
	for s.Parent != nil {
		s = s.Parent.Stack
	}
	return s
}

// DeployedAfter reports whether CDK deploys the stack after other has been deployed. Both
// are stacks of their own.
func (s *Stack) DeployedAfter(other *Stack) bool {
	met := map[string]bool{}
	var after func(ids []string) bool
	after = func(ids []string) bool {
		for _, id := range ids {
			if id == other.artifact {
				return true
			}
			if met[id] {
				continue
			}
			met[id] = true
			for _, next := range s.assembly.Stacks {
				if next.artifact == id && next.Parent == nil && after(next.after) {
					return true
				}
			}
		}
		return false
	}
	return after(s.after)
}

// SharesEnvironment reports whether the stacks can be deployed side by side to one region
// of one account, so that one can use the resources of the other.
func (s *Stack) SharesEnvironment(other *Stack) bool {
	return s == other ||
		s.Region == other.Region && s.AccountID == other.AccountID && s.Name != other.Name
}
