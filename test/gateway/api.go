package gateway

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"golang.org/x/time/rate"
)

// This file builds the API from its template: the model that requests are
// served from, complete and checked before the first request.

// An api is one REST API with the one stage that is served.
type api struct {
	id          string
	region      string
	account     string
	partition   string
	stage       stage
	root        *resource
	binaryTypes []string // media types
	responses   map[responseType]*gatewayResponse
	functions   map[string]*function // by ARN
}

type stage struct {
	name         string
	variables    map[string]string
	deploymentID string
}

// A resource is one path of the API, with its methods and the paths below it.
type resource struct {
	id       string
	path     string // /users/{id}
	part     string // {id}
	literals map[string]*resource
	variable *resource // {id} or {proxy+}; there can be only one
	methods  map[string]*method
}

// A method is one verb of a resource, or ANY.
type method struct {
	verb          string
	operationName string
	authorizer    *authorizer // nil: none
	limiter       *rate.Limiter
	validator     validator
	integration   integration
}

// An integration answers requests that have passed everything before it.
type integration interface {
	respond(g *Gateway, x *exchange) (*response, *failure)
}

// A loader collects the parts of one api, and what is wrong with them.
type loader struct {
	*api
	stack       *stack
	logicalID   string // of the RestApi
	options     Options
	unpacked    string // the folder for assets that were zip files, "" until there is one
	authorizers map[string]*authorizer
	validators  map[string]properties
	models      map[string][]byte
	settings    []properties // MethodSettings of the stage
	problems    []error
}

// load reads the API that options choose from the cloud assembly in dir.
func load(dir string, options Options) (*loader, error) {
	assembly, err := readAssembly(dir, options)
	if err != nil {
		return nil, err
	}
	s, id, err := chooseAPI(assembly, options.API)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	l := &loader{
		api: &api{
			region:    s.region,
			account:   s.account,
			partition: partition(s.region),
			responses: map[responseType]*gatewayResponse{},
			functions: map[string]*function{},
		},
		stack:       s,
		logicalID:   id,
		options:     options,
		authorizers: map[string]*authorizer{},
		validators:  map[string]properties{},
		models:      map[string][]byte{},
	}
	l.loadAPI()
	if len(l.problems) > 0 {
		l.close()
		return nil, fmt.Errorf("%s: stack %s: %w", dir, s.name, errors.Join(l.problems...))
	}
	return l, nil
}

// chooseAPI finds the RestApi to serve: the only one, or the one that wanted
// names (LOGICALID or STACK/LOGICALID).
func chooseAPI(a *assembly, wanted string) (*stack, string, error) {
	type candidate struct {
		stack *stack
		id    string
	}
	var all, chosen []candidate
	for _, s := range a.stacks {
		for _, id := range slices.Sorted(maps.Keys(s.Resources)) {
			if s.Resources[id].Type == apiType {
				c := candidate{s, id}
				all = append(all, c)
				if wanted == "" || wanted == id || wanted == s.name+"/"+id {
					chosen = append(chosen, c)
				}
			}
		}
	}
	var names []string
	for _, c := range all {
		names = append(names, c.stack.name+"/"+c.id)
	}
	switch {
	case len(chosen) == 1:
		return chosen[0].stack, chosen[0].id, nil
	case len(all) == 0:
		return nil, "", errors.New("no stack has a REST API (AWS::ApiGateway::RestApi); HTTP APIs and nested stacks are not served")
	case len(chosen) == 0:
		return nil, "", fmt.Errorf("no REST API is called %s: there is %s", wanted, strings.Join(names, ", "))
	default:
		return nil, "", fmt.Errorf("there are %d REST APIs, only one can be served: set Options.API to one of %s", len(chosen), strings.Join(names, ", "))
	}
}

func (l *loader) fail(format string, args ...any) {
	l.problems = append(l.problems, fmt.Errorf(format, args...))
}

// of calls with for each resource of the type that belongs to this API, in the
// order of the logical ids.
func (l *loader) of(typ string, with func(id string, p properties)) {
	for _, id := range slices.Sorted(maps.Keys(l.stack.Resources)) {
		d := l.stack.Resources[id]
		if d.Type != typ || !l.exists(d) || !l.belongs(d) {
			continue
		}
		with(id, l.stack.read(id, d, &l.problems))
	}
}

// exists evaluates the declaration's condition.
func (l *loader) exists(d declaration) bool {
	if d.Condition == "" {
		return true
	}
	holds, err := l.stack.condition(d.Condition)
	if err != nil {
		l.fail("%v", err)
	}
	return holds
}

func (l *loader) belongs(d declaration) bool {
	if d.Type == apiType {
		return true
	}
	id, err := l.stack.text(d.Properties["RestApiId"])
	return err == nil && id == l.id
}

// idOf is the id of a resource that exists in the template.
func (l *loader) idOf(logicalID string) string {
	id, err := l.stack.physicalID(logicalID, l.stack.Resources[logicalID])
	if err != nil {
		l.fail("%s: %v", logicalID, err)
	}
	return id
}

func (l *loader) loadAPI() {
	l.id = l.idOf(l.logicalID)
	l.checkTypes()

	p := l.stack.read(l.logicalID, l.stack.Resources[l.logicalID], &l.problems)
	for _, t := range p.texts("BinaryMediaTypes") {
		// CloudFormation wants the slash escaped as in a JSON pointer, and accepts it as it is.
		l.binaryTypes = append(l.binaryTypes, strings.ReplaceAll(t, "~1", "/"))
	}
	if slices.Contains(p.object("EndpointConfiguration", endpointType).texts("Types"), "PRIVATE") {
		p.fail("EndpointConfiguration", "a PRIVATE endpoint answers inside its VPC only: use REGIONAL for local runs")
	}

	l.loadStage()
	l.of(authorizerType, l.loadAuthorizer)
	l.of(validatorType, func(id string, p properties) { l.validators[l.idOf(id)] = p })
	l.of(modelType, func(id string, p properties) { l.models[l.idOf(id)] = p.document("Schema") })
	l.of(gatewayResponseType, l.loadGatewayResponse)
	l.loadMethods(l.loadResources())
	l.loadPermissions()
}

// checkTypes refuses resource types of API Gateway that nobody thought of.
func (l *loader) checkTypes() {
	for _, id := range slices.Sorted(maps.Keys(l.stack.Resources)) {
		typ := l.stack.Resources[id].Type
		if strings.HasPrefix(typ, "AWS::ApiGateway::") && known[typ] == nil && unrelated[typ] == "" {
			l.fail("%s (%s): the local gateway does not know this resource type: take it out for local runs, or add it to the lists in support.go", id, typ)
		}
	}
}

func (l *loader) loadStage() {
	type candidate struct {
		stage
		settings []properties
	}
	var all []candidate
	l.of(stageType, func(id string, p properties) {
		if p.flag("CacheClusterEnabled") {
			p.fail("CacheClusterEnabled", "the local gateway does not cache responses: switch the cache off for local runs")
		}
		s := stage{name: l.idOf(id), variables: p.textMap("Variables"), deploymentID: p.text("DeploymentId")}
		settings := p.objects("MethodSettings", settingsType)
		for _, s := range settings {
			if s.flag("CachingEnabled") {
				s.fail("CachingEnabled", "the local gateway does not cache responses: switch the cache off for local runs")
			}
		}
		all = append(all, candidate{s, settings})
	})
	l.of(deploymentType, func(id string, p properties) {
		if name := p.text("StageName"); name != "" {
			all = append(all, candidate{stage: stage{name: name, deploymentID: l.idOf(id)}})
		}
	})
	var names []string
	for _, c := range all {
		names = append(names, c.name)
	}
	all = slices.DeleteFunc(all, func(c candidate) bool { return l.options.Stage != "" && c.name != l.options.Stage })
	switch {
	case len(all) == 1:
		l.stage, l.settings = all[0].stage, all[0].settings
	case len(names) == 0:
		l.fail("%s (%s): the API is not deployed: it has no AWS::ApiGateway::Stage", l.logicalID, apiType)
	case len(all) == 0:
		l.fail("%s (%s): it has no stage %s, only %s", l.logicalID, apiType, l.options.Stage, strings.Join(names, ", "))
	default:
		l.fail("%s (%s): it has %d stages, only one can be served: set Options.Stage to one of %s",
			l.logicalID, apiType, len(all), strings.Join(names, ", "))
	}
}

func (l *loader) loadResources() map[string]*resource {
	rootID, err := l.stack.attribute(l.logicalID, "RootResourceId")
	if err != nil {
		l.fail("%v", err)
	}
	root := &resource{id: fmt.Sprint(rootID), path: "/"}
	l.root = root
	all := map[string]*resource{root.id: root}
	parents := map[*resource]properties{}
	l.of(resourceType, func(id string, p properties) {
		r := &resource{id: l.idOf(id), part: p.text("PathPart")}
		all[r.id] = r
		parents[r] = p
	})
	for _, id := range slices.Sorted(maps.Keys(all)) {
		r := all[id]
		if r == root {
			continue
		}
		p := parents[r]
		parent := all[p.text("ParentId")]
		switch {
		case parent == nil:
			p.fail("ParentId", "the API has no such resource")
		case !strings.HasPrefix(r.part, "{"):
			if parent.literals == nil {
				parent.literals = map[string]*resource{}
			}
			parent.literals[r.part] = r
		case parent.variable != nil:
			p.fail("PathPart", "%s and %s are siblings: API Gateway allows one variable path below a resource", parent.variable.part, r.part)
		case isGreedy(parent.part):
			p.fail("PathPart", "%s is below %s, which takes the rest of the path", r.part, parent.part)
		default:
			parent.variable = r
		}
	}
	setPaths(root, "")
	return all
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

func (l *loader) loadMethods(resources map[string]*resource) {
	l.of(methodType, func(_ string, p properties) {
		r := resources[p.text("ResourceId")]
		if r == nil {
			p.fail("ResourceId", "the API has no such resource")
			return
		}
		m := &method{verb: p.text("HttpMethod"), operationName: p.text("OperationName")}
		if p.flag("ApiKeyRequired") {
			p.fail("ApiKeyRequired", "the local gateway has no API keys: set it to false for local runs")
		}
		switch typ := p.text("AuthorizationType"); typ {
		case "NONE", "":
		case "CUSTOM":
			m.authorizer = l.authorizers[p.text("AuthorizerId")]
			if m.authorizer == nil {
				p.fail("AuthorizerId", "the API has no such authorizer")
			}
		default:
			p.fail("AuthorizationType", "%s is not supported by the local gateway: use NONE, or CUSTOM with a TOKEN authorizer", typ)
		}
		m.limiter = l.limiter(r.path, m.verb)
		m.validator = l.validator(p)
		if p.has("Integration") {
			m.integration = l.integration(p, p.object("Integration", integrationType))
		} else {
			p.fail("Integration", "the method has none")
		}
		if r.methods == nil {
			r.methods = map[string]*method{}
		}
		r.methods[m.verb] = m
	})
}

func (l *loader) integration(m, p properties) integration {
	switch mode := p.text("ResponseTransferMode"); mode {
	case "", "BUFFERED":
	default:
		p.fail("ResponseTransferMode", "%s is not supported by the local gateway: use BUFFERED", mode)
	}
	if c := p.text("ConnectionType"); c != "" && c != "INTERNET" {
		p.fail("ConnectionType", "VPC links cannot be reached from here: use a Lambda proxy integration")
	}
	switch typ := p.text("Type"); typ {
	case "AWS_PROXY":
		return l.loadProxy(p)
	case "MOCK":
		return l.loadMock(m, p)
	default:
		p.fail("Type", "%s is not supported by the local gateway: use AWS_PROXY with a Lambda function, or MOCK", typ)
		return nil
	}
}

// limiter returns the token bucket of one method, nil if the stage sets none.
// A setting for the method itself wins over the one for all methods.
func (l *loader) limiter(path, verb string) *rate.Limiter {
	specific := -1
	var chosen properties
	for _, p := range l.settings {
		// /~1users~1{id} is /users/{id}; /* is every resource.
		at := "/" + strings.TrimLeft(strings.ReplaceAll(strings.TrimPrefix(p.text("ResourcePath"), "/"), "~1", "/"), "/")
		anyPath, anyVerb := at == "/*", p.text("HttpMethod") == "*"
		if !(anyPath || at == path) || !(anyVerb || p.text("HttpMethod") == verb) {
			continue
		}
		rank := 0
		if !anyPath {
			rank += 2
		}
		if !anyVerb {
			rank++
		}
		if rank > specific && (p.has("ThrottlingRateLimit") || p.has("ThrottlingBurstLimit")) {
			specific, chosen = rank, p
		}
	}
	if specific < 0 {
		return nil
	}
	return newLimiter(chosen.number("ThrottlingRateLimit", accountRate), int(chosen.number("ThrottlingBurstLimit", accountBurst)))
}

// close ends the functions and removes what was unpacked.
func (l *loader) close() error {
	var problems []error
	for _, f := range l.functions {
		if f.Function != nil {
			problems = append(problems, f.Close())
		}
	}
	if l.unpacked != "" {
		problems = append(problems, os.RemoveAll(l.unpacked))
	}
	return errors.Join(problems...)
}

const (
	defaultRegion    = "us-east-1"
	defaultAccountID = "123456789012"
)

// arn is the method ARN of a request: what policies and permissions name.
func (a *api) arn(verb, path string) string {
	return a.executeAPI(a.stage.name + "/" + verb + path)
}

func (a *api) executeAPI(rest string) string {
	return fmt.Sprintf("arn:%s:execute-api:%s:%s:%s/%s", a.partition, a.region, a.account, a.id, rest)
}

func isGreedy(part string) bool { return strings.HasSuffix(part, "+}") }

// variableName is the id of {id} and of {id+}.
func variableName(part string) string {
	return strings.TrimSuffix(strings.Trim(part, "{}"), "+")
}

// verbs are what ANY stands for.
var verbs = []string{"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"}
