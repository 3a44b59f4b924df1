// Package template reads a cloud assembly, the folder that `cdk synth` writes, and
// evaluates its CloudFormation templates as CloudFormation would: intrinsic functions,
// conditions, parameters, references between stacks. Names, ids and ARNs that AWS would
// make up are made up here too: well-formed, and the same in every run.
//
// It also holds the tables of what the local gateway supports: reading a resource reports
// each property that the gateway would have to honour and cannot. It does not
// implement what API Gateway does with a property.
package template

import (
	"cmp"
	"encoding/json"
	"slices"
)

// Options say how an assembly is deployed.
type Options struct {
	// Parameters are values for the templates' parameters, over their defaults.
	Parameters map[string]string
	// Region and AccountID are used in place of those of the assembly's environment.
	// Where neither has one it is us-east-1 and 123456789012.
	Region, AccountID string
}

// An Assembly is every stack of a cloud assembly, and the assets of all of them. [Read]
// makes it.
type Assembly struct {
	Stacks []*Stack // in the order of their names

	// Served is the stack of the API. Messages name the stacks of resources elsewhere.
	Served *Stack

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

	// Parent is the resource of another stack that this nested stack is, nil for a stack
	// of its own.
	Parent *Resource

	Resources []*Resource // in the order of their logical ids

	assembly   *Assembly
	path       string            // of the template
	artifact   string            // its id in the manifest
	after      []string          // the ids of the artifacts that are deployed before it
	parameters map[string]string // given by the caller, over the defaults
	document   document
}

// A document is a template as written.
type document struct {
	Transform  any
	Parameters map[string]parameter
	Conditions map[string]any
	Mappings   map[string]map[string]map[string]any
	Resources  map[string]json.RawMessage
	Outputs    map[string]json.RawMessage
}

// A parameter is declared in a template
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html).
type parameter struct {
	Type           string
	Default        any
	AllowedPattern string
	AllowedValues  []any

	MinLength, MaxLength, MinValue, MaxValue any
}

type declaration struct {
	Type       string
	Condition  string
	DependsOn  any
	Metadata   map[string]any
	Properties map[string]any
}

type output struct {
	Value  any
	Export struct{ Name any }
}

// nestedType is the type of the resources that are stacks themselves.
const nestedType = "AWS::CloudFormation::Stack"

// A Resource is one resource of a template.
type Resource struct {
	Stack     *Stack
	LogicalID string
	Type      string // AWS::SERVICE::TYPE

	// Properties are as written, with intrinsic functions. [Resource.Values] evaluates
	// them.
	Properties map[string]any

	// Nested is the stack that a resource of the type AWS::CloudFormation::Stack is, nil
	// if its template is not in the assembly.
	Nested *Stack

	condition string   // the id of the condition under which it is created, "" for always
	dependsOn []string // logical ids
	metadata  map[string]any
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

// String names the resource in messages.
func (r *Resource) String() string {
	name := r.LogicalID + " (" + r.Type + ")"
	switch s := r.Stack; {
	case s == s.assembly.Served:
	case s.Parent != nil:
		name += " of the nested stack " + s.Parent.LogicalID
	case s.assembly.Served != nil:
		name += " of the stack " + s.Name
	}
	return name
}
