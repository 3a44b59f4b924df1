package gateway

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
)

// A mock is a MOCK integration, as far as CORS preflights and fixed answers need it
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-mock-integration.html).
// There is no VTL interpreter: a template is plain text, or exactly the one that CDK
// writes for several origins.
type mock struct {
	templates   map[string]mockRequest // by media type
	passthrough string                 // PassthroughBehavior
	answers     []mockAnswer

	convertsToText bool // ContentHandling: a binary body becomes base64
}

// A mockRequest is a request template, parsed: the status it chooses, or what is wrong
// with it.
type mockRequest struct {
	status int
	err    error
}

// A mockAnswer is an integration response.
type mockAnswer struct {
	selection *regexp.Regexp // of the request's status; nil: the default
	status    int
	headers   []headerMapping
	body      string
	origins   []string // that CDK's template compares the request's Origin with
}

// answer returns the first answer whose pattern matches the status, else the one without
// a pattern, else nil.
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

// lenient finds what AWS's parser of request templates accepts and strict JSON does not:
// keys without quotes or in single quotes, and superfluous commas. Strings are matched
// first, so that nothing in them is changed.
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

// parseMockRequest reads the statusCode of a request template, as leniently as AWS reads
// CDK's { statusCode: 200 }, which is not JSON.
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
		return mockRequest{err: fmt.Errorf("%q: statusCode is not an integer", template)}
	}
	return mockRequest{status: status}
}
