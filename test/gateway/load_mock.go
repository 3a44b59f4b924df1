package gateway

import (
	"errors"
	"maps"
	"regexp"
	"slices"
	"strings"

	"accountapi/test/gateway/template"
)

// loadMock reads a MOCK integration; method has the responses that it may give.
func loadMock(method, p template.Values) *mock {
	m := &mock{templates: map[string]mockRequest{}, passthrough: p.String("PassthroughBehavior")}
	switch handling := p.String("ContentHandling"); handling {
	case "":
	case "CONVERT_TO_TEXT":
		m.convertsToText = true
	default:
		p.Fail("ContentHandling", "%s is not supported by the local gateway: use CONVERT_TO_TEXT, or none", handling)
	}
	for mediaType, template := range p.StringMap("RequestTemplates") {
		if isVTL(template) {
			p.Fail("RequestTemplates."+mediaType, "%s", noVTL)
		}
		m.templates[mediaType] = parseMockRequest(template)
	}
	declared := map[string]map[string]string{} // header parameters by status
	for _, d := range method.Objects("MethodResponses") {
		declared[d.String("StatusCode")] = d.StringMap("ResponseParameters")
	}
	for _, a := range p.Objects("IntegrationResponses") {
		m.answers = append(m.answers, loadMockAnswer(a, declared))
	}
	return m
}

func loadMockAnswer(p template.Values, declared map[string]map[string]string) mockAnswer {
	a := mockAnswer{status: int(p.Number("StatusCode", 0))}
	if a.status < 200 || a.status > 599 {
		p.Fail("StatusCode", "%q is no status of a response", p.String("StatusCode"))
	}
	parameters, isDeclared := declared[p.String("StatusCode")]
	if !isDeclared {
		p.Fail("StatusCode", "the method's MethodResponses do not declare %s: "+
			"AWS would refuse the deployment", p.String("StatusCode"))
	}
	if pattern := p.String("SelectionPattern"); pattern != "" {
		selection, err := wholeMatch(pattern)
		if err != nil {
			p.Fail("SelectionPattern", "%v", err)
		}
		a.selection = selection
	}
	mappings := p.StringMap("ResponseParameters")
	for _, key := range slices.Sorted(maps.Keys(mappings)) {
		name, isHeader := strings.CutPrefix(key, "method.response.header.")
		if !isHeader {
			p.Fail("ResponseParameters", "%s does not start with method.response.header.", key)
			continue
		}
		if _, ok := parameters[key]; isDeclared && !ok {
			p.Fail("ResponseParameters", "%s is not declared in the method's MethodResponses: "+
				"AWS would refuse the deployment", key)
		}
		h, problem := parseMapping(name, mappings[key], "context.", "stageVariables.")
		if problem != "" {
			p.Fail("ResponseParameters."+key, "%s", problem)
		}
		a.headers = append(a.headers, h)
	}
	// A mock has no backend whose media type could choose the template: it is always
	// JSON.
	templates := p.StringMap("ResponseTemplates")
	template, isJSON := templates["application/json"]
	if len(templates) > 1 || !isJSON && len(templates) > 0 {
		p.Fail("ResponseTemplates", "the local gateway knows templates for application/json only")
	}
	var err error
	if a.origins, err = parseCORSTemplate(template); err == nil {
		return a // this template writes a header, and no body
	}
	if isVTL(template) {
		p.Fail("ResponseTemplates.application/json", "%s", noVTL)
	}
	a.body = template
	return a
}

const noVTL = "the local gateway has no VTL interpreter: it knows plain text, " +
	"and the template that CDK writes for CORS with several origins"

func isVTL(template string) bool { return strings.ContainsAny(template, "#$") }

// corsTemplate is what CDK writes for several origins, as one expression.
var corsTemplate = regexp.MustCompile(`^` + strings.Join([]string{
	regexp.QuoteMeta(`#set($origin = $input.params().header.get("Origin"))`),
	regexp.QuoteMeta(`#if($origin == "")`),
	regexp.QuoteMeta(`  #set($origin = $input.params().header.get("origin"))`),
	regexp.QuoteMeta(`#end`),
	`#if\((\$origin == "[^"]*"(?: \|\| \$origin == "[^"]*")*)\)`,
	regexp.QuoteMeta(`  #set($context.responseOverride.header.Access-Control-Allow-Origin = $origin)`),
	regexp.QuoteMeta(`#end`),
}, `\n`) + `$`)

var comparedOrigin = regexp.MustCompile(`"([^"]*)"`)

// parseCORSTemplate returns the origins that the template compares with.
func parseCORSTemplate(template string) ([]string, error) {
	match := corsTemplate.FindStringSubmatch(template)
	if match == nil {
		return nil, errors.New("not CDK's template for several origins")
	}
	var origins []string
	for _, m := range comparedOrigin.FindAllStringSubmatch(match[1], -1) {
		origins = append(origins, m[1])
	}
	return origins, nil
}
