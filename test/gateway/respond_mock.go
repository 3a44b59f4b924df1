package gateway

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strconv"
)

// respondMock answers without a backend.
func respondMock(x *exchange, m *mock) (*response, *failure) {
	request, failed := requestOf(x, m)
	if failed != nil {
		return nil, failed
	}
	if request.err != nil {
		return nil, &failure{kind: mockFailure,
			reason: "the request template gives no status: " + request.err.Error()}
	}
	chosen := m.answer(strconv.Itoa(request.status))
	if chosen == nil {
		return nil, &failure{kind: mockFailure,
			reason: fmt.Sprintf("no integration response is for status %d", request.status)}
	}
	answer := &response{
		status: chosen.status,
		header: http.Header{"Content-Type": {"application/json"}},
		body:   []byte(chosen.body),
	}
	for _, h := range chosen.headers {
		if value, ok := x.mapped(h, nil); ok {
			answer.header[h.name] = []string{value}
		}
	}
	if origin := x.header("Origin"); slices.Contains(chosen.origins, origin) {
		answer.header["Access-Control-Allow-Origin"] = []string{origin}
	}
	return answer, nil
}

// requestOf chooses the request template by the media type of the request, or parses the
// body that takes its place
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/integration-passthrough-behaviors.html).
func requestOf(x *exchange, m *mock) (mockRequest, *failure) {
	mediaType := x.mediaType()
	body := string(x.body)
	if x.api.isBinary(mediaType) {
		// A body of a binary media type, even an empty one, is no text that a template
		// could transform
		// (https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-payload-encodings-workflow.html).
		if !m.convertsToText {
			return mockRequest{}, &failure{kind: apiConfigurationError,
				reason: "unable to transform the request: BinaryMediaTypes make its body binary; " +
					"the ContentHandling CONVERT_TO_TEXT of the integration makes it text"}
		}
		body = base64.StdEncoding.EncodeToString(x.body)
	}
	if t, ok := m.templates[mediaType]; ok {
		return t, nil
	}
	if m.passthrough == "NEVER" || m.passthrough == "WHEN_NO_TEMPLATES" && len(m.templates) > 0 {
		return mockRequest{}, &failure{kind: unsupportedMediaType, reason: "no request template is for " + mediaType}
	}
	return parseMockRequest(body), nil
}
