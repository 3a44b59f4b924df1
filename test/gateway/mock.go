package gateway

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// This file implements MOCK integrations as far as CORS preflights and fixed
// answers need them
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-mock-integration.html).
// There is no VTL interpreter: a template is plain text or exactly the one
// that CDK writes for several origins.

// A mock answers without a backend.
type mock struct {
	templates   map[string]mockRequest // by media type
	passthrough string                 // PassthroughBehavior
	answers     []mockAnswer
}

// A mockRequest is a request template, parsed once: the status it chooses or
// what is wrong with it.
type mockRequest struct {
	status int
	err    error
}

type mockAnswer struct {
	selection *regexp.Regexp // nil: the default
	status    int
	headers   []headerMapping
	body      string
	origins   []string // those that CDK's template answers with themselves
}

func (m *mock) respond(_ *Gateway, x *exchange) (*response, *failure) {
	request, failed := m.request(x)
	if failed != nil {
		return nil, failed
	}
	if request.err != nil {
		return nil, &failure{kind: mockFailure, reason: "the request template gives no status: " + request.err.Error()}
	}
	chosen := m.answer(strconv.Itoa(request.status))
	if chosen == nil {
		return nil, &failure{kind: mockFailure, reason: fmt.Sprintf("no integration response is for status %d", request.status)}
	}
	answer := &response{status: chosen.status, header: http.Header{"Content-Type": {"application/json"}}, body: []byte(chosen.body)}
	for _, h := range chosen.headers {
		if value, ok := h.value(x, nil); ok {
			answer.header[h.name] = []string{value}
		}
	}
	if origin := x.header("Origin"); slices.Contains(chosen.origins, origin) {
		answer.header["Access-Control-Allow-Origin"] = []string{origin}
	}
	return answer, nil
}

// request chooses the template by the request's media type, or parses the body
// that takes its place
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/integration-passthrough-behaviors.html).
func (m *mock) request(x *exchange) (mockRequest, *failure) {
	mediaType := mediaTypeOf(x)
	if t, ok := m.templates[mediaType]; ok {
		return t, nil
	}
	if m.passthrough == "NEVER" || m.passthrough == "WHEN_NO_TEMPLATES" && len(m.templates) > 0 {
		return mockRequest{}, &failure{kind: unsupportedMediaType, reason: "no request template is for " + mediaType}
	}
	return parseMockRequest(string(x.body)), nil
}

// answer is the first whose pattern matches, else the one without a pattern.
func (m *mock) answer(status string) *mockAnswer {
	var fallback *mockAnswer
	for i := range m.answers {
		a := &m.answers[i]
		if a.selection == nil {
			fallback = a
		} else if a.selection.MatchString(status) {
			return a
		}
	}
	return fallback
}

// lenient finds what AWS's parser of request templates accepts and strict JSON
// does not: keys that are bare or in single quotes, and superfluous commas.
// Whole texts are matched first, so that nothing inside them is touched.
var lenient = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|([{,]\s*)'?([A-Za-z_][A-Za-z0-9_]*)'?(\s*:)|,(\s*[,}])`)

// strict rewrites a lenient template as JSON.
func strict(template string) string {
	for {
		rewritten := lenient.ReplaceAllStringFunc(template, func(match string) string {
			parts := lenient.FindStringSubmatch(match)
			switch {
			case match[0] == '"':
				return match
			case parts[2] != "":
				return parts[1] + `"` + parts[2] + `"` + parts[3]
			}
			return parts[4]
		})
		if rewritten == template {
			return template
		}
		template = rewritten
	}
}

// parseMockRequest reads the statusCode of a request template, as leniently as
// AWS reads CDK's { statusCode: 200 }, which is no JSON.
func parseMockRequest(template string) mockRequest {
	var request struct {
		StatusCode *json.RawMessage `json:"statusCode"`
	}
	if err := json.Unmarshal([]byte(strict(template)), &request); err != nil {
		return mockRequest{err: fmt.Errorf("%q: %w", template, err)}
	}
	if request.StatusCode == nil {
		return mockRequest{err: fmt.Errorf("%q has no statusCode", template)}
	}
	status, err := strconv.Atoi(string(*request.StatusCode))
	if err != nil {
		return mockRequest{err: fmt.Errorf("%q: statusCode is not a whole number", template)}
	}
	return mockRequest{status: status}
}

func (l *loader) loadMock(method, p properties) *mock {
	m := &mock{templates: map[string]mockRequest{}, passthrough: p.text("PassthroughBehavior")}
	for mediaType, template := range p.textMap("RequestTemplates") {
		if isVTL(template) {
			p.fail("RequestTemplates."+mediaType, "%s", noVTL)
		}
		m.templates[mediaType] = parseMockRequest(template)
	}
	declared := map[string]map[string]any{} // header parameters by status
	for _, d := range method.objects("MethodResponses", declaredType) {
		declared[d.text("StatusCode")], _ = d.values["ResponseParameters"].(map[string]any)
		if declared[d.text("StatusCode")] == nil {
			declared[d.text("StatusCode")] = map[string]any{}
		}
	}
	for _, a := range p.objects("IntegrationResponses", answerType) {
		m.answers = append(m.answers, loadMockAnswer(a, declared))
	}
	return m
}

func loadMockAnswer(p properties, declared map[string]map[string]any) mockAnswer {
	a := mockAnswer{status: int(p.number("StatusCode", 0))}
	if a.status < 200 || a.status > 599 {
		p.fail("StatusCode", "%q is no status of a response", p.text("StatusCode"))
	}
	parameters, isDeclared := declared[p.text("StatusCode")]
	if !isDeclared {
		p.fail("StatusCode", "the method's MethodResponses do not declare %s: AWS would refuse the deployment", p.text("StatusCode"))
	}
	if pattern := p.text("SelectionPattern"); pattern != "" {
		selection, err := wholeMatch(pattern)
		if err != nil {
			p.fail("SelectionPattern", "%v", err)
		}
		a.selection = selection
	}
	mappings := p.textMap("ResponseParameters")
	for _, key := range slices.Sorted(maps.Keys(mappings)) {
		name, isHeader := strings.CutPrefix(key, "method.response.header.")
		if !isHeader {
			p.fail("ResponseParameters", "%s does not start with method.response.header.", key)
			continue
		}
		if _, ok := parameters[key]; isDeclared && !ok {
			p.fail("ResponseParameters", "%s is not declared in the method's MethodResponses: AWS would refuse the deployment", key)
		}
		h, problem := parseMapping(name, mappings[key], "context.", "stageVariables.")
		if problem != "" {
			p.fail("ResponseParameters."+key, "%s", problem)
		}
		a.headers = append(a.headers, h)
	}
	// A mock has no backend whose media type could choose: JSON it is.
	template, isJSON := p.textMap("ResponseTemplates")["application/json"]
	if len(p.textMap("ResponseTemplates")) > 1 || !isJSON && len(p.textMap("ResponseTemplates")) > 0 {
		p.fail("ResponseTemplates", "the local gateway knows templates for application/json only")
	}
	var err error
	if a.origins, err = parseCORSTemplate(template); err == nil {
		return a // this template writes a header, and no body
	}
	if isVTL(template) {
		p.fail("ResponseTemplates.application/json", "%s", noVTL)
	}
	a.body = template
	return a
}

const noVTL = "the local gateway has no VTL interpreter: it knows plain text, and the template that CDK writes for CORS with several origins"

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
