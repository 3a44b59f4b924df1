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
	assembly.Served = restAPI.Stack
	l := &loader{
		options:   options,
		assembly:  assembly,
		restAPI:   restAPI,
		functions: &functions{byARN: map[string]*function{}},
	}
	a := loadAPI(l)
	if len(l.problems) > 0 {
		l.functions.close()
		return nil, fmt.Errorf("%s: stack %s: %w", dir, restAPI.Stack.Name, errors.Join(distinct(l.problems)...))
	}
	return a, nil
}

// distinct leaves out errors that were reported before.
func distinct(problems []error) (all []error) {
	met := map[string]bool{}
	for _, p := range problems {
		if !met[p.Error()] {
			all = append(all, p)
		}
		met[p.Error()] = true
	}
	return all
}

// chooseAPI finds the RestApi to serve: the only one, or the one with the name wanted
// (LOGICALID or STACK/LOGICALID).
func chooseAPI(a *template.Assembly, wanted string) (*template.Resource, error) {
	var names []string
	var chosen []*template.Resource
	var macros []error
	for _, s := range a.Stacks {
		if err := s.Macros(); err != nil {
			macros = append(macros, fmt.Errorf("stack %s: %w", s.Name, err))
		}
		for _, r := range s.Resources {
			if r.Type != apiType {
				continue
			}
			exists, err := r.Exists()
			if err != nil {
				return nil, fmt.Errorf("stack %s: %s: %w", s.Name, r, err)
			}
			if !exists {
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
	case len(names) == 0 && len(macros) > 0:
		return nil, errors.Join(macros...)
	case len(names) == 0:
		return nil, fmt.Errorf("no stack has a REST API (%s); HTTP APIs are not served: "+
			"describe the API with CDK's RestApi", apiType)
	case len(chosen) == 0:
		return nil, fmt.Errorf("no REST API is called %s: there is %s", wanted, strings.Join(names, ", "))
	default:
		return nil, fmt.Errorf("there are %d REST APIs, only one can be served: choose it with -api NAME "+
			"(in Go: Options.API), one of %s", len(chosen), strings.Join(names, ", "))
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
	var deployments []*template.Resource
	l.stage, settings, deployments = loadStage(l)
	a.stage = l.stage
	authorizers := loadAuthorizers(l)
	validators := loadValidators(l)
	a.responses = loadGatewayResponses(l)
	var resources map[string]*resource
	a.root, resources = loadResources(l)
	methods := loadMethods(l, resources, authorizers, validators, settings)
	checkDeployed(l, deployments, methods)
	loadPermissions(l)
	a.basePaths = loadBasePaths(l)
	noteOtherEndpoints(l, p)
	a.notes = l.notes
	return a
}

// checkTypes refuses the resource types of API Gateway that are not in the tables, nested
// stacks that get the API and whose template is missing, and templates that
// CloudFormation has yet to expand.
func checkTypes(l *loader) {
	for _, s := range l.assembly.Stacks {
		if !s.SharesEnvironment(l.restAPI.Stack) {
			continue
		}
		if err := s.Macros(); err != nil && s.Root() == l.restAPI.Stack.Root() {
			l.fail("%w", err)
		} else if err != nil {
			l.note("stack %s: what it adds to the API is not served here: %v", s.Name, err)
		}
		for _, r := range s.Resources {
			switch {
			case strings.HasPrefix(r.Type, "AWS::ApiGateway::") && !template.Known(r.Type):
				l.fail("%s: the local gateway does not know this resource type: take it out for local runs, "+
					"or add it to the lists in support.go", r)
			case r.Type == "AWS::CloudFormation::Stack" && r.Nested == nil && l.exists(r) && l.mayGetAPI(r):
				l.fail("%s: its Parameters lead to the API, and its template is not in the assembly: "+
					"make the nested stack with CDK's NestedStack", r)
			}
		}
	}
}

// mayGetAPI reports whether a parameter of a nested stack has the id of the API or of its
// root resource, or has no value here.
func (l *loader) mayGetAPI(r *template.Resource) bool {
	root, _ := l.restAPI.Attribute("RootResourceId")
	given := r.Properties["Parameters"]
	if given == nil {
		return false
	}
	values, _, err := r.Stack.Evaluate(map[string]any{"Fn::ToJsonString": given})
	return err != nil || strings.Contains(values, l.id) || strings.Contains(values, fmt.Sprint(root))
}

// noteOtherEndpoints adds notes about what else decides on AWS whether a request reaches
// the API.
func noteOtherEndpoints(l *loader, restAPI template.Values) {
	if restAPI.Bool("DisableExecuteApiEndpoint") {
		l.note("%s: DisableExecuteApiEndpoint: on AWS the API answers at a custom domain only; here it answers at "+
			"the path of the stage too", l.restAPI)
	}
	for _, r := range l.all("AWS::WAFv2::WebACLAssociation") {
		l.note("%s: the rules of the web ACL are not applied here", r)
	}
}
