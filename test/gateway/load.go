package gateway

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"accountapi/test/gateway/template"
)

const apiType = "AWS::ApiGateway::RestApi"

// load reads the API that the options choose from the cloud assembly in dir.
func load(dir string, options Options) (*api, error) {
	assembly, err := template.Read(dir, template.Options{
		Parameters: options.Parameters, Region: options.Region, AccountID: options.AccountID,
	})
	if err != nil {
		return nil, err
	}
	restAPI, err := chooseAPI(assembly, options.API)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	l := &loader{
		options:   options,
		assembly:  assembly,
		restAPI:   restAPI,
		functions: &functions{byARN: map[string]*function{}},
	}
	a := loadAPI(l)
	if len(l.problems) > 0 {
		l.functions.close()
		return nil, fmt.Errorf("%s: stack %s: %w", dir, restAPI.Stack.Name, errors.Join(l.problems...))
	}
	return a, nil
}

// chooseAPI finds the RestApi to serve: the only one, or the one with the name wanted
// (LOGICALID or STACK/LOGICALID).
func chooseAPI(a *template.Assembly, wanted string) (*template.Resource, error) {
	var names []string
	var chosen []*template.Resource
	for _, s := range a.Stacks {
		for _, r := range s.Resources {
			if r.Type != apiType {
				continue
			}
			name := s.Name + "/" + r.LogicalID
			names = append(names, name)
			if wanted == "" || wanted == r.LogicalID || wanted == name {
				chosen = append(chosen, r)
			}
		}
	}
	switch {
	case len(chosen) == 1:
		return chosen[0], nil
	case len(names) == 0:
		return nil, fmt.Errorf("no stack has a REST API (%s); HTTP APIs and nested stacks are not served", apiType)
	case len(chosen) == 0:
		return nil, fmt.Errorf("no REST API is called %s: there is %s", wanted, strings.Join(names, ", "))
	default:
		return nil, fmt.Errorf("there are %d REST APIs, only one can be served: set Options.API to one of %s",
			len(chosen), strings.Join(names, ", "))
	}
}

func loadAPI(l *loader) *api {
	l.id = l.idOf(l.restAPI)
	checkTypes(l)
	stack := l.restAPI.Stack
	a := &api{
		id:        l.id,
		region:    stack.Region,
		account:   stack.AccountID,
		partition: stack.Partition(),
		functions: l.functions,
	}

	p := l.restAPI.Values(&l.problems)
	for _, t := range p.Strings("BinaryMediaTypes") {
		// CloudFormation documents the slash as ~1, as in a JSON Pointer, and accepts it
		// as it is.
		a.binaryTypes = append(a.binaryTypes, strings.ReplaceAll(t, "~1", "/"))
	}
	if slices.Contains(p.Object("EndpointConfiguration").Strings("Types"), "PRIVATE") {
		p.Fail("EndpointConfiguration", "a PRIVATE endpoint answers inside its VPC only: use REGIONAL for local runs")
	}

	var settings []template.Values
	a.stage, settings = loadStage(l)
	authorizers := loadAuthorizers(l)
	validators := loadValidators(l)
	a.responses = loadGatewayResponses(l)
	var resources map[string]*resource
	a.root, resources = loadResources(l)
	loadMethods(l, resources, authorizers, validators, settings)
	loadPermissions(l)
	return a
}

// checkTypes refuses the resource types of API Gateway that are not in the tables.
func checkTypes(l *loader) {
	for _, r := range l.restAPI.Stack.Resources {
		if strings.HasPrefix(r.Type, "AWS::ApiGateway::") && !template.Known(r.Type) {
			l.fail("%s (%s): the local gateway does not know this resource type: take it out for local runs, "+
				"or add it to the lists in support.go", r.LogicalID, r.Type)
		}
	}
}
