package gateway

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"accountapi/test/gateway/template"
)

// The time limit of an integration
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html).
const (
	maxIntegrationTime = 29 * time.Second // also the default
	minIntegrationTime = 50 * time.Millisecond
)

// A declaredMethod is a method and where the template declares it.
type declaredMethod struct {
	name string // GET /users/{id}
	from *template.Resource
}

// loadMethods adds the methods to the resources, which it gets by id.
func loadMethods(l *loader, resources map[string]*resource, authorizers map[string]*authorizer,
	validators validators, settings []template.Values) (all []declaredMethod) {
	for _, declared := range l.of("AWS::ApiGateway::Method") {
		p := declared.Values(&l.problems)
		r := resources[p.String("ResourceId")]
		if r == nil {
			p.Fail("ResourceId", "the API has no such resource")
			continue
		}
		m := &method{verb: p.String("HttpMethod"), operationName: p.String("OperationName")}
		switch {
		case p.Has("HttpMethod") && m.verb != "ANY" && !slices.Contains(verbs, m.verb):
			p.Fail("HttpMethod", "AWS refuses %q: Invalid HTTP method specified; it is ANY or one of %s",
				m.verb, strings.Join(verbs, ", "))
		case r.methods[m.verb] != nil:
			p.Fail("HttpMethod", "AWS refuses a second %s for %s: Method already exists for this resource",
				m.verb, r.path)
			continue
		}
		m.authorizer = authorizerOf(p, authorizers)
		m.limiter = limiterFor(settings, r.path, m.verb)
		m.validator = validators.of(p)
		if _, ok := declared.Properties["Integration"]; !ok {
			p.Fail("Integration", "AWS refuses to deploy it: No integration defined for method")
		} else if p.Has("Integration") {
			m.proxy, m.mock = loadIntegration(l, p)
		}
		if r.methods == nil {
			r.methods = map[string]*method{}
		}
		r.methods[m.verb] = m
		all = append(all, declaredMethod{m.verb + " " + r.path, declared})
	}
	if len(all) == 0 && len(l.problems) == 0 {
		l.fail("%s: AWS refuses to deploy it: The REST API doesn't contain any methods", l.restAPI)
	}
	return all
}

// authorizerOf returns the authorizer of a method, nil if it has none.
func authorizerOf(p template.Values, authorizers map[string]*authorizer) *authorizer {
	if p.Bool("ApiKeyRequired") {
		p.Fail("ApiKeyRequired", "the local gateway has no API keys: set it to false for local runs")
	}
	switch typ := p.String("AuthorizationType"); typ {
	case "NONE", "":
		if p.Has("AuthorizerId") {
			p.Fail("AuthorizerId", "it has no effect with AuthorizationType NONE, the method is public: "+
				"use CUSTOM, or leave the authorizer out")
		}
		return nil
	case "CUSTOM":
		a := authorizers[p.String("AuthorizerId")]
		if a == nil {
			p.Fail("AuthorizerId", "the API has no such authorizer")
		}
		return a
	default:
		p.Fail("AuthorizationType", "%s is not supported by the local gateway: "+
			"use NONE, or CUSTOM with a TOKEN authorizer", typ)
		return nil
	}
}

// loadIntegration reads the integration of a method: a proxy or a mock.
func loadIntegration(l *loader, method template.Values) (*proxy, *mock) {
	p := method.Object("Integration")
	switch mode := p.String("ResponseTransferMode"); mode {
	case "", "BUFFERED":
	default:
		p.Fail("ResponseTransferMode", "%s is not supported by the local gateway: use BUFFERED", mode)
	}
	if c := p.String("ConnectionType"); c != "" && c != "INTERNET" {
		p.Fail("ConnectionType", "VPC links cannot be reached from here: use a Lambda proxy integration")
	}
	switch typ := p.String("Type"); typ {
	case "AWS_PROXY":
		return loadProxy(l, p), nil
	case "MOCK":
		return nil, loadMock(method, p)
	default:
		p.Fail("Type", "%s is not supported by the local gateway: use AWS_PROXY with a Lambda function, or MOCK", typ)
		return nil, nil
	}
}

func loadProxy(l *loader, p template.Values) *proxy {
	milliseconds := p.Number("TimeoutInMillis", float64(maxIntegrationTime.Milliseconds()))
	i := &proxy{
		verb:    p.String("IntegrationHttpMethod"),
		timeout: time.Duration(milliseconds) * time.Millisecond,
		role:    p.String("Credentials") != "",
	}
	if i.verb == "" {
		p.Fail("IntegrationHttpMethod", "AWS refuses an integration without one: "+
			"Enumeration value for HttpMethod must be non-empty; for a Lambda function it is POST")
	}
	if p.Has("ContentHandling") {
		p.Fail("ContentHandling", "it is for MOCK integrations here: leave the payload's encoding to BinaryMediaTypes")
	}
	if strings.HasSuffix(p.String("Credentials"), ":user/*") {
		p.Fail("Credentials", "the caller's own credentials need AuthorizationType AWS_IAM, "+
			"which is not supported here")
	}
	if i.timeout < minIntegrationTime {
		p.Fail("TimeoutInMillis", "%v is out of range: AWS allows %v or more", i.timeout, minIntegrationTime)
	}
	if i.timeout > maxIntegrationTime {
		l.note("%s: a TimeoutInMillis of more than %v needs a REGIONAL endpoint and a raised quota of the account",
			p.Where(), maxIntegrationTime)
	}
	for key := range p.StringMap("RequestParameters") {
		header, ok := strings.CutPrefix(key, "integration.request.header.")
		if ok && illegalMappings[http.CanonicalHeaderKey(header)] {
			i.mapsIllegal = header
		}
	}
	i.function = loadFunction(l, p, "Uri")
	return i
}

// illegalMappings are the headers that RequestParameters of a Lambda proxy must not set,
// in the canonical form of net/http
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html).
var illegalMappings = map[string]bool{
	"Authorization":      true,
	"Connection":         true,
	"Content-Length":     true,
	"Expect":             true,
	"Proxy-Authenticate": true,
	"Te":                 true,
	"Transfer-Encoding":  true,
}
