// Package template reads a cloud assembly, the folder that `cdk synth` writes, and
// evaluates its CloudFormation templates as CloudFormation would: intrinsic functions,
// conditions, parameters, references between stacks. Names, ids and ARNs that AWS would
// make up are made up here too: well-formed, and the same in every run.
//
// It also holds the tables of what the local gateway supports: reading a resource reports
// each property that the gateway would have to honour and cannot. What API Gateway does
// with a property is not its subject.
package template

import (
	"cmp"
	"slices"
)

// An Assembly is every stack of a cloud assembly, and the assets of all of them. [Read]
// makes it.
type Assembly struct {
	Stacks []*Stack // in the order of their names

	assets map[string]Asset // by S3 key
}

// Asset returns the asset that CDK would upload under the S3 key, and whether there is
// one.
func (a *Assembly) Asset(key string) (Asset, bool) {
	asset, ok := a.assets[key]
	return asset, ok
}

// A Stack is one CloudFormation template and the environment it is deployed to.
type Stack struct {
	Name, Region, AccountID string

	Resources []*Resource // in the order of their logical ids

	assembly   *Assembly
	parameters map[string]string // given by the caller, over the defaults
	document   document
}

// A document is a template as written.
type document struct {
	Parameters map[string]parameter
	Conditions map[string]any
	Mappings   map[string]map[string]map[string]any
	Resources  map[string]declaration
	Outputs    map[string]struct {
		Value  any
		Export struct{ Name any }
	}
}

type parameter struct {
	Type    string
	Default any
}

type declaration struct {
	Type       string
	Condition  string
	Properties map[string]any
}

// A Resource is one resource of a template.
type Resource struct {
	Stack     *Stack
	LogicalID string
	Type      string // AWS::SERVICE::TYPE

	// Properties are as written, with intrinsic functions. [Resource.Values] evaluates
	// them.
	Properties map[string]any

	condition string // the id of the condition under which it is created, "" for always
}

// Resource returns the resource with the logical id, and whether there is one.
func (s *Stack) Resource(id string) (*Resource, bool) {
	i, ok := slices.BinarySearchFunc(s.Resources, id, func(r *Resource, id string) int {
		return cmp.Compare(r.LogicalID, id)
	})
	if !ok {
		return nil, false
	}
	return s.Resources[i], true
}
